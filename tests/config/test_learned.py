"""What deep tests found, as quirks: between the preset's and those of config.toml."""

from typing import Any

import pytest

from axonhub_cli.config import capabilities, learned
from axonhub_cli.config.capabilities import Capabilities, Fact
from axonhub_cli.config.learned import Learned, Watch
from axonhub_cli.config.presets import endpoints
from axonhub_cli.config.schema import Channel
from axonhub_cli.types.messages import Protocol

CHANNEL = Channel(name="c", type="moonshot")
ADDRESS = {protocol: endpoint.base_url for protocol, endpoint in endpoints(CHANNEL).items()}


def found(protocol: Protocol = "openai-chat", **facts: Fact) -> Capabilities:
    return Capabilities(channel="c", model="m", protocol=protocol, address=ADDRESS[protocol], facts=facts)


NO = Fact("no", "400: not here")
MEANINGS: list[tuple[Protocol, dict[str, Fact], dict[str, Any]]] = [
    ("openai-chat", {"image": NO}, {"images": False}),
    ("openai-chat", {"image": Fact("yes"), "image_result": NO}, {"images": True, "image_results": False}),
    ("openai-chat", {"parallel_tools": NO}, {"parallel_flag": False}),
    ("openai-chat", {"parallel_tools": Fact("no", "one call at a time")}, {}),
    ("openai-chat", {"forced_tool": NO}, {"forced_tool_choice": False}),
    ("openai-chat", {"forced_tool": Fact("no", "it answered in words")}, {}),
    ("openai-chat", {"image": Fact("no", "429: slow down")}, {}),
    ("openai-chat", {"image": Fact("partly", "taken, but it does not say what is on it")}, {}),
    ("openai-chat", {"reasoning": NO}, {"reasoning_effort": False}),
    ("anthropic", {"reasoning": NO}, {"thinking": False}),
    ("openai-chat", {"reasoning_replay": Fact("yes", "and refuses the history without it")}, {"replay_reasoning": True}),
    ("openai-chat", {"reasoning_replay": NO}, {"replay_reasoning": False}),
    ("anthropic", {"count_tokens": Fact("no", "it has no counter; 5 used")}, {"count_tokens": False}),
    ("openai-chat", {"count_tokens": Fact("no", "it has no counter; 5 used")}, {}),
]


@pytest.mark.parametrize(
    ("protocol", "facts", "meant"), MEANINGS, ids=[f"{p}-{'-'.join(f)}-{n}" for n, (p, f, _) in enumerate(MEANINGS)]
)
def test_what_a_fact_means(protocol: Protocol, facts: dict[str, Fact], meant: dict[str, Any]) -> None:
    """What was refused, or taken; what a model merely did not do says nothing."""
    assert {name: value for name, (value, _) in learned.quirks(found(protocol, **facts)).items()} == meant


def test_it_corrects_the_preset_and_config_corrects_it() -> None:
    """Moonshot's preset says: no tool can be forced. A test that did it says otherwise; the file has the last word."""
    items = [found(forced_tool=Fact("yes"), image=NO)]
    endpoint = endpoints(CHANNEL)["openai-chat"]
    corrected = Learned(items).endpoint(CHANNEL, "m", endpoint)
    assert (endpoint.quirks.forced_tool_choice, corrected.quirks.forced_tool_choice, corrected.quirks.images) == (
        False,
        True,
        False,
    )
    assert corrected.quirks.replay_reasoning is True
    told = Channel(name="c", type="moonshot", quirks={"forced_tool_choice": False})
    assert Learned(items).endpoint(told, "m", endpoints(told)["openai-chat"]).quirks.forced_tool_choice is False


def test_it_is_about_one_model_at_one_address() -> None:
    """For every other one the endpoint is the very same object."""
    known = Learned([found(forced_tool=Fact("yes"))])
    endpoint = endpoints(CHANNEL)["openai-chat"]
    assert known.endpoint(CHANNEL, "other", endpoint) is endpoint
    assert known.endpoint(CHANNEL, "m", endpoints(CHANNEL)["anthropic"]) is endpoints(CHANNEL)["anthropic"]
    moved = Channel(name="c", type="moonshot", base_url="https://elsewhere.example")
    assert known.endpoint(moved, "m", endpoints(moved)["openai-chat"]).quirks.forced_tool_choice is False
    assert Learned().endpoint(CHANNEL, "m", endpoint) is endpoint


def test_a_running_server_sees_a_new_test(home: object) -> None:
    """The next look has it."""
    watch = Watch()
    assert not watch.poll()
    capabilities.write(found(forced_tool=Fact("yes")))
    assert watch.poll()
    assert watch.learned.endpoint(CHANNEL, "m", endpoints(CHANNEL)["openai-chat"]).quirks.forced_tool_choice


def test_where_each_quirk_comes_from() -> None:
    """The preset, the deep test of a model, or the user's file."""
    capabilities.write(found(forced_tool=Fact("yes")))
    channel = Channel(name="c", type="moonshot", quirks={"seed": True})
    rows = [row for row in learned.origins(channel, learned.read()) if row["protocol"] == "openai-chat"]
    by = {(row["quirk"], row["by"]): (row["value"], row["about"]) for row in rows}
    assert by["seed", "your config"] == (True, None)
    assert by["forced_tool_choice", "preset"] == (False, None)
    assert by["forced_tool_choice", "deep test (forced_tool)"] == (True, "m")
    assert ("seed", "preset") not in by

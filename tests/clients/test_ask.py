"""What is behind the names that a client asks for."""

from pathlib import Path

import pytest

from axonhub_cli.clients.ask import Ask, Behind, look, models, unserved, windows
from axonhub_cli.config import capabilities
from axonhub_cli.config.capabilities import Capabilities, Fact, State
from axonhub_cli.config.schema import Channel, Config
from axonhub_cli.config.store import parse

CONFIG = parse(
    """
profile = "cheap"
[[channels]]
name = "deepseek"
type = "deepseek"
models = ["deepseek-chat"]
[[channels]]
name = "anthropic"
type = "anthropic"
base_url = "https://api.anthropic.com"
models = ["claude-sonnet-4-5"]
[[channels]]
name = "here"
type = "openai-chat"
base_url = "http://127.0.0.1:11434/v1"
models = ["nobody-knows-this"]
[profiles.cheap]
[[profiles.cheap.mappings]]
exact = "claude-opus-5-5"
to = "deepseek-chat"
[profiles.plain]
""",
    "config.toml",
)


@pytest.mark.parametrize(
    ("profile", "names", "own", "anthropic", "known"),
    [
        (None, ["claude-opus-5-5"], False, False, True),
        (None, ["deepseek-chat"], True, False, True),
        ("plain", ["claude-sonnet-4-5"], True, True, False),  # the client knows its vendor's models
        (None, ["claude-sonnet-4-5", "claude-opus-5-5"], False, False, True),
        (None, ["nobody-knows-this"], True, False, False),
        (None, ["served-by-nobody"], True, False, False),
        (None, [], True, False, False),
    ],
)
def test_look(profile: str | None, names: list[str], own: bool, anthropic: bool, known: bool) -> None:
    """Whether the names are the models' own, whether all of it is Anthropic's, and whether the smallest size is known."""
    found = look(CONFIG, profile, "anthropic", names)
    assert (found.own, found.anthropic, found.window is not None) == (own, anthropic, known)


def test_a_model_here_is_not_taken_for_a_vendors() -> None:
    """No channel: nothing is behind, and the demo's model is what there is to name."""
    empty = parse("", "config.toml")
    assert look(empty, None, "anthropic", ["claude-opus-5-5"]) == Behind()
    assert models(empty, None) == ("axonhub-demo",)
    assert "deepseek-chat" in models(CONFIG, "plain")


def test_names_that_nobody_serves_are_said() -> None:
    """With what could be asked for instead; where nothing is configured, the demo serves all."""
    config = Config(channels=(Channel(name="c", type="ollama", models=("tiny",)),))
    behind = look(config, None, "anthropic", ["tiny", "claude-opus-5-5"])
    ask = Ask(port=1, token="t", environ={}, models=models(config, None), behind=behind)
    (said,) = unserved(ask, "Claude Code")
    assert said.startswith(
        "No channel serves claude-opus-5-5, and Claude Code asks for it. Choose one that is served, as in --model tiny"
    )
    assert look(Config(), None, "anthropic", ["claude-opus-5-5"]).missing == ()
    assert unserved(Ask(port=1, token="t", environ={}), "Codex") == []
    assert unserved(Ask(port=1, token="t", environ={}), "Zed", lists=True)[0].endswith("Name one: --model NAME")


def test_the_wanted_model_is_listed_first() -> None:
    """Once, whether or not it is among those that are offered."""
    ask = Ask(port=1, token="t", environ={}, models=("a", "b"), model="b")
    assert (ask.listed, ask.first) == (["b", "a"], "b")
    assert Ask(port=1, token="t", environ={}).first == "MODEL"


def test_what_a_deep_test_found_counts_for_set_up(home: Path) -> None:
    """The window that the endpoint itself told, and the models that take no tools; not for another model."""
    facts = {"context": Fact("yes", "", 8192.0), "tools": Fact("no", "400: tools are not supported")}
    address = "http://127.0.0.1:9/v1"
    capabilities.write(Capabilities(channel="c", model="tiny", protocol="openai-chat", address=address, facts=facts))
    config = Config(channels=(Channel(name="c", type="openai-chat", base_url=address),))
    behind = look(config, None, "anthropic", ["tiny"])
    assert (behind.window, behind.unable) == (8192, ("tiny",))
    assert look(config, None, "anthropic", ["other"]).unable == ()
    assert windows(config, None, "openai-chat", ["tiny", "other"]) == {"tiny": 8192}


@pytest.mark.parametrize(("asked", "told", "unable"), [("no", "no", True), ("no", "yes", False), ("yes", "no", False)])
def test_words_instead_of_calls_count_when_they_came_twice(home: Path, asked: State, told: State, unable: bool) -> None:
    """Once is chance; also when it was told to call a tool, it is not."""
    facts = {"tools": Fact(asked, "it answered in words"), "forced_tool": Fact(told, "it answered in words")}
    address = "http://127.0.0.1:9/v1"
    capabilities.write(Capabilities(channel="c", model="tiny", protocol="openai-chat", address=address, facts=facts))
    config = Config(channels=(Channel(name="c", type="openai-chat", base_url=address),))
    assert bool(look(config, None, "anthropic", ["tiny"]).unable) == unable

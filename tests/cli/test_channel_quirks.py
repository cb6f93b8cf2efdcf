"""`axonhub channel quirks`, and what `channel show` says of them: what is in force, where it comes from, how to switch it."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from axonhub_cli.cli.channel import app
from axonhub_cli.config import capabilities
from axonhub_cli.config.capabilities import Capabilities, Fact
from axonhub_cli.errors import UsageError
from axonhub_cli.types.quirks import MEANINGS, Quirks

RULES = "https://github.com/mistralai/mistral-common/blob/main/src/mistral_common/protocol/instruct/validator.py"


@pytest.fixture(autouse=True)
def channels(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel with a preset's quirks, one's own and a deep test's; and one with none."""
    monkeypatch.setenv("COLUMNS", "160")
    (home / "config.toml").write_text(
        '[[channels]]\nname = "mi"\ntype = "mistral"\nquirks = { late_system = true }\n'
        '[[channels]]\nname = "oa"\ntype = "openai"\nquirks = { late_system = true }\n'
        '[[channels]]\nname = "az"\ntype = "openai"\n'
    )
    facts = {"image": Fact("no", "400: not here")}
    address = "https://api.mistral.ai/v1"
    capabilities.write(Capabilities(channel="mi", model="devstral", protocol="openai-chat", address=address, facts=facts))


def run(*args: str) -> str:
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output or repr(result.exception)
    return result.output


def test_all_of_them_are_explained() -> None:
    """Without a channel: each with the protocol's default and what it means."""
    rows = json.loads(run("quirks", "--json"))
    assert [row["quirk"] for row in rows] == list(MEANINGS)
    assert {row["quirk"]: row["default"] for row in rows}["call_id_length"] == Quirks().call_id_length
    assert "reminders join the result" in run("quirks")


def test_what_is_in_force_tells_where_it_comes_from() -> None:
    """The preset with its source, the user's file with what would hold without it, a deep test with its model."""
    rows = {row["quirk"]: row for row in json.loads(run("quirks", "mi", "--json"))}
    assert rows["call_id_length"] == {
        "protocol": "openai-chat", "quirk": "call_id_length", "value": 9, "about": None, "by": "preset", "instead": 0,
        "source": RULES, "says": "alphanumeric with a length of 9",
        "meaning": MEANINGS["call_id_length"],
    }  # fmt: skip
    assert (rows["late_system"]["by"], rows["late_system"]["value"], rows["late_system"]["instead"]) == (
        "your config",
        True,
        False,
    )
    assert (rows["images"]["by"], rows["images"]["about"]) == ("deep test (image)", "devstral")
    text = run("quirks", "mi")
    assert "late_system = true   (your config; else false)" in text
    assert "deep test (image) of devstral" in text
    assert "with a length of 9" in text
    assert "axonhub channel edit mi --quirk QUIRK=VALUE" in text


def test_all_shows_defaults_too_and_only_what_concerns_the_protocol() -> None:
    """In one order, however many there are."""
    rows = json.loads(run("quirks", "mi", "--all", "--json"))
    names = list(dict.fromkeys(row["quirk"] for row in rows))
    assert names == [name for name in MEANINGS if name in names]
    assert {"top_k", "images"} <= set(names)
    assert not {"plain_schemas", "adaptive", "native_responses"} & set(names)
    assert {row["by"] for row in rows} == {"default", "preset", "your config", "deep test (image)"}


def test_a_channel_like_its_vendor_has_none() -> None:
    """It says so, and how to see the rest."""
    assert "axonhub channel quirks az --all" in run("quirks", "az")
    assert "quirks" not in run("show", "az")


def test_show_counts_the_presets_and_names_the_others() -> None:
    """What somebody set or found stands there with what would hold without it."""
    text = run("show", "mi")
    assert re.search(r"openai-chat: \d+ of its preset", text)
    assert "late_system = true (your config; else false)" in text
    assert "images = false (deep test (image) of devstral; else true)" in text
    assert "axonhub channel quirks mi" in text
    assert run("show", "oa").count("late_system = true (your config; as without)") == 1


def test_an_unknown_channel_is_refused() -> None:
    """As everywhere."""
    result = CliRunner().invoke(app, ["quirks", "nobody"])
    assert isinstance(result.exception, UsageError)

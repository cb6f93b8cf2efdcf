"""`--body-override`, `--header-override` and `--quirk` of `axonhub channel add|edit`, and what `channel show` says of them."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from axonhub_cli.cli.channel import app
from axonhub_cli.errors import AxonHubError, ConfigError, UsageError

LOCAL = ("--type", "openai-chat", "--base-url", "http://127.0.0.1:9/v1")


def run(*args: str) -> str:
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output or repr(result.exception)
    return result.output


def error(*args: str) -> AxonHubError:
    result = CliRunner().invoke(app, args)
    assert isinstance(result.exception, AxonHubError), result.output
    assert result.exception.hint
    return result.exception


def written(home: Path) -> dict[str, Any]:
    return dict(tomllib.loads((home / "config.toml").read_text())["channels"][0])


def test_they_are_written_and_shown(home: Path) -> None:
    """Values are JSON where they can be; `show` says the same in short."""
    run(
        "add", "one", *LOCAL, "--body-override", "set temperature=0.2", "--body-override", "rename a.b = c",
        "--header-override", "set User-Agent=x/1 (y=z)", "--header-override", "delete x-app", "--quirk", "images=false",
    )  # fmt: skip
    found = written(home)
    assert found["body_overrides"] == [
        {"op": "set", "path": "temperature", "value": 0.2},
        {"op": "rename", "path": "a.b", "to": "c"},
    ]
    assert found["header_overrides"] == [
        {"op": "set", "name": "User-Agent", "value": "x/1 (y=z)"},
        {"op": "delete", "name": "x-app"},
    ]
    assert found["quirks"] == {"images": False}
    shown = json.loads(run("show", "one", "--json"))
    assert shown["body_overrides"] == ["set temperature = 0.2", "rename a.b to c"]
    assert shown["header_overrides"] == ["set header user-agent = x/1 (y=z)", "delete header x-app"]


def test_an_edit_replaces_operations_and_merges_quirks(home: Path) -> None:
    """An empty operation clears the list; `NAME=` clears a quirk."""
    run("add", "one", *LOCAL, "--body-override", "set a=1", "--quirk", "images=false", "--quirk", 'efforts=["low"]')
    run("edit", "one", "--body-override", "delete b", "--quirk", "images=")
    assert written(home)["body_overrides"] == [{"op": "delete", "path": "b"}]
    assert written(home)["quirks"] == {"efforts": ["low"]}
    run("edit", "one", "--body-override", "", "--quirk", "efforts=")
    assert not {"body_overrides", "quirks"} & written(home).keys()


@pytest.mark.parametrize("text", ["temperature=0.2", "set temperature", "delete a=1", "copy a=b", "set =1", "rename a"])
def test_what_is_no_operation_is_refused(text: str, home: Path) -> None:
    """With how to write one; nothing is written."""
    assert isinstance(error("add", "one", *LOCAL, "--body-override", text), UsageError)
    assert not (home / "config.toml").exists()


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--header-override", "set Authorization=x"),
        ("--header-override", "rename x-a=Host"),
        ("--body-override", "set stream=false"),
        ("--body-override", "set key=env:OPENAI_API_KEY"),
    ],
)
def test_what_must_not_be_changed_is_refused(option: str, text: str, home: Path) -> None:
    """The file's own check says why, and nothing is written."""
    run("add", "one", *LOCAL)
    before = (home / "config.toml").read_text()
    assert isinstance(error("edit", "one", option, text), ConfigError)
    assert (home / "config.toml").read_text() == before


def test_a_null_or_a_nameless_quirk_is_no_value(home: Path) -> None:
    """TOML has no null."""
    assert "null" in error("add", "one", *LOCAL, "--body-override", "set a=null").message
    assert "no quirk" in error("add", "one", *LOCAL, "--quirk", "images").message


# a quirk as written -> the message, a word of the hint
WRONG = [
    ("imagse=false", "no quirk 'imagse'", "'images'"),
    ("images=maybe", "--quirk images=maybe: expected true or false", "takes images"),
    ("max_output_tokens=many", "--quirk max_output_tokens=many: expected a whole number", "largest output limit"),
    ("efforts=5", "expected words, as in low,high", "rising order"),
    ("prefill=5", "expected one word", "last assistant message"),
    ("max_tokens_field=x", "expected max_tokens or max_completion_tokens", "output limit"),
    ("images", "'images' is no quirk", "images=false"),
]


@pytest.mark.parametrize(("text", "message", "hint"), WRONG)
def test_a_wrong_quirk_is_refused_where_it_was_written(text: str, message: str, hint: str, home: Path) -> None:
    """With what was meant, or what it is about; nothing is written."""
    run("add", "one", *LOCAL)
    before = (home / "config.toml").read_text()
    found = error("edit", "one", "--quirk", text)
    assert isinstance(found, UsageError)
    assert message in found.message
    assert hint in str(found.hint)
    assert (home / "config.toml").read_text() == before


def test_several_words_may_be_written_with_commas(home: Path) -> None:
    """As well as a JSON list."""
    run("add", "one", *LOCAL, "--quirk", "efforts=low, high")
    assert written(home)["quirks"] == {"efforts": ["low", "high"]}


def test_an_edit_tells_what_became_of_a_quirk(home: Path) -> None:
    """Its value now and before, at each protocol that it is about; a channel that it says nothing to is told so."""
    run("add", "one", "--type", "deepseek", "--secret", "env:HOME")
    assert "images = false (was true)" in run("edit", "one", "--quirk", "images=false")
    assert "images = false (as before)" in run("edit", "one", "--quirk", "images=false")
    assert "images = true (was false)" in run("edit", "one", "--quirk", "images=")
    assert "seed = true (was false) at openai-chat, true (as before) at anthropic" in run("edit", "one", "--quirk", "seed=true")
    assert "none of this channel's protocols" in run("edit", "one", "--quirk", "plain_schemas=false")

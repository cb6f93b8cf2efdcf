"""`axonhub profile`, as it is typed, on real files."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from axonhub_cli.cli.profile import app
from axonhub_cli.config.keys import KeyStore
from axonhub_cli.errors import AxonHubError, NotConfigured

START = '# mine\n[[channels]]\nname = "ds"\ntype = "ollama" # here\n'


@pytest.fixture(autouse=True)
def config(home: Path) -> Path:
    """A configuration with one channel and a comment."""
    file = home / "config.toml"
    file.write_text(START)
    return file


def run(*args: str) -> Result:
    """Run a command that must work."""
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output or repr(result.exception)
    return result


def error(*args: str) -> AxonHubError:
    """Run a command that must fail with an error of ours."""
    result = CliRunner().invoke(app, args)
    assert isinstance(result.exception, AxonHubError), result.output
    return result.exception


def said(file: Path) -> dict[str, Any]:
    """What the file says."""
    return tomllib.loads(file.read_text())


def rules(*args: str) -> list[tuple[str, str]]:
    """A profile's rules."""
    return [(rule["from"], rule["to"]) for rule in json.loads(run("show", *args, "--json").stdout)["mappings"]]


def test_a_profile_from_add_to_remove(config: Path) -> None:
    """Add, map, use, unmap, remove: the file says each, and the user's lines stay as they are."""
    run("add", "cheap", "--channel", "ds", "--model", "m")
    run("map", "cheap", "claude-haiku-.*", "small", "--regex", "--channel", "ds")
    run("map", "cheap", "gpt-5.5", "big")
    assert said(config)["profiles"]["cheap"] == {
        "channels": ["ds"],
        "models": ["m"],
        "mappings": [{"regex": "claude-haiku-.*", "to": "small", "channel": "ds"}, {"exact": "gpt-5.5", "to": "big"}],
    }
    run("use", "cheap")
    assert said(config)["profile"] == "cheap"
    run("map", "cheap", "gpt-5.5", "bigger")
    run("map", "cheap", "claude-haiku-.*", "small", "--regex")
    assert rules("cheap") == [("claude-haiku-.*", "small"), ("gpt-5.5", "bigger")]
    assert "channel" not in said(config)["profiles"]["cheap"]["mappings"][0]
    run("unmap", "cheap", "gpt-5.5")
    run("unmap", "cheap", "claude-haiku-.*")
    assert rules("cheap") == []
    run("remove", "cheap", "--yes")
    assert said(config) == tomllib.loads(START)
    assert START in config.read_text()


def test_first_puts_a_rule_before_the_others(config: Path) -> None:
    """The first match wins, so order can be chosen; a rule that is hidden by another is noted."""
    run("add", "p")
    run("map", "p", "gpt-.*", "a", "--regex")
    assert "Rule 1 (gpt-.*) comes first" in run("map", "p", "gpt-5.5", "b").stderr
    run("map", "p", "gpt-4", "c", "--first")
    assert rules("p") == [("gpt-4", "c"), ("gpt-.*", "a"), ("gpt-5.5", "b")]
    assert json.loads(run("test", "p", "gpt-4", "--json").stdout) == {
        "profile": "p",
        "model": "gpt-4",
        "to": "c",
        "channel": None,
        "rule": 1,
    }
    assert json.loads(run("test", "p", "gpt-5.5", "--json").stdout)["rule"] == 2
    assert "→ 2. regex gpt-.*" in run("test", "p", "gpt-5.5").stdout
    assert "No rule matches" in run("test", "p", "other").stdout


def test_inline_mappings_are_edited_in_their_form(config: Path) -> None:
    """A list of inline tables stays one."""
    config.write_text(START + '[profiles.p]\nmappings = [{ exact = "a", to = "b" }]\n')
    run("map", "p", "c", "d")
    run("map", "p", "a", "x")
    run("unmap", "p", "c")
    assert said(config)["profiles"]["p"] == {"mappings": [{"exact": "a", "to": "x"}]}


def test_use_for_one_key_for_all_and_for_none(config: Path, home: Path) -> None:
    """A key may have a profile of its own; a global change leaves it and says so, unless --all."""
    keys = KeyStore(home / "keys.toml")
    keys.create("laptop")
    run("add", "a")
    run("add", "b")
    run("use", "a", "--key", "laptop")
    assert [(row["name"], row["keys"]) for row in json.loads(run("list", "--json").stdout)] == [("a", ["laptop"]), ("b", [])]
    assert "laptop keeps its own profile, a" in run("use", "b").stderr
    assert said(config)["profile"] == "b"
    run("use", "b", "--all")
    keys.poll()
    assert keys.keys[0].profile is None
    run("use", "a", "--key", "laptop")
    run("use", "--none", "--key", "laptop")
    run("use", "--none")
    assert "profile" not in said(config)


def test_removing_a_profile_frees_its_keys(config: Path, home: Path) -> None:
    """The active profile and keys that name it go back to none."""
    keys = KeyStore(home / "keys.toml")
    run("add", "a")
    keys.create("laptop", "a")
    run("use", "a")
    run("remove", "a", "--yes")
    keys.poll()
    assert keys.keys[0].profile is None
    assert "profile" not in said(config)


BAD = {
    "a bad name": ("add", "a b"),
    "a taken name": ("add", "p"),
    "an unknown channel": ("add", "x", "--channel", "dss"),
    "an unknown profile": ("show", "pp"),
    "an unknown channel in a rule": ("map", "p", "a", "b", "--channel", "dss"),
    "a regex that does not compile": ("map", "p", "(", "b", "--regex"),
    "an empty name": ("map", "p", "", "b"),
    "a rule that is not there": ("unmap", "p", "x"),
    "no profile to use": ("use",),
    "a profile and none": ("use", "p", "--none"),
    "one key and all": ("use", "p", "--key", "k", "--all"),
    "an unknown key": ("use", "p", "--key", "k"),
    "a removal unconfirmed": ("remove", "p"),
}


@pytest.mark.parametrize("args", BAD.values(), ids=BAD)
def test_wrong_usage_is_a_sentence_and_changes_nothing(config: Path, args: tuple[str, ...]) -> None:
    """Each is refused with exit code 2 and a hint."""
    run("add", "p")
    before = config.read_bytes()
    found = error(*args)
    assert found.exit_code == 2
    assert found.hint
    assert config.read_bytes() == before


def test_a_star_is_taken_literally_and_said() -> None:
    """Somebody who means a pattern learns of --regex."""
    run("add", "p")
    assert "--regex" in run("map", "p", "claude-*", "x").stderr


def test_show_names_the_limits(home: Path) -> None:
    """A profile that is limited to some channels or models says so."""
    (home / "config.toml").write_text('[[channels]]\nname = "c"\ntype = "ollama"\n')
    run("add", "p", "--channel", "c", "--model", "a", "--model", "b")
    assert run("show", "p").stdout.splitlines()[:2] == ["Only channels: c", "Only models: a, b"]


def test_without_profiles_the_way_to_one_is_named() -> None:
    """An empty list says what that means; a name then is exit code 3."""
    assert "pass through unchanged" in run("list").stdout
    assert isinstance(error("show", "p"), NotConfigured)
    run("add", "p")
    assert run("show", "p").stdout == "Profile p has no rules: names pass through unchanged.\n"
    assert "p" in run("list").stdout

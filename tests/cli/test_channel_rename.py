"""`axonhub channel rename`: one edit, everywhere."""

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from axonhub_cli.cli.channel import app
from axonhub_cli.config import orders
from axonhub_cli.config.paths import paths
from axonhub_cli.config.ratios import Ratios
from axonhub_cli.errors import AxonHubError

BEFORE = """\
# mine
[[channels]]
name = "old" # first
type = "ollama"
secrets = ["keyring:old"]

[[channels]]
name = "other"
type = "ollama"

[profiles.p]
channels = ["other", "old"] # both
[[profiles.p.mappings]]
exact = "a"
to = "b"
channel = "old"

[profiles.q]
channels = ["other"]
"""


def test_the_name_follows_everywhere_and_nothing_else_changes(home: Path) -> None:
    """Table, limits and rules; comments, secrets and other profiles stay."""
    (home / "config.toml").write_text(BEFORE)
    result = CliRunner().invoke(app, ["rename", "old", "new"])
    assert result.exit_code == 0, result.output
    assert "follow: p." in result.stdout
    expected = BEFORE.replace('name = "old"', 'name = "new"').replace('"other", "old"', '"other", "new"')
    assert (home / "config.toml").read_text() == expected.replace('channel = "old"', 'channel = "new"')
    assert tomllib.loads(expected)["channels"][0]["secrets"] == ["keyring:old"]


def test_what_was_learned_follows(home: Path) -> None:
    """How its models count tokens: in the file, and as a word to a server that runs."""
    (home / "config.toml").write_text(BEFORE)
    known = Ratios()
    for _ in range(3):
        known.learn("old", "m", 1000, 1500)
    known.save(paths().ratios_file)

    assert CliRunner().invoke(app, ["rename", "old", "new"]).exit_code == 0
    shown = CliRunner().invoke(app, ["show", "new", "--json"])
    assert [fact["samples"] for fact in json.loads(shown.stdout)["token_counts"]] == [3]
    assert [(each.old, each.new) for each in orders.read(paths().orders_file).renames] == [("old", "new")]


@pytest.mark.parametrize("args", [("none", "new"), ("old", "other"), ("old", "a b")])
def test_names_that_cannot_be(home: Path, args: tuple[str, str]) -> None:
    """An unknown channel, a taken name, an unfit one: refused, and nothing changes."""
    (home / "config.toml").write_text(BEFORE)
    result = CliRunner().invoke(app, ["rename", *args])
    assert isinstance(result.exception, AxonHubError)
    assert (home / "config.toml").read_text() == BEFORE

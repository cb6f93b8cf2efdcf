"""`axonhub key`, as it is typed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from axonhub_cli.cli.key import app
from axonhub_cli.errors import AxonHubError, NotConfigured, UsageError


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


def test_create_prints_name_and_token_exactly() -> None:
    """Scripts rely on this form."""
    data = json.loads(run("create", "laptop", "--json").stdout)
    assert set(data) == {"name", "token"}
    assert data["token"].startswith("ah-")
    assert run("show", "laptop").stdout == data["token"] + "\n"


def test_create_tells_people_what_to_do_with_it(home: Path) -> None:
    """The token is shown once with the exports, for the port of the configuration."""
    (home / "config.toml").write_text("[server]\nport = 9000\n")
    out = run("create", "laptop").stdout
    assert "http://127.0.0.1:9000/v1" in out
    assert "axonhub setup claude-code --key laptop" in out
    assert (home / "keys.toml").stat().st_mode & 0o777 == 0o600


def test_list_masks_tokens() -> None:
    """A listing shows enough to tell keys apart, and obeys --limit."""
    token = json.loads(run("create", "a", "--json").stdout)["token"]
    run("create", "b")
    rows = json.loads(run("list", "--json").stdout)
    assert [row["name"] for row in rows] == ["a", "b"]
    assert token not in run("list").stdout + json.dumps(rows)
    assert rows[0]["token"].startswith(token[:6])
    assert len(json.loads(run("list", "--json", "--limit", "1").stdout)) == 1


def test_rotate_and_remove() -> None:
    """A rotated key has a new token; a removed one is gone."""
    old = json.loads(run("create", "a", "--json").stdout)["token"]
    new = json.loads(run("rotate", "a", "--json").stdout)
    assert set(new) == {"name", "token"}
    assert new["token"] != old
    assert error("remove", "a").exit_code == 2
    run("remove", "a", "--yes")
    assert json.loads(run("list", "--json").stdout) == []
    assert "axonhub key create" in run("list").stdout


@pytest.mark.parametrize(
    "args", [("create", "a b"), ("create", "../x"), ("create", "a"), ("show", "aa"), ("create", "c", "--profile", "p2")]
)
def test_wrong_usage_is_a_sentence(home: Path, args: tuple[str, ...]) -> None:
    """A bad, taken or unknown name, or an unknown profile: exit code 2 with a hint, nothing changed."""
    (home / "config.toml").write_text("[profiles.p]\n")
    run("create", "a", "--profile", "p")
    before = (home / "keys.toml").read_bytes()
    found = error(*args)
    assert isinstance(found, UsageError)
    assert found.hint
    assert (home / "keys.toml").read_bytes() == before


def test_without_keys_the_way_to_one_is_named() -> None:
    """No key at all is exit code 3."""
    assert isinstance(error("show", "x"), NotConfigured)

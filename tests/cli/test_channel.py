"""`axonhub channel`, as it is typed, on real files and against a real loopback server."""

import json
import os
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from axonhub_cli.cli import secret
from axonhub_cli.cli.channel import app
from axonhub_cli.errors import AxonHubError, NotConfigured, SecretError, UsageError

LOCAL = ("--type", "openai-chat", "--base-url", "http://127.0.0.1:9/v1")


def run(*args: str, stdin: str = "") -> Result:
    """Run a command that must work."""
    result = CliRunner().invoke(app, args, input=stdin)
    assert result.exit_code == 0, result.output or repr(result.exception)
    return result


def error(*args: str, stdin: str = "") -> AxonHubError:
    """Run a command that must fail with an error of ours."""
    result = CliRunner().invoke(app, args, input=stdin)
    assert isinstance(result.exception, AxonHubError), result.output
    assert result.exception.hint
    return result.exception


def channels(home: Path) -> list[dict[str, Any]]:
    """What the file says."""
    return list(tomllib.loads((home / "config.toml").read_text()).get("channels", []))


def test_add_a_local_server_needs_no_secret(home: Path) -> None:
    """A preset of a local server, or a bare protocol on this machine, is added without a question."""
    run("add", "ollama", "--type", "ollama")
    run("add", "local", *LOCAL, "-m", "a", "-m", "b", "--priority", "2", "--weight", "3", "--tag", "x")
    assert channels(home) == [
        {"name": "ollama", "type": "ollama"},
        {
            "name": "local",
            "type": "openai-chat",
            "base_url": "http://127.0.0.1:9/v1",
            "models": ["a", "b"],
            "priority": 2,
            "weight": 3,
            "tags": ["x"],
        },
    ]


def test_comments_survive_every_change(home: Path) -> None:
    """Add, edit, switch, remove: what the user wrote is still there, in its order."""
    (home / "config.toml").write_text(
        '# mine\n[server]\nport = 9000 # nine\n\n[[channels]]\nname = "one" # first\ntype = "ollama"\n'
    )
    run("add", "two", *LOCAL)
    run("edit", "one", "--priority", "5", "-m", "x")
    run("disable", "two")
    assert [item.get("enabled") for item in channels(home)] == [None, False]
    run("enable", "two")
    run("remove", "two", "--yes")
    assert channels(home) == [{"name": "one", "type": "ollama", "priority": 5, "models": ["x"]}]
    text = (home / "config.toml").read_text()
    assert all(part in text for part in ('# mine\n[server]\nport = 9000 # nine\n\n[[channels]]\nname = "one" # first\n',))


def test_inline_channels_are_edited_in_their_form(home: Path) -> None:
    """A list of inline tables stays one."""
    (home / "config.toml").write_text('channels = [{ name = "one", type = "ollama" }]\n')
    run("add", "two", *LOCAL)
    run("edit", "two", "--priority", "1")
    run("remove", "one", "--yes")
    assert [item["name"] for item in channels(home)] == ["two"]
    assert "[[channels]]" not in (home / "config.toml").read_text()


def test_a_secret_as_an_argument_is_refused_and_not_repeated(home: Path) -> None:
    """What looks like a key is neither used nor shown; the message says what to give instead."""
    found = error("add", "d", "--type", "deepseek", "--secret", "sk-abcdefabcdefabcdef123456")
    assert isinstance(found, UsageError)
    assert "looks like the secret itself" in found.message
    assert "sk-" not in str(found)
    assert not (home / "config.toml").exists()


def test_a_secret_may_be_a_variable(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference is kept as it is; one that cannot be read yet is noted."""
    result = run("add", "d", "--type", "deepseek", "--secret", "env:MY_KEY")
    assert channels(home)[0]["secrets"] == ["env:MY_KEY"]
    assert "cannot be read yet" in result.stderr
    monkeypatch.setenv("MY_KEY", "k")
    assert run("secret", "d", "--secret", "env:MY_KEY").stderr == ""


def test_the_usual_variable_is_taken_without_a_terminal(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the provider's variable set, nothing needs to be asked, and it is said."""
    monkeypatch.setenv("DEEPSEEK_API_KEY", "k")
    assert "DEEPSEEK_API_KEY" in run("add", "d", "--type", "deepseek").stderr
    assert channels(home)[0]["secrets"] == ["env:DEEPSEEK_API_KEY"]


def test_without_a_terminal_a_missing_secret_is_an_error_with_the_choices(home: Path) -> None:
    """Nothing is asked and nothing added."""
    found = error("add", "d", "--type", "deepseek")
    assert isinstance(found, SecretError)
    assert found.exit_code == 1
    assert all(part in str(found.hint) for part in ("env:DEEPSEEK_API_KEY", "--secret-stdin", "--insecure-file"))
    assert not (home / "config.toml").exists()


def test_a_file_for_the_secret_needs_consent(home: Path) -> None:
    """Without a keyring a secret on stdin is not written anywhere, unless --insecure-file says so: then 0600."""
    assert isinstance(error("add", "d", "--type", "deepseek", "--secret-stdin", stdin="top-secret\n"), SecretError)
    assert list(home.iterdir()) == []
    run("add", "d", "--type", "deepseek", "--secret-stdin", "--insecure-file", stdin="top-secret\n")
    assert channels(home)[0]["secrets"] == ["file:secrets/d"]
    assert (home / "secrets" / "d").read_text() == "top-secret\n"
    assert (home / "secrets" / "d").stat().st_mode & 0o777 == 0o600
    assert "top-secret" not in (home / "config.toml").read_text()
    run("secret", "d", "--add", "--secret-stdin", "--insecure-file", stdin="second")
    assert channels(home)[0]["secrets"] == ["file:secrets/d", "file:secrets/d-2"]
    run("remove", "d", "--yes")
    assert list((home / "secrets").iterdir()) == []


def test_a_replaced_secret_is_not_left_behind(home: Path) -> None:
    """What we stored for a channel goes when another one takes its place, unless a second channel uses it."""
    run("add", "d", "--type", "deepseek", "--secret-stdin", "--insecure-file", stdin="first")
    run("rename", "d", "new")
    run("add", "e", "--type", "deepseek", "--secret", "file:secrets/d")
    assert "Deleted" not in run("secret", "new", "--secret-stdin", "--insecure-file", stdin="second").stdout
    assert (home / "secrets" / "d").exists()
    said = run("secret", "e", "--secret", "env:MY_KEY").stdout
    assert said == "Channel e uses env:MY_KEY. Deleted: file:secrets/d.\n"
    assert [file.name for file in (home / "secrets").iterdir()] == ["new"]


def test_an_empty_secret_is_refused() -> None:
    """Nothing on stdin is no secret."""
    assert isinstance(error("add", "d", "--type", "deepseek", "--secret-stdin", stdin="\n"), SecretError)


@pytest.mark.parametrize(
    ("typed", "secrets"),
    [("hidden-key\n2\n", ["file:secrets/d"]), ("hidden-key\n1\n", ["env:DEEPSEEK_API_KEY"]), ("\n", None)],
)
def test_with_a_terminal_the_user_is_asked(
    home: Path, monkeypatch: pytest.MonkeyPatch, typed: str, secrets: list[str] | None
) -> None:
    """The secret is typed unseen; without a keyring the user chooses a variable, a file, or nothing."""
    monkeypatch.setattr(secret, "interactive", lambda: True)
    result = run("add", "d", "--type", "deepseek", stdin=typed)
    assert channels(home)[0].get("secrets") == secrets
    assert "hidden-key" not in result.output + result.stderr


def test_the_user_may_stop_when_there_is_no_keyring(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Choosing to stop stores and adds nothing."""
    monkeypatch.setattr(secret, "interactive", lambda: True)
    assert CliRunner().invoke(app, ["add", "d", "--type", "deepseek"], input="hidden-key\n3\n").exit_code == 1
    assert list(home.iterdir()) == []


def test_the_usual_variable_is_offered_on_a_terminal(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A set variable is a yes-or-no question."""
    monkeypatch.setattr(secret, "interactive", lambda: True)
    monkeypatch.setenv("DEEPSEEK_API_KEY", "k")
    run("add", "d", "--type", "deepseek", stdin="y\n")
    assert channels(home)[0]["secrets"] == ["env:DEEPSEEK_API_KEY"]


BAD = {
    "a bad name": ("add", "a b", *LOCAL),
    "a path for a name": ("add", "../x", *LOCAL),
    "a long name": ("add", "x" * 65, *LOCAL),
    "an unknown type": ("add", "x", "--type", "deepsek"),
    "a bad address": ("add", "x", "--type", "openai-chat", "--base-url", "ftp://x"),
    "a taken name": ("add", "one", *LOCAL),
    "two sources of a secret": ("add", "x", "--type", "deepseek", "--secret", "env:A", "--secret-stdin"),
    "an unknown channel": ("show", "onee"),
    "nothing to edit": ("edit", "one"),
    "a removal unconfirmed": ("remove", "one"),
}


@pytest.mark.parametrize("args", BAD.values(), ids=BAD)
def test_wrong_usage_is_a_sentence_and_changes_nothing(home: Path, args: tuple[str, ...]) -> None:
    """Each is refused with exit code 2 and a hint, before anything is written."""
    run("add", "one", *LOCAL)
    before = (home / "config.toml").read_bytes()
    assert error(*args).exit_code == 2
    assert (home / "config.toml").read_bytes() == before


def test_without_channels_the_way_to_one_is_named() -> None:
    """An empty list says how to begin; a name then is exit code 3."""
    assert "axonhub channel add" in run("list").stdout
    assert isinstance(error("show", "x"), NotConfigured)


def test_a_channel_in_use_is_not_removed(home: Path) -> None:
    """The profile that uses it is named."""
    run("add", "one", *LOCAL)
    with (home / "config.toml").open("a") as file:
        file.write('\n[profiles.p]\nchannels = ["one"]\n')
    assert "profile p" in error("remove", "one", "--yes").message


def test_list_and_show(home: Path) -> None:
    """Listings are ordered by priority, obey --limit, and show the addresses that are really used."""
    run("add", "later", *LOCAL, "--priority", "9")
    run("add", "ds", "--type", "deepseek", "--secret", "env:HOME")
    rows = json.loads(run("list", "--json").stdout)
    assert [row["name"] for row in rows] == ["ds", "later"]
    assert len(json.loads(run("list", "--json", "--limit", "1").stdout)) == 1
    assert "env:HOME" in run("list").stdout
    data = json.loads(run("show", "ds", "--json").stdout)
    assert data["endpoints"]["openai-chat"].startswith("https://api.deepseek.com")
    shown = [line.split() for line in run("show", "ds").stdout.splitlines()]
    assert ["anthropic", "https://api.deepseek.com/anthropic"] in shown
    fields = {line[0]: line[1] for line in shown if line}
    assert (fields["base_url"], fields["enabled"], fields["proxy"]) == ("-", "yes", "no")
    assert "of its preset" in run("show", "ds").stdout


@pytest.mark.parametrize("clear", [("--model", ""), ("--tag", ""), ("--base-url", "")])
def test_an_empty_value_clears(home: Path, clear: tuple[str, str]) -> None:
    """Models, tags and the address can be taken out again; priority 0 is a value."""
    run("add", "one", "--type", "ollama", "--base-url", "http://127.0.0.1:1", "-m", "a", "--tag", "t", "--priority", "1")
    run("edit", "one", *clear)
    key = {"--model": "models", "--tag": "tags", "--base-url": "base_url"}[clear[0]]
    assert key not in channels(home)[0]
    run("edit", "one", "--priority", "0")
    assert channels(home)[0]["priority"] == 0


class Provider(BaseHTTPRequestHandler):
    """A small provider: knows one key, one model, and says no to all else."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _send(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        """The list of models."""
        if self.headers["Authorization"] != "Bearer good-key":
            self._send(401, {"error": {"message": f"wrong key: {self.headers['Authorization']}"}})
        else:
            self._send(200, {"data": [{"id": "m2"}, {"id": "m1"}]})

    def do_POST(self) -> None:
        """One answer."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != "Bearer good-key":
            self._send(401, {"error": {"message": f"wrong key: {self.headers['Authorization']}"}})
        elif body["model"] not in ("m1", "m2"):
            self._send(404, {"error": {"message": "no such model"}})
        else:
            self._send(200, {"choices": []})


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A running provider's base URL."""
    monkeypatch.setenv("GOOD", "good-key")
    monkeypatch.setenv("BAD", "bad-key-1234")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_models_and_test_ask_the_provider(provider: str) -> None:
    """The models are listed in order, and a token is asked for with the channel's secret."""
    run("add", "p", "--type", "openai-chat", "--base-url", provider, "--secret", "env:GOOD")
    assert json.loads(run("models", "p", "--json").stdout) == [{"id": "m1"}, {"id": "m2"}]
    assert run("models", "p", "--limit", "1").stdout == "m1\n"
    assert "m2 answered" in run("test", "p").stdout
    assert json.loads(run("test", "p", "--json", "--model", "m1").stdout)["ok"] is True


def test_a_failing_channel_says_why(provider: str) -> None:
    """A refused secret, an unknown model, a variable that is not set: exit code 1, a sentence, never the secret."""
    run("add", "p", "--type", "openai-chat", "--base-url", provider, "--secret", "env:BAD")
    result = CliRunner().invoke(app, ["test", "p", "--model", "m1"])
    assert result.exit_code == 1
    assert "refuses the secret (401): wrong key: Bearer …" in result.stdout
    assert "axonhub channel secret p" in result.stdout
    assert os.environ["BAD"] not in result.output
    assert "401" in error("models", "p").message
    run("secret", "p", "--secret", "env:GOOD")
    assert "no such model" in CliRunner().invoke(app, ["test", "p", "--model", "x"]).stdout
    run("secret", "p", "--secret", "env:NOT_SET")
    assert "NOT_SET is not set" in CliRunner().invoke(app, ["test", "p"]).stdout


def test_a_channel_without_models_needs_a_name_to_test() -> None:
    """When the provider lists none either, the user is told to name one."""
    run("add", "p", *LOCAL)
    result = CliRunner().invoke(app, ["test", "p"])
    assert result.exit_code == 1
    assert "Nothing listens at 127.0.0.1:9" in result.stdout
    assert "--model MODEL" in result.stdout

"""`axonhub init`: what it finds, what it writes, that it asks on a terminal and nowhere else. A real terminal, real servers."""

import json
import os
import pty
import select
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from axonhub_cli.cli import init as command
from axonhub_cli.errors import AxonHubError, NotConfigured, UsageError
from tests.cli.local_server import model_server

app = typer.Typer(callback=lambda: None)
command.register(app)


def run(*args: str) -> Result:
    """A run without a terminal and without looking at this machine's usual ports."""
    return CliRunner().invoke(app, ["init", "--no-scan", *args])


def good(*args: str) -> Result:
    """A run that must work."""
    result = run(*args)
    assert result.exit_code == 0, result.output or repr(result.exception)
    return result


def error(*args: str) -> AxonHubError:
    """A run that must end with an error of ours."""
    result = run(*args)
    assert isinstance(result.exception, AxonHubError), result.output
    assert result.exception.hint
    return result.exception


def config(home: Path) -> dict[str, Any]:
    """What was written."""
    return tomllib.loads((home / "config.toml").read_text())


def test_nothing_found_is_a_sentence_with_three_ways_on(home: Path) -> None:
    """Without keys and servers the user is told what to do; nothing is written."""
    found = error("--yes")
    assert isinstance(found, NotConfigured)
    assert all(part in str(found.hint) for part in ("channel add", "Ollama", "serve --demo"))
    assert list(home.iterdir()) == []


def test_a_local_server_becomes_a_channel_and_all_names_lead_to_it(home: Path) -> None:
    """One local model: claude-… and gpt-… go to it, and it is asked for a token at the end."""
    with model_server("qwen3:8b", "nomic-embed-text", owner="library") as server:
        result = good("--yes", "--at", server.url)
        assert [(method, path) for method, path, _ in server.asked][-1] == ("POST", "/v1/chat/completions")
        assert server.asked[-1][2]["model"] == "qwen3:8b"
    written = config(home)
    assert written["channels"] == [
        {"name": "ollama", "type": "ollama", "base_url": server.url, "models": ["qwen3:8b", "nomic-embed-text"]}
    ]
    assert written["profile"] == "default"
    assert {(rule["regex"], rule["to"]) for rule in written["profiles"]["default"]["mappings"]} == {
        ("claude-.*", "qwen3:8b"), (r"(?:gpt|codex|o\d).*", "qwen3:8b"),
    }  # fmt: skip
    assert "qwen3:8b answered" in result.stdout
    assert "axonhub serve" in result.stdout


@pytest.mark.parametrize(
    ("owner", "type_"), [("llamacpp", "llamacpp"), ("vllm", "vllm"), ("organization_owner", "lmstudio"), ("x", "openai-chat")]
)
def test_servers_are_known_by_what_they_say(home: Path, owner: str, type_: str) -> None:
    """Each kind of server gets its own preset; one that says nothing is plain Chat Completions."""
    with model_server("m", owner=owner) as server:
        data = json.loads(good("--dry-run", "--json", "--at", f"{server.url}/v1").stdout)
    assert [item["type"] for item in data["channels"]] == [type_]
    assert list(home.iterdir()) == []


def test_keys_are_referred_to_and_never_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the environment stays there: config.toml names the variable; vendors keep their own names of models."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-very-secret")
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-also-secret")
    result = good("--yes", "--no-test", "--model", "deepseek-chat", "--small-model", "deepseek-mini")
    written = config(home)
    assert [item["secrets"] for item in written["channels"]] == [["env:ANTHROPIC_API_KEY"], ["env:DEEPSEEK_API_KEY"]]
    rules = [(rule["regex"], rule["to"], rule["channel"]) for rule in written["profiles"]["default"]["mappings"]]
    assert rules == [
        ("(claude-.*)", "\\1", "anthropic"),
        (r"(?:gpt|codex|o\d).*(?:mini|nano).*", "deepseek-mini", "deepseek"),
        (r"(?:gpt|codex|o\d).*", "deepseek-chat", "deepseek"),
    ]
    assert "secret" not in result.output + (home / "config.toml").read_text().replace("secrets", "")


NOT_PROPOSED = {
    "a key of ours": ({"ANTHROPIC_API_KEY": "ah-local"}, "holds a key of axonhub"),
    "a key for another address": ({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://localhost:9/v1"}, "OPENAI_BASE_URL"),
}


@pytest.mark.parametrize(("environment", "remark"), NOT_PROPOSED.values(), ids=NOT_PROPOSED)
def test_keys_that_belong_elsewhere_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], remark: str
) -> None:
    """A key is not sent to a provider whom it may not belong to; that is said."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = run("--yes")
    assert isinstance(result.exception, NotConfigured)
    assert remark in result.stderr


def test_without_a_terminal_nothing_is_written_unasked(home: Path) -> None:
    """No --yes: the proposal is shown, and exit code 2 says that nothing was done."""
    with model_server("m") as server:
        result = run("--at", server.url)
    assert isinstance(result.exception, UsageError)
    assert "To be added" in result.stdout
    assert list(home.iterdir()) == []


def test_what_is_there_stays(home: Path) -> None:
    """A second run proposes what is new only, keeps comments, and leaves an active profile alone."""
    (home / "config.toml").write_text('# mine\nprofile = "own"\n\n[profiles.own]\n')
    with model_server("m") as server:
        good("--yes", "--at", server.url)
        assert "Nothing new" in error("--yes", "--at", server.url).message
    assert (home / "config.toml").read_text().startswith('# mine\nprofile = "own"\n')
    assert list(config(home)["profiles"]) == ["own"]


def test_only_what_was_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--channel picks from what was found; a name that was not found is refused with the nearest."""
    monkeypatch.setenv("DEEPSEEK_API_KEY", "k")
    monkeypatch.setenv("GROQ_API_KEY", "k")
    assert "groq" in str(error("--yes", "--channel", "grok").hint)
    good("--yes", "--no-test", "--channel", "groq", "--model", "m")
    assert [item["name"] for item in config(home)["channels"]] == ["groq"]


def test_a_failing_test_call_is_exit_code_1(home: Path) -> None:
    """The configuration is written, and why the model does not answer is said."""
    with model_server("m", key="other") as server:
        server.answers["/v1/models"] = {"data": [{"id": "m"}]}
        result = run("--yes", "--at", server.url)
    assert result.exit_code == 1
    assert "refuses" in result.stdout
    assert (home / "config.toml").exists()


def test_clients_are_set_up_on_request(home: Path) -> None:
    """--client runs the client's own set-up: its file is written, and how to take that back is said."""
    with model_server("m") as server:
        result = good("--yes", "--at", server.url, "--client", "claude-code", "--client", "codex")
    settings = json.loads((Path(os.environ["HOME"]) / ".claude" / "settings.json").read_text())
    assert settings["env"]["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:8090/anthropic"
    assert (Path(os.environ["HOME"]) / ".codex" / "config.toml").exists()
    assert "axonhub setup codex --undo" in result.stdout


class Terminal:
    """A program on a terminal of its own, to be talked to."""

    def __init__(self, *command: str) -> None:
        self.seen = ""
        self._side, other = pty.openpty()
        self.process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, env={**os.environ, "TERM": "xterm"})
        os.close(other)

    def until(self, text: str, seconds: float = 60) -> None:
        """Read until the text has appeared."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < end, self.seen
            if select.select([self._side], [], [], 1)[0]:
                try:
                    self.seen += os.read(self._side, 65536).decode("utf-8", "replace")
                except OSError:  # the other side is closed
                    assert text in self.seen, self.seen
        self.seen = self.seen.partition(text)[2]

    def type(self, line: str) -> None:
        """A line and the return key."""
        os.write(self._side, f"{line}\n".encode())

    def end(self) -> int:
        """Wait for the program's end."""
        try:
            while True:
                self.seen += os.read(self._side, 65536).decode("utf-8", "replace")
        except OSError:
            pass
        os.close(self._side)
        return self.process.wait(timeout=30)


def test_on_a_terminal_it_asks(home: Path) -> None:
    """Each thing found is a question, the model is chosen by number, and nothing is written before the last yes."""
    with model_server("alpha", "beta") as server:
        terminal = Terminal(sys.executable, "-m", "axonhub_cli", "init", "--no-scan", "--at", server.url)
        terminal.until("Use it?")
        terminal.type("y")
        terminal.until("Number or name")
        terminal.type("2")
        terminal.until("Write this?")
        assert not (home / "config.toml").exists()
        terminal.type("y")
        terminal.until("beta answered")
        assert terminal.end() == 0
    assert config(home)["profiles"]["default"]["mappings"][0]["to"] == "beta"


def test_on_a_terminal_no_is_no(home: Path) -> None:
    """A no at the last question leaves everything as it was."""
    with model_server("alpha") as server:
        terminal = Terminal(sys.executable, "-m", "axonhub_cli", "init", "--no-scan", "--at", server.url)
        terminal.until("Use it?")
        terminal.type("")
        terminal.until("Number or name")
        terminal.type("")
        terminal.until("Write this?")
        terminal.type("n")
        assert terminal.end() == 1
    assert "Nothing was written" in terminal.seen
    assert not (home / "config.toml").exists()

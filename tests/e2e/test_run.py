"""`axonhub run` with the real clients: no file of theirs is touched, the session ends the server that it started."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.processes import Running, client_binary, free_port, three_channels

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

YOLO = {
    "claude": ["-p", "{prompt}", "--dangerously-skip-permissions", "--model", "claude-sonnet-4-5"],
    "codex": ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "-m", "gpt-5.5", "{prompt}"],
    "opencode": ["run", "{prompt}"],
    "gemini": ["-p", "{prompt}", "--yolo", "--skip-trust"],
}


class Desk:
    """One user's home, with the real client on the PATH and axonhub installed."""

    def __init__(self, folder: Path, client: str, config: str = "") -> None:
        self.client, self.home, self.axonhub = client, folder / "user", folder / "ax"
        for each in (self.home, self.axonhub, folder / "bin", folder / "work"):
            each.mkdir(mode=0o700)
        (folder / "bin" / client).symlink_to(client_binary(client).resolve())
        (self.axonhub / "config.toml").write_text(f"[server]\nport = {free_port()}\n{config}")
        closed = "http://127.0.0.1:9"
        self.cwd = folder / "work"
        self.environ = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(self.home), "AXONHUB_HOME": str(self.axonhub),
            "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": os.getcwd(), "IS_SANDBOX": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
            "HTTP_PROXY": closed, "HTTPS_PROXY": closed, "NO_PROXY": "127.0.0.1,localhost,::1",
        }  # fmt: skip

    def run(self, arguments: list[str], *options: str) -> subprocess.CompletedProcess[str]:
        """`axonhub run … CLIENT -- ARGUMENTS`."""
        command = [sys.executable, "-m", "axonhub_cli", "run", *options, self.client, "--", *arguments]
        return subprocess.run(
            command, env=self.environ, cwd=self.cwd, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
        )

    def axonhub_command(self, *words: str) -> None:
        """Another command of ours, which must work."""
        subprocess.run([sys.executable, "-m", "axonhub_cli", *words], env=self.environ, check=True, capture_output=True)

    def prompt(self, text: str) -> list[str]:
        """The arguments for one prompt, without questions."""
        return [part.format(prompt=text) for part in YOLO[self.client]]

    def server_ends(self) -> bool:
        """Whether the server is gone soon after its session."""
        until = time.monotonic() + 20
        while (self.axonhub / "server.json").exists():
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
        return True


def digests(folder: Path, names: list[str]) -> dict[str, str]:
    """What the user's own files say, by fingerprint."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


@pytest.mark.parametrize("client", YOLO)
def test_a_client_works_with_the_demo_and_takes_the_server_with_it(client: str, tmp_path: Path) -> None:
    """Nothing is set up and no server runs: the client does its work, and the server ends with it."""
    desk = Desk(tmp_path, client)
    if client == "gemini":  # the one choice that it must find in its settings
        desk.axonhub_command("setup", "gemini-cli", "--write")
    done = desk.run(desk.prompt("show me"))
    assert done.returncode == 0, done.stderr + done.stdout
    assert "hello from axonhub" in done.stdout
    assert desk.server_ends()
    assert not list((desk.axonhub / "leases").iterdir())


@pytest.mark.parametrize("client", ["claude", "codex"])
@pytest.mark.parametrize("upstream", ["anthropic", "openai-chat", "openai-responses"])
def test_a_client_works_with_a_profile(client: str, upstream: str, scripted: Running, tmp_path: Path) -> None:
    """`--profile` decides the channel; the nonce travels from the prompt to the answer."""
    desk = Desk(tmp_path, client, three_channels(scripted.url))
    done = desk.run(desk.prompt("NONCE=qwertyui please run the scenario"), "--profile", upstream)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "E2E_DONE qwertyui" in done.stdout
    assert desk.server_ends()


def test_files_of_claude_code_that_say_otherwise_are_won_over_and_stay(tmp_path: Path) -> None:
    """Settings that point elsewhere do not keep it from us, and are the same bytes afterwards."""
    desk = Desk(tmp_path, "claude")
    (desk.home / ".claude").mkdir()
    (desk.home / ".claude" / "settings.json").write_text(
        '{"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9/x", "ANTHROPIC_API_KEY": "sk-x"}}'
    )
    before = digests(desk.home, [".claude/settings.json"])
    done = desk.run(desk.prompt("show me"))
    assert done.returncode == 0, done.stderr + done.stdout
    assert digests(desk.home, [".claude/settings.json"]) == before


def test_codex_keeps_its_own_settings_sessions_and_history(tmp_path: Path) -> None:
    """Another provider in its file is won over; a session is resumed by a later run; the file stays byte for byte."""
    desk = Desk(tmp_path, "codex")
    (desk.home / ".codex").mkdir()
    (desk.home / ".codex" / "config.toml").write_text(
        'model_provider = "other"\n[model_providers.other]\nname = "o"\nbase_url = "http://127.0.0.1:9/v1"\n'
    )
    before = digests(desk.home, [".codex/config.toml"])
    first = desk.run(desk.prompt("show me"))
    assert first.returncode == 0, first.stderr + first.stdout
    again = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "resume", "--last", "and again"]
    second = desk.run(again)
    assert second.returncode == 0, second.stderr + second.stdout
    sessions = list((desk.home / ".codex" / "sessions").rglob("*.jsonl"))
    assert len(sessions) == 1
    assert "and again" in sessions[0].read_text()
    assert digests(desk.home, [".codex/config.toml"]) == before


def test_exit_codes_are_the_clients(tmp_path: Path) -> None:
    """A client that fails is a command that fails."""
    desk = Desk(tmp_path, "claude")
    assert desk.run(["--no-such-option"]).returncode == 1

"""The first hour, from the wheel to the last undo: a fresh home, the real clients, a terminal in which somebody types.

What is shown on the way is printed (`pytest -s`), so that a run is its own record.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.newcomer import Newcomer, Terminal, install
from tests.e2e.processes import Running, any_client, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SETTINGS = '{\n   "cleanupPeriodDays": 99,\n  "env": {"FOO": "1"}\n}\n'  # nothing that Claude Code itself would rewrite
CODEX = '# mine\nmodel = "gpt-5.5"   # keep this\n\n[history]\npersistence = "save-all"\n'
ASK = "NONCE=qwertyui please run the scenario"


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """axonhub, installed once."""
    any_client()
    return install(tmp_path_factory.mktemp("installed"))


@pytest.fixture
def person(venv: Path, tmp_path: Path) -> Newcomer:
    """Somebody who has settings of their own for both clients."""
    found = Newcomer(tmp_path, venv)
    for name, text in ((".claude/settings.json", SETTINGS), (".codex/config.toml", CODEX)):
        (found.home / name).parent.mkdir()
        (found.home / name).write_text(text)
    return found


@pytest.fixture
def terminal(person: Newcomer) -> Iterator[Terminal]:
    """Their terminal."""
    found = Terminal(person)
    yield found
    found.close()


def use_port(person: Newcomer) -> int:
    """A port that nobody else has, in their config.toml."""
    port = free_port()
    with (person.home / ".config" / "axonhub" / "config.toml").open("a") as file:
        file.write(f"\n[server]\nport = {port}\n")
    return port


def init(person: Newcomer, scripted: Running) -> int:
    """The proposal taken as it is, with the first model that the server lists."""
    person.run("axonhub", "init", "--no-scan", "--at", scripted.url, "--model", "mock-large", "--no-test", "--yes")
    return use_port(person)


def test_the_wheel_brings_its_manual(venv: Path) -> None:
    """`man axonhub` has something to show."""
    page = (venv / "share" / "man" / "man1" / "axonhub.1").read_text()
    assert "axonhub setup" in page
    assert ".SH EXIT STATUS" in page


def test_typing_through_the_beginning(person: Newcomer, terminal: Terminal, scripted: Running) -> None:
    """`axonhub` says what comes next; `init` asks, and Enter is always a sensible answer; then it says what comes next again."""
    terminal.type("axonhub")
    assert "channels  none yet" in terminal.read("All commands: axonhub --help")
    terminal.type(f"clear; axonhub init --no-scan --at {scripted.url} --no-test")
    for question in ("Use it\\?", "Number or name", "Write this\\?", "Set up claude-code now\\?", "Set up codex now\\?"):
        terminal.read(f"{question}[^\n]*\\s*\\Z")
        terminal.type("")
    terminal.read(r"Next:(.|\n)*[$#]\s*\Z")
    print(terminal.screen)
    use_port(person)
    terminal.type("clear; axonhub")
    shown = terminal.read("All commands: axonhub --help")
    print(shown)
    assert "Claude Code: set up" in shown
    assert "axonhub serve" in shown
    person.run("axonhub", "setup", "--undo", "--yes")
    assert person.files() == {".claude/settings.json": SETTINGS.encode(), ".codex/config.toml": CODEX.encode()}


def test_both_clients_run_and_nothing_of_theirs_changes(person: Newcomer, scripted: Running) -> None:
    """`axonhub run` for both: the answer comes from the channel, their files stay byte for byte, the session is recorded."""
    init(person, scripted)
    before = person.files()
    person.run("axonhub", "profile", "add", "chat")
    said = person.run("axonhub", "run", "claude", "-p", ASK, "--dangerously-skip-permissions", "--model", "claude-sonnet-4-5")
    assert "E2E_DONE qwertyui" in said
    yolo = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
    assert "E2E_DONE qwertyui" in person.run("axonhub", "run", "codex", "--", "exec", *yolo, "-m", "gpt-5.5", ASK)
    assert person.files() == before
    assert recorded(person) == {"claude-code", "codex"}


def recorded(person: Newcomer) -> set[str]:
    """Whose sessions are recorded: both, some tenths of a second after the last one ended."""
    for _ in range(20):
        clients = {trace["client"] for trace in json.loads(person.run("axonhub", "trace", "list", "--json"))}
        if len(clients) > 1:
            break
        time.sleep(0.25)
    return clients


def test_doctor_finds_what_was_broken_and_mends_what_is_safe(person: Newcomer, scripted: Running) -> None:
    """Six things at once: each is named with its remedy, the exit code says so, and `--fix` mends the two that are safe."""
    init(person, scripted)
    person.run("axonhub", "key", "create", "laptop")
    config = person.home / ".config" / "axonhub"
    (config / "keys.toml").chmod(0o644)
    data = person.home / ".local" / "share" / "axonhub"
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    (data / "traces.db").write_bytes(b"this is no database" * 500)
    (data / "traces.db").chmod(0o600)
    (person.home / ".claude" / "settings.json").write_text('{"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9/ccr"}}')
    person.run("axonhub", "channel", "add", "gone", "--type", "openai", "--secret", "env:NO_SUCH_VARIABLE")
    (config / "config.toml").write_text((config / "config.toml").read_text() + '\n[[channels]]\nname = "dead"\ntype = "ollama"\n'
                                        f'base_url = "http://127.0.0.1:{free_port()}/v1"\n')  # fmt: skip
    broken = {"HTTP_PROXY": "http://proxy.example:3128", "NO_PROXY": ""}
    said = person.run("axonhub", "doctor", code=1, **broken)
    print(said)
    for cause, remedy in (
        ("can be read by other users", "chmod 600 ~/.config/axonhub/keys.toml"),
        ("is damaged", "axonhub doctor --fix"),
        ("where nothing listens", "axonhub setup claude-code --write"),
        ("NO_SUCH_VARIABLE is not set", "axonhub channel secret gone"),
        ("dead", "Start that server"),
        ("would also get what is meant for this machine", "export NO_PROXY="),
    ):
        assert cause in said
        assert remedy in said
    mended = json.loads(person.run("axonhub", "doctor", "--fix", "--json", code=1, **broken))
    assert len(mended["fixed"]) == 2
    names = [(item["name"], item["status"]) for item in mended["findings"]]
    assert ("keys.toml", "ok") in names
    assert ("traces.db", "ok") in names


def test_set_up_used_and_taken_back(person: Newcomer, scripted: Running) -> None:
    """Both clients for good, a server in the background, the clients started as always; one undo, and every byte is back."""
    port = init(person, scripted)
    before = person.files()
    person.run("axonhub", "setup", "claude-code", "--write", "--yes")
    person.run("axonhub", "setup", "codex", "--yes")
    assert person.files() != before
    person.run("axonhub", "serve", "--detach")
    try:
        assert f"127.0.0.1:{port}" in person.run("axonhub", "status")
        assert "E2E_DONE qwertyui" in person.run(
            "claude", "-p", ASK, "--dangerously-skip-permissions", "--model", "claude-sonnet-4-5"
        )
        yolo = "--skip-git-repo-check --dangerously-bypass-approvals-and-sandbox"
        script = f'eval "$(axonhub setup codex --env --shell bash)" && codex exec {yolo} -m gpt-5.5 "{ASK}"'
        assert "E2E_DONE qwertyui" in person.run("bash", "-c", script)
    finally:
        person.run("axonhub", "stop")
    person.run("axonhub", "setup", "--undo", "--yes")
    assert person.files() == before

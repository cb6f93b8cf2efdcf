"""How far a client is set up, from its file, the journal and the environment."""

from pathlib import Path

from axonhub_cli.clients import codex
from axonhub_cli.clients.catalog import CLIENTS, find
from axonhub_cli.clients.journal import Journal
from axonhub_cli.clients.status import Status, ignored, status

CODEX = next(client for client in CLIENTS if client.name == "codex")


def look(home: Path, port: int = 8090, **environ: str) -> Status:
    """Codex's state now."""
    return status(CODEX, Journal(home / "setup-journal.toml"), port, environ)


def test_states(home: Path) -> None:
    """Not set up, set up, partly, unreadable: each is told, with what is wrong."""
    assert look(home).state == "not set up"
    journal = Journal(home / "setup-journal.toml")
    journal.apply(journal.plan(codex.target(8090)))
    found = look(home, AXONHUB_API_KEY="x")
    assert (found.state, found.address, found.shell, found.remarks) == ("set up", "http://127.0.0.1:8090/v1", True, ())
    assert "Run the setup again" in look(home, port=9000).remarks[0]
    text = codex.file().read_text()
    codex.file().write_text(text.replace('model_provider = "axonhub-responses"', 'model_provider = "x"'))
    found = look(home)
    assert (found.state, found.remarks) == ("partly", ("model_provider was changed since.",))
    codex.file().write_text("=")
    assert look(home).state == "unreadable"


def test_a_file_of_the_users_making_is_not_ours(home: Path) -> None:
    """Another address in the file is shown, and called nobody's fault."""
    codex.file().parent.mkdir()
    codex.file().write_text('[model_providers.axonhub-responses]\nbase_url = "http://elsewhere/v1"\n')
    found = look(home)
    assert (found.state, found.address, found.remarks) == ("not set up", "http://elsewhere/v1", ())


def test_drift_is_named(home: Path) -> None:
    """What the user changed and what the user took out since is said, each by its name."""
    journal = Journal(home / "setup-journal.toml")
    journal.apply(journal.plan(codex.target(8090)))
    text = codex.file().read_text()
    codex.file().write_text(
        text.replace("request_max_retries = 2\n", "").replace("stream_max_retries = 3", "stream_max_retries = 9")
    )
    found = look(home)
    assert found.state == "partly"
    table = "model_providers.axonhub-responses"
    assert set(found.remarks) == {
        f"{table}.request_max_retries was taken back since.",
        f"{table}.stream_max_retries was changed since.",
    }


def test_a_file_that_the_client_passes_over(home: Path) -> None:
    """Claude Code takes plain JSON only; opencode and Zed take comments."""
    texts = ['{"env": {}}', "", '{ // mine\n "env": {}}', '{"env": {},}']
    assert [ignored(find("claude-code"), text) for text in texts] == [False, False, True, True]
    assert not any(ignored(find(name), text) for name in ("zed", "opencode") for text in texts)

"""The table of clients."""

from pathlib import Path

import pytest

from axonhub_cli.clients.ask import Ask, Behind
from axonhub_cli.clients.catalog import CLIENTS, Client, find
from axonhub_cli.clients.journal import Journal
from axonhub_cli.clients.status import status


def test_each_client_is_complete() -> None:
    """Names are unique, files lie in the user's home, a file that says whom it talks to says it with a path."""
    names = [client.name for client in CLIENTS]
    assert len(set(names)) == len(names)
    for client in CLIENTS:
        assert find(client.name) is client
        assert client.file().is_relative_to(Path.home())
        assert bool(client.address) == client.below.startswith("/")


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_each_client_is_set_up_and_taken_back(client: Client, home: Path) -> None:
    """Its own edits apply to no file and to one with other settings, put the address where it says, and leave nothing behind."""
    ask = Ask(port=9000, token="ah-token", environ={}, models=("m", "n"), behind=Behind(64000, own=False))
    journal = Journal(home / "setup-journal.toml")
    for data in (None, '{\n  // mine\n  "theme": "x",\n}\n' if client.kind == "json" else "# mine\ntheme = 'x'\n"):
        client.file().parent.mkdir(parents=True, exist_ok=True)
        if data:
            client.file().write_text(data)
        journal.apply(journal.plan(client.target(ask)))
        found = status(client, journal, 9000, {client.variable: "x"})
        assert (found.state, found.shell, found.remarks) == ("set up", True, ())
        assert found.address == (f"http://127.0.0.1:9000{client.below}" if client.address else None)
        assert "ah-token" not in client.file().read_text() or client.name == "claude-code"
        record = journal.record(client.name, client.file())
        assert record is not None
        journal.undo(journal.plan_undo(record))
        assert (client.file().read_text() if client.file().exists() else None) == data


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_each_clients_variables_are_explained(client: Client) -> None:
    """Every line says what it is for, and the one that shows that a shell is ready is among them."""
    lines = client.lines(Ask(port=9000, token="ah-token", environ={"HTTP_PROXY": "p"}, model="m"))
    assert client.variable in {line.name for line in lines}
    assert "NO_PROXY" in {line.name for line in lines}
    assert all(line.why.endswith(".") for line in lines)

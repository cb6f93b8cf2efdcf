"""The table of clients."""

from axonhub_cli.clients.catalog import CLIENTS


def test_each_client_is_complete() -> None:
    """Names are unique, files lie in the user's home, addresses have a path."""
    assert [client.name for client in CLIENTS] == ["claude-code", "codex"]
    for client in CLIENTS:
        assert client.file().is_absolute()
        assert client.address
        assert client.below.startswith("/")

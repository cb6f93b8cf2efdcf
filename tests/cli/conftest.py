"""Commands are tried as if nothing ran on this machine, whatever does."""

import pytest

from axonhub_cli.config import state
from axonhub_cli.config.schema import Server


@pytest.fixture(autouse=True)
def usual_port_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that the developer runs on the usual port is no business of a test's."""
    listens = state.listens
    monkeypatch.setattr(state, "listens", lambda port: port != Server().port and listens(port))

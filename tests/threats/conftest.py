"""The server and the scriptable upstream of tests/server, and the process of tests/server/test_lifecycle."""

from tests.server.conftest import start, upstream
from tests.server.test_lifecycle import processes

__all__ = ["processes", "start", "upstream"]

"""What requests are called."""

import re

import pytest

from axonhub_cli.server import handlers


def test_ids_of_one_moment_lie_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is another one; those of the same moment begin alike, so that their rows fall on the same pages."""
    now = 1_790_000_000.0
    monkeypatch.setattr(handlers.time, "time", lambda: now)
    ids = {handlers._new_id() for _ in range(1000)}
    now += 0.001
    assert len(ids) == 1000
    assert all(re.fullmatch("ar-[0-9a-f]{24}", each) for each in ids)
    first, second = {each[:8] for each in ids}, handlers._new_id()[:8]
    assert len(first) == 1
    assert int(second[3:], 16) - int(first.pop()[3:], 16) == 1

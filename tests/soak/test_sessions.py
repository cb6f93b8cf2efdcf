"""Sessions at once: every request has its row and its bodies, and what a conversation repeats is stored once."""

from pathlib import Path

import pytest

from tests.soak.sessions import Result, load, summary


def check(result: Result) -> None:
    """What must hold at any size."""
    print(summary(result))
    assert result.wrong == []
    assert result.rows == result.answered == result.sessions * result.turns
    assert result.without_bodies == result.running_rows == result.dropped == 0


def test_a_few_sessions(tmp_path: Path) -> None:
    """A short form of the soak."""
    result = load(3, 8, 60_000, 0.0, tmp_path)
    check(result)
    assert result.database_bytes < result.sent_bytes / 3
    assert result.lag_ms.keys() <= {"p50", "p99", "max"}


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_twenty_sessions_of_a_hundred_turns(tmp_path: Path) -> None:
    """Requests of 150 KB, as fast as agents send them; the figures are printed (pytest -m soak -k sessions -s)."""
    result = load(20, 100, 150_000, 0.4, tmp_path)
    check(result)
    assert result.session_mb < 10

"""Points in time on the command line."""

import pytest

from axonhub_cli.cli.moment import moment
from axonhub_cli.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"), [("30m", 1e9 - 1800), ("2 H", 1e9 - 7200), ("1w", 1e9 - 604_800), ("2001-09-09T01:46:40+00:00", 1e9)]
)
def test_times_that_are_understood(text: str, expected: float) -> None:
    """How long ago, or an ISO date."""
    assert moment(text, 1e9) == expected


@pytest.mark.parametrize("text", ["yesterday", "5x", "-3h", "", "99999-01-01", "1" * 12 + "d"])
def test_times_that_are_not(text: str) -> None:
    """Anything else is refused with examples."""
    with pytest.raises(UsageError):
        moment(text, 1e9)

"""The soak as a test: nothing may be left of the streams, and every one has its row."""

import os

import pytest

from tests.soak.clients import bombs, left, stalled
from tests.soak.soak import quantile, soak

# Read here: a test's own environment is scrubbed.
STREAMS, SECONDS = int(os.environ.get("AXONHUB_SOAK_STREAMS", "1000")), float(os.environ.get("AXONHUB_SOAK_SECONDS", "60"))


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_nothing_is_left_of_a_thousand_streams() -> None:
    """A minute of a thousand; AXONHUB_SOAK_SECONDS and AXONHUB_SOAK_STREAMS say otherwise."""
    result = soak(STREAMS, SECONDS)

    assert result.wrong == []
    assert result.started == result.complete + result.vanished + result.broken == result.rows
    assert result.running_rows == result.tracebacks == result.exit_code == 0
    assert result.sockets_after <= result.sockets_before + 5
    assert result.tasks_after <= result.tasks_before + 5
    assert max(result.rss) < 400


def test_a_quantile_is_one_of_the_values() -> None:
    """Also of none and of one."""
    assert quantile([], 0.99) == 0
    assert quantile([3.0], 0.99) == 3
    assert quantile([float(number) for number in range(100)], 0.99) == 99


@pytest.mark.soak
def test_clients_that_do_not_read_are_cheap() -> None:
    """Each holds a few buffers, not what its upstream would say."""
    assert stalled(50).each_mb <= 0.25


@pytest.mark.soak
def test_each_client_that_leaves_is_noticed() -> None:
    """One by one and all at once; a figure for each."""
    result = left(100, trials=10)
    assert result.clients == 100
    assert 0 < result.one_p50 <= result.one_p99


@pytest.mark.soak
def test_bombs_take_no_memory() -> None:
    """Not as much as the limit of what may be decoded, twice."""
    assert bombs().grown_mb < 16

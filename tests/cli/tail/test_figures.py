"""Numbers as short words, never wider than their columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.cli.tail import figures

_NUMBERS = st.floats(min_value=0, max_value=1e13)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ""), (0, "0ms"), (840, "840ms"), (999.6, "1.0s"), (3240, "3.2s"), (99_949, "99.9s"), (99_960, "1m40s"),
     (125_000, "2m05s"),     (17 * 60_000, "17m"), (3_725_000, "1h02m"), (36_000_000, "10h")],
)  # fmt: skip
def test_durations(value: float | None, expected: str) -> None:
    """From milliseconds to hours."""
    assert figures.duration(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ""), (0, "0"), (999, "999"), (1000, "1.0k"), (9449, "9.4k"), (99_960, "100k"), (999_499, "999k"), (999_600, "1.0M")],
)
def test_counts(value: int | None, expected: str) -> None:
    """Thousands and millions with as many digits as tell something."""
    assert figures.count(value) == expected


@pytest.mark.parametrize(
    ("cost", "unpriced", "expected"),
    [(None, 0, ""), (None, 3, ""), (0.0, 0, "$0"), (0.00123, 0, "$0.0012"), (0.0123, 0, "$0.012"), (1.239, 0, "$1.24"),
     (124.4, 0, "$124"),     (0.0123, 2, "$0.012+"), (12345.0, 0, "$12.3k")],
)  # fmt: skip
def test_money(cost: float | None, unpriced: int, expected: str) -> None:
    """Unknown is empty and never 0; a sum that misses some says so."""
    assert figures.money(cost, unpriced) == expected


@pytest.mark.parametrize(
    ("output", "duration", "first", "expected"),
    [(500, 11_000, 1000, "50"), (None, 1, 0, ""), (5, None, 0, ""), (5, 10, None, ""), (5, 10, 10, ""), (0, 1000, 1, "")],
)
def test_rates(output: int | None, duration: float | None, first: float | None, expected: str) -> None:
    """Tokens after the first one by the time that they took, where there was any."""
    assert figures.rate(output, duration, first) == expected


def test_ages_percents_and_plurals() -> None:
    """The small ones."""
    assert [figures.age(value) for value in (-5, 8, 190, 7300, 500_000)] == ["0s", "8s", "3m", "2h", "5d"]
    assert [figures.percent(*pair) for pair in ((1, 3), (None, 3), (1, None), (1, 0), (9, 3))] == ["33%", "", "", "", "100%"]
    assert [figures.plural(1, "loss"), figures.plural(2, "loss"), figures.plural(0, "request")] == [
        "1 loss",
        "2 losses",
        "0 requests",
    ]


@given(value=_NUMBERS)
def test_no_figure_is_wider_than_its_column(value: float) -> None:
    """Whatever the number, the word fits."""
    assert len(figures.duration(value)) <= 5
    assert len(figures.count(int(value))) <= 5
    assert len(figures.money(value)) <= 7
    assert len(figures.money(value, 1)) <= 7

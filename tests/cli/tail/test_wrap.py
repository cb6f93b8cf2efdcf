"""Lines of a given width in cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from axonhub_cli.cli.tail.facts import harmless
from axonhub_cli.cli.tail.wrap import fit, wrap


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("漢字", 3, "漢…"),
        ("漢字漢", 4, "漢 …"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
        ("", 0, ""),
    ],
)
def test_fit_cuts_with_a_mark(text: str, cells: int, expected: str) -> None:
    """Wide characters count twice and are not cut in halves."""
    assert fit(text, cells) == expected


def test_wrap_breaks_at_words() -> None:
    """The first or the last lines, words whole where that is possible."""
    text = "one two three four\n\n  five"
    assert wrap(text, 9, tail=9) == ["one two", "three", "four", "  five"]
    assert wrap(text, 9, tail=2) == ["four", "  five"]
    assert wrap(text, 9, head=2) == ["one two", "three…"]
    assert wrap("abcdefghij", 4, head=9) == ["abcd", "efgh", "ij"]
    assert wrap("", 4, head=2) == []


@given(text=st.text(max_size=300), cells=st.integers(2, 40), head=st.integers(0, 5))
def test_no_line_is_too_wide_and_none_is_missing(text: str, cells: int, head: int) -> None:
    """Whatever the text, lines fit, and without a cut all of it is there."""
    text = harmless(text)
    lines = wrap(text, cells, head=head, tail=0 if head else 1000)
    assert all(cell_len(line) <= cells for line in lines)
    assert cell_len(fit(text.replace("\n", " "), cells)) <= cells
    if not head:
        assert "".join("".join(lines).split()) == "".join(text.split())

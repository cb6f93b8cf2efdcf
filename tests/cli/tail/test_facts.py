"""The gate lets in what has the right type, capped and harmless, and nothing else."""

import math

import pytest

from axonhub_cli.cli.tail import facts


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("opus", "opus"),
        ("a\nb\tc", "a b c"),
        ("\x1b[31mred", "␛[31mred"),
        ("", None),
        (" ", None),
        (5, None),
        (None, None),
        (["x"], None),
    ],
)
def test_a_text_is_one_harmless_line(value: object, expected: str | None) -> None:
    """Control characters are shown, line ends become spaces, other types are not told."""
    assert facts.text({"x": value}, "x") == expected


def test_a_text_is_cut_with_a_mark() -> None:
    """Long names end in an ellipsis."""
    assert facts.text({"x": "a" * 300}, "x") == "a" * 200 + "…"


@pytest.mark.parametrize("value", [True, "5", None, math.nan, math.inf, -1, 1e300, [], {}])
def test_odd_numbers_are_not_told(value: object) -> None:
    """Only finite numbers of 0 or more that make sense are numbers."""
    assert facts.number({"x": value}, "x") is None
    assert facts.count({"x": value}, "x") is None


def test_numbers_keep_their_value() -> None:
    """A float stays, a count is whole."""
    assert facts.number({"x": 1.5}, "x") == 1.5
    assert facts.count({"x": 7.9}, "x") == 7


def test_joiners_and_towers_of_marks_are_taken_out() -> None:
    """What makes a terminal's idea of the width differ from ours does not pass."""
    assert facts.harmless("👩\u200d💻\ufe0f") == "👩💻"
    assert facts.harmless("Z" + "\u0301" * 500) == "Z" + "\u0301" * 4


def test_lists_keep_what_has_the_right_type() -> None:
    """Lists are capped, and items of other types fall out."""
    assert facts.names({"x": ["a", 1, None, "b\n\tb", "c"]}, "x", 4) == ["a", "b b"]
    assert facts.groups({"x": [{"a": 1}, 2, {"b": 3}]}, "x", 9) == [{"a": 1}, {"b": 3}]
    assert facts.names({"x": "abc"}, "x", 4) == []
    assert facts.group({"x": 1}, "x") == {}
    assert facts.flag({"x": 1}, "x") is False

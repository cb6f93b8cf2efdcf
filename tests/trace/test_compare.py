"""Structural differences between bodies."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.trace.compare import Change, compare

CASES: list[tuple[Any, Any, list[Change]]] = [
    ({"a": 1}, {"a": 1}, []),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
    ({"a": 1}, {"a": 2}, [Change("changed", "a", 1, 2)]),
    ({"a": 1}, {"a": True}, [Change("changed", "a", 1, True)]),
    ({"a": 1}, {"b": None}, [Change("removed", "a", old=1), Change("added", "b")]),
    ({"m": ["x", "z"]}, {"m": ["x", "y", "z"]}, [Change("added", "m[1]", new="y")]),
    ({"m": ["x", "y", "z"]}, {"m": ["x", "z"]}, [Change("removed", "m[1]", old="y")]),
    ({"m": [{"a": {"b": 1}}]}, {"m": [{"a": {"b": 2}}]}, [Change("changed", "m[0].a.b", 1, 2)]),
    ({"m": [1, 2, 9]}, {"m": [3, 9]}, [Change("changed", "m[0]", 1, 3), Change("removed", "m[1]", old=2)]),
    ([1], {"a": 1}, [Change("changed", "(the whole body)", [1], {"a": 1})]),
    ({"m": list(range(2001))}, {"m": [*range(2000), 7]}, [Change("changed", "m[2000]", 2000, 7)]),
]


@pytest.mark.parametrize(("old", "new", "expected"), CASES)
def test_each_kind_of_difference(old: Any, new: Any, expected: list[Change]) -> None:
    """What came, went or changed, with its path; items that were put in do not make others look changed."""
    assert compare(json.dumps(old).encode(), json.dumps(new).encode()) == expected


def test_bodies_that_are_no_json() -> None:
    """They are texts."""
    assert compare(b"x\xff", b"y") == [Change("changed", "(the whole body)", "x\ufffd", "y")]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(_JSON, _JSON)
def test_no_difference_means_equal(old: Any, new: Any) -> None:
    """There are differences exactly where the values differ, and none with itself."""
    first, second = json.dumps(old).encode(), json.dumps(new).encode()
    same = json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)
    assert (compare(first, second) == []) == same
    assert compare(first, first) == []

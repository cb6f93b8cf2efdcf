"""Cutting bodies: always lossless, and so that what bodies have in common is in the same slices."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.trace.pieces import split

LONG = "x" * 300


def joined(chains: list[list[bytes]]) -> bytes:
    return b"".join(piece for chain in chains for piece in chain)


ODD = [
    b"",
    b"no json",
    b"{",
    b"{}",
    b" {} ",
    b"[1]",
    b'{"a":[' + b" " * 300 + b"]}",
    b'{"a":[],"a":["%s"]}' % (b"y" * 300),
    b'{"a":["%s"],"b":1,"a":["%s"]}' % (b"y" * 300, b"z" * 300),
    b'{"a": [ 1 , "%s" , {} ] , "b": "%s" }\n' % (b"y" * 300, b"z" * 300),
    b'{"\\ud800":"\xff"}',
    b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}",
]


@pytest.mark.parametrize("body", ODD)
def test_odd_bodies_are_whole_again(body: bytes) -> None:
    """Whatever it is, and however it is written, joining gives the same bytes."""
    assert joined(split(body)) == body


@given(
    st.dictionaries(
        st.sampled_from(["messages", "tools", "system", "a"]),
        st.recursive(st.none() | st.text() | st.just(LONG), lambda inner: st.lists(inner, max_size=5), max_leaves=8),
    ),
    st.sampled_from([None, 1, "\t"]),
)
def test_any_body_is_whole_again(fields: dict[str, Any], indent: int | str | None) -> None:
    """Values of any shape, indented or not."""
    body = json.dumps(fields, indent=indent).encode()
    assert joined(split(body)) == body


def test_a_conversation_that_goes_on_begins_with_the_same_slices() -> None:
    """Items of a list are slices without what separates them from the next, so that the last one stays the same."""
    messages = [{"role": "user", "content": f"{n} {LONG}"} for n in range(4)]
    first, second = (
        split(json.dumps({"model": "m", "messages": messages[:n], "system": LONG, "stream": True}).encode()) for n in (3, 4)
    )
    assert [len(chain) for chain in first] == [1, 3, 1, 1, 1]
    assert second[1][:3] == first[1]
    assert [second[index] for index in (0, 2, 3, 4)] == [first[index] for index in (0, 2, 3, 4)]

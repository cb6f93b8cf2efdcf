"""What two bodies share at their ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.types.deltas import in_common, shared
from axonhub_cli.types.edited import Body, Edited

PIECES = st.lists(st.sampled_from([b"a", b"b", b"ab" * 20, b"\x00", b"0123456789" * 60]), max_size=12).map(b"".join)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"", b"", (0, 0)),
        (b"same", b"same", (4, 0)),
        (b"begin end", b"begin new end", (6, 3)),
        (b"aaa", b"aaaaa", (3, 0)),
        (b"aaaaa", b"aaa", (3, 0)),
        (b"xend", b"yend", (0, 3)),
        (b"other", b"", (0, 0)),
    ],
)
def test_what_is_shared(old: bytes, new: bytes, expected: tuple[int, int]) -> None:
    """As much as there is at the beginning, then at the end, never the same byte twice."""
    assert shared(old, new) == expected


@given(PIECES, PIECES)
def test_new_is_made_of_old(old: bytes, new: bytes) -> None:
    """The new one is the old one's beginning, something, and its end; neither could be longer."""
    _check(old, new, shared(old, new))


def _check(old: bytes, new: bytes, found: tuple[int, int]) -> None:
    prefix, suffix = found
    middle = new[prefix : len(new) - suffix]
    assert old[:prefix] + middle + old[len(old) - suffix :] == new
    rest = old[prefix : len(old) - suffix]
    assert prefix + suffix <= min(len(old), len(new))
    assert not (rest and middle and (rest[0] == middle[0] or rest[-1] == middle[-1]))


@given(PIECES, st.data())
def test_edits_have_in_common_what_their_bytes_have(base: bytes, data: st.DataObject) -> None:
    """Two edits of one body, that body itself, or an edit of another one: as much as where all bytes are compared."""

    def body() -> Body:
        start = data.draw(st.integers(0, len(base)))
        edit = Edited(base, start, data.draw(st.integers(start, len(base))), data.draw(PIECES))
        return data.draw(st.sampled_from([edit, base, bytes(edit), Edited(bytes(bytearray(base)), 0, 0, b"ab")]))

    old, new = body(), body()
    _check(bytes(old), bytes(new), in_common(old, new))

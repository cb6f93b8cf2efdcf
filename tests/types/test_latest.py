"""Bodies that were sent last: others become edits of them, as long as that is most of them."""

import pytest

from axonhub_cli.types import latest
from axonhub_cli.types.latest import LARGE, NEW, Latest

TAIL = b'],"tools":[]}'


def sent(turns: int) -> bytes:
    """A request with so many kilobytes of history."""
    return b'{"messages":[' + b"".join(b"%01024d" % turn for turn in range(turns)) + TAIL


def test_a_conversation_that_goes_on_is_edits_of_one_body() -> None:
    """All of the first one, not each of the one before: that can be let go."""
    bodies = Latest[str]()
    assert bodies.edit("me", sent(64)) is None
    bodies.put("me", first := sent(64), "made")
    for turns in (64, 66, 70):
        found = bodies.edit("me", sent(turns))
        assert found is not None
        assert (found[0].base is first, bytes(found[0]), found[1]) == (True, sent(turns), "made")
        assert len(found[0].new) == (turns - 64) * 1024


def test_what_is_mostly_new_is_no_edit() -> None:
    """What grew for long, or is another conversation; the next one is an edit of that, once it was put."""
    bodies = Latest[None]()
    for data in (sent(64), sent(64 + 64 // NEW + 4), sent(40).replace(b"00", b"11"), sent(120)):
        assert bodies.edit("me", data) is None
        bodies.put("me", data, None)
        assert bodies.edit("me", bytes(bytearray(data))) is not None
    for _ in range(2):  # what is small is no matter
        assert bodies.edit("me", b"x" * (LARGE - 1)) is None
        bodies.put("me", b"x" * (LARGE - 1), None)
    assert bodies.edit("me", sent(120)) is not None


def test_nobodys_body_is_an_edit_of_somebody_elses() -> None:
    """Each sender goes on with its own."""
    bodies = Latest[None]()
    bodies.put("me", sent(64), None)
    assert bodies.edit("you", sent(64)) is None


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who spoke longest ago is forgotten first: by bytes, and by senders."""
    monkeypatch.setattr(latest, "MEMORY", 200 << 10)
    monkeypatch.setattr(latest, "KNOWN", 5)
    for turns, left in ((64, 3), (20, 5)):
        bodies = Latest[int]()
        bodies.put("first", sent(turns), 0)
        for number in range(8):
            bodies.put(number, sent(turns), number)
            assert bodies.edit("first", sent(turns)) is not None  # who goes on
            assert bodies._size == sum(len(data) for data, _ in bodies._bodies.values()) <= 200 << 10
        assert list(bodies._bodies) == [*range(9 - left, 8), "first"]
        bodies.put("first", sent(150), 0)  # too large to be worth the others
        assert list(bodies._bodies) == [*range(9 - left, 8)]

"""What sessions sent last: bodies become edits of earlier ones, as long as that is most of them."""

import pytest

from axonhub_cli.trace import latest
from axonhub_cli.trace.latest import LARGE, NEW, Latest
from axonhub_cli.trace.records import RequestRecord
from axonhub_cli.types.edited import Edited

TAIL = b'],"tools":[]}'


def sent(turns: int, session: str = "one") -> tuple[RequestRecord, bytes]:
    """A request with so many kilobytes of history."""
    record = RequestRecord(f"ar-{turns}", f"at-{session}", 1e9, "anthropic", "/v1/messages")
    return record, b'{"messages":[' + b"".join(b"%01024d" % turn for turn in range(turns)) + TAIL


def test_a_session_that_goes_on_is_edits_of_one_body() -> None:
    """All of the first one, not each of the one before: that can be let go."""
    bodies = Latest()
    record, first = sent(64)
    assert bodies.kept("client_request", record, first) is first
    for turns in (64, 66, 70):
        record, data = sent(turns)
        edit = bodies.kept("client_request", record, data)
        assert isinstance(edit, Edited)
        assert edit.base is first
        assert bytes(edit) == data
        assert len(edit.new) == (turns - 64) * 1024


def test_what_is_mostly_new_is_kept_whole() -> None:
    """And the next one is an edit of that: of what grew for long, or was made shorter."""
    bodies = Latest()
    for turns in (64, 64 + 64 // NEW + 4, 40, 120):
        record, data = sent(turns)
        whole = data if turns != 40 else data.replace(b"00", b"11")
        assert bodies.kept("client_request", record, whole) is whole
        again = bodies.kept("client_request", record, bytes(bytearray(whole)))
        assert isinstance(again, Edited)
        assert again.base is whole


def test_small_bodies_and_other_sessions_stay_what_they_are() -> None:
    """A few kilobytes are no matter; nobody's body is an edit of somebody else's, or of another kind."""
    bodies = Latest()
    assert [bodies.kept("client_request", sent(1)[0], b"x" * (LARGE - 1)) for _ in range(2)] == [b"x" * (LARGE - 1)] * 2
    for session in ("one", "two"):
        for kind in ("client_request", "upstream_request"):
            record, data = sent(64, session)
            assert bodies.kept(kind, record, data) is data  # type: ignore[arg-type]  # kinds in a loop


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who spoke longest ago is forgotten first: by bytes, and by sessions."""
    monkeypatch.setattr(latest, "MEMORY", 200 << 10)
    monkeypatch.setattr(latest, "KNOWN", 5)
    for turns, left in ((64, 3), (20, 5)):
        bodies = Latest()
        for number in range(8):
            bodies.kept("client_request", *sent(turns, str(number)))
            bodies.kept("client_request", *sent(turns, "0"))  # which goes on
            assert bodies._size == sum(map(len, bodies._bodies.values())) <= 200 << 10
        assert [key[1] for key in bodies._bodies] == [*(f"at-{number}" for number in range(9 - left, 8)), "at-0"]

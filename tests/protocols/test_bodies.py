"""Requests that go on with earlier ones: what is found is what a look at all of them would find."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.errors import AxonHubError
from axonhub_cli.protocols import bodies
from axonhub_cli.protocols.bodies import Bodies
from axonhub_cli.protocols.body import ClientBody, Glance
from axonhub_cli.types import latest
from axonhub_cli.types.edited import Edited

ITEMS, INSTEAD = bodies._STAND_INS[bodies._FIRST], bodies._STAND_INS["tools"]
MARKS = (b"axonhub:", b"signature")
TOOLS = [{"name": f"tool_{number}", "description": "d" * 300} for number in range(10)]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is worth it."""
    monkeypatch.setattr(latest, "LARGE", 0)
    monkeypatch.setattr(latest, "NEW", 1)
    monkeypatch.setattr(bodies, "_FEW", 3)


def facts(read: Callable[[bytes], ClientBody], data: bytes) -> Any:
    """All that can be asked of a body; or the error that it is."""
    try:
        body = read(data)
    except AxonHubError as error:
        return str(error)
    seen = body.seen
    found = {} if seen is None else {name: _plain(getattr(seen, name)) for name in Glance.__struct_fields__ if name != "model"}
    edited = body.edited({"model": "other"})
    return (
        type(seen), found, body.get("model"), body.get("tools"), body.get("extra"), body.roles, body.size_of("tools"),
        [body.apart(key, frozenset({"tools"})) for key in ("messages", "input")], [body.said((mark,)) for mark in MARKS],
        list(body.backwards("messages")), list(body.backwards("input")), body.fields, edited and bytes(edited),
    )  # fmt: skip


def _plain(value: Any) -> Any:
    return (
        [bytes(item) for item in value] if isinstance(value, list) else value if isinstance(value, str | None) else bytes(value)
    )


def message(number: int, **more: Any) -> dict[str, Any]:
    """What somebody says."""
    return {"role": ("user", "assistant")[number % 2], "content": f"{number} {'word ' * (number % 7)}", **more}


def test_a_conversation_that_goes_on_is_read_where_it_is_new() -> None:
    """Of the next turn the new messages are looked at: nothing else is, or it would not be the earlier ones' own bytes."""
    known = Bodies()
    first = known.read("me", json.dumps({"model": "m", "messages": [message(n) for n in range(40)], "tools": TOOLS}).encode())
    for turns in (40, 42, 45):
        data = json.dumps({"model": "m", "messages": [message(n) for n in range(turns)], "tools": TOOLS}).encode()
        body = known.read("me", data)
        assert body.seen is not None
        assert first.seen is not None
        assert isinstance(body.seen.messages, list)
        assert isinstance(first.seen.messages, list)
        same = [ours is theirs for ours, theirs in zip(body.seen.messages, first.seen.messages, strict=False)]
        assert same == [True] * 40
        assert body.seen.tools is first.seen.tools
        assert isinstance(body.kept, Edited)
        assert facts(partial(known.read, "me"), data) == facts(ClientBody, data)


SPACES = st.sampled_from([(", ", ": "), (",", ":"), (" ,\n", " : ")])
CHANGES: dict[str, list[Any]] = {
    "system": ["a", [{"type": "text", "text": "b" * 9}]], "tools": [TOOLS[:1], TOOLS[:3], []], "model": ["m", "n", None],
    "extra": [1],
}  # fmt: skip
PIECES = st.sampled_from([
    b",", b"]", b"[", b"{", b"}", b'"', b"\\", b" ", b'{"role":"user","content":"x"}', b'],"messages":[', b'],"tools":[1],"x":[',
    b'"tools":7,', b'"model":"n",',
    ITEMS, INSTEAD, ITEMS + b",", b"1", b"signature", b"\xff", b"null",
])  # fmt: skip


@st.composite
def _requests(draw: st.DrawFn) -> list[bytes]:
    """A conversation: it grows, messages change, fields come and go; in between somebody has put in or taken out bytes."""
    separators, key = draw(SPACES), draw(st.sampled_from(["messages", "messages", "input"]))
    said = [message(n) for n in range(draw(st.integers(0, 8)))]
    order = draw(st.permutations(["model", key, "tools", "system", "metadata"]))
    fields: dict[str, Any] = {"model": "m", key: said, "tools": TOOLS[: draw(st.integers(0, 3))], "system": "be brief"}
    fields["metadata"] = draw(st.sampled_from([{}, {"copy": said, "tools": fields["tools"]}]))
    sent = []
    for _ in range(draw(st.integers(2, 5))):
        _change(draw, said, fields)
        names = [*order, *(name for name in fields if name not in order)]
        data = json.dumps({name: fields[name] for name in names}, separators=separators).encode()
        if draw(st.integers(0, 3)) == 0:
            at, gone = draw(st.integers(0, len(data))), draw(st.sampled_from([0, 1, 20]))
            data = data[:at] + draw(PIECES) + data[at + gone :]
        sent.append(data)
    return sent


def _change(draw: st.DrawFn, said: list[dict[str, Any]], fields: dict[str, Any]) -> None:
    change = draw(st.sampled_from(["grow", "grow", "mark", "same", "shrink", "sign", *CHANGES]))
    if change == "grow" or not said:
        said += [message(len(said) + n) for n in range(draw(st.integers(1, 3)))]
    elif change in CHANGES:
        fields[change] = draw(st.sampled_from(CHANGES[change]))
    elif change != "same":
        at = draw(st.integers(0, len(said) - 1))
        more = {} if change == "shrink" else {"signature" if change == "sign" else "cache_control": {"type": "ephemeral"}}
        said[at : at + 1] = [{**said[at], **more}] if more else []


@given(_requests())
def test_what_is_found_is_what_is_there(sent: list[bytes]) -> None:
    """However a conversation goes on, and whatever it is made to look like."""
    known = Bodies()
    for data in sent:
        assert facts(partial(known.read, "me"), data) == facts(ClientBody, data)


@given(_requests(), st.data())
def test_any_change_anywhere(sent: list[bytes], data: st.DataObject) -> None:
    """One body, and the same with some bytes exchanged at any place."""
    first = sent[0]
    at = data.draw(st.integers(0, len(first)))
    gone = data.draw(st.integers(0, min(4, len(first) - at)))
    changed = first[:at] + b"".join(data.draw(st.lists(PIECES, max_size=3))) + first[at + gone :]
    known = Bodies()
    facts(partial(known.read, "me"), first)
    assert facts(partial(known.read, "me"), changed) == facts(ClientBody, changed)


BASE = b'{"model":"m","system":"be brief","messages":[{"a":1},{"a":2},{"a":3}],"tools":[1,2,3]}'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'],"tools"', b'],"messages":[{"a":9}],"tools"'),
        (b"[1,2,3]", b'[1,2,3],"tools":[4]'),
        (b'{"a":3}', b""),
        (b',"tools"', b',"x":"","tools"'),
        (b'3}],"tools":[', b'"],\\"tools\\":['),
        (b'{"a":3}],"tools":[1,2,3]', b'{"b":[{"a":3}],"tools":[1,2,3]}]'),
        (b'{"a":3}', b'{"a":' + ITEMS + b"}"),
        (b'{"a":3}', ITEMS),
        (b"[1,2,3]", INSTEAD + b',"system":[1,2,3]'),
        (b'{"a":3}', b'{"a":3]'),
        (b"[1,2,3]", b"{1,2,3]"),
        (b"[1,2,3]", b"[1,2,3}"),
        (b"[1,2,3]", b"[1,2,3,4]"),
        (b',"tools"', b',"model":"n","tools"'),
        (b',"tools"', b',"model":"m","tools"'),
        (b'{"a":3}', b'{"a":"signature"}'),
        (b',"tools"', b',"system":"be brief","tools"'),
        (b'"m"', b'"n"'),
    ],
)
def test_what_only_looks_alike(old: bytes, new: bytes) -> None:
    """Keys twice, a broken end, an end within a text or another value, what stands for the known as the client's own words;
    wherever the tools stand."""
    for base in (BASE, b'{"tools":[1,2,3],' + BASE[1:].replace(b',"tools":[1,2,3]', b"")):
        known, changed = Bodies(), base.replace(old, new)
        known.read("me", base)
        assert facts(partial(known.read, "me"), changed) == facts(ClientBody, changed)


@pytest.mark.parametrize(
    "first",
    [b"{}", b'{"messages":[]}', b'{"input":"x"}', b'{"messages":[1],"messages":[1,2]}', b'{"model":1e999,"messages":[1]}'],
)
def test_odd_bodies_are_read_whole(first: bytes) -> None:
    """No conversation, an empty one, one that is a text, one that stands there twice, and broken ones."""
    known = Bodies()
    for data in (first, first, first[:-1] + b" }", first[:-1]):
        assert facts(partial(known.read, "me"), data) == facts(ClientBody, data)

"""A request body that is looked into no further than needed."""

import json
from typing import Any

import pytest

from axonhub_cli.errors import ProtocolError, RequestError
from axonhub_cli.protocols.body import ClientBody
from axonhub_cli.protocols.raw import splice


@pytest.mark.parametrize(
    ("body", "items"),
    [
        ('{"messages":[1,"two",{"three":3}]}', [{"three": 3}, "two", 1]),
        ('{"messages":[]}', []),
        ('{"messages":"text"}', ["text"]),
        ('{"messages":null}', []),
        ("{}", []),
        ('{"messages":["a","\\ud800"]}', ["\ufffd", "a"]),
        ('{"x":"\\ud800","messages":["a","b"]}', ["b", "a"]),
    ],
)
def test_a_list_is_read_from_its_end(body: str, items: list[object]) -> None:
    """Also in a body with half a character in it; what is no list is one element."""
    assert list(ClientBody(body.encode()).backwards("messages")) == items


def test_nothing_before_the_asked_element_is_built() -> None:
    """A broken number early in the history does not matter to who wants the last message."""
    body = ClientBody(json.dumps({"messages": ["x" * 10, "last"]}).encode())
    assert next(body.backwards("messages")) == "last"
    assert "fields" not in body.__dict__


@pytest.mark.parametrize(("body", "found"), [("{}", "missing"), ('{"model":" "}', "empty"), ('{"model":5}', "a JSON number")])
def test_a_model_is_required(body: str, found: str) -> None:
    """The error names the field and what stood there."""
    with pytest.raises(RequestError, match=f"model: a model name is required, it is {found}"):
        assert ClientBody(body.encode()).model


@pytest.mark.parametrize("body", [b"[]", b"{", b'"x"', b""])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    """At the first look."""
    with pytest.raises(ProtocolError):
        ClientBody(body)


@pytest.mark.parametrize(
    ("written", "roles"),
    [
        (
            {"messages": [{"role": "system", "content": "x"}, {"content": "y", "role": "user"}, {"content": "z"}, 1]},
            ["system", "user", "", ""],
        ),
        ({"input": [{"role": "developer", "content": "x"}, {"type": "function_call"}]}, ["developer", ""]),
        ({"input": "hi"}, []),
        ({"messages": "hi"}, []),
        ({"messages": [{"role": 5}], "tools": 1}, [""]),
        ({}, []),
    ],
)
def test_who_speaks_is_known_without_building_messages(written: dict[str, Any], roles: list[str]) -> None:
    """In order; the empty word where no role is said, also in what is no conversation."""
    body = ClientBody(json.dumps({"model": "m", **written}).encode())
    assert body.roles == roles


def spliced(data: bytes, changes: dict[str, Any]) -> bytes:
    """What is sent: the edit, or where there is none what a parser makes."""
    edited = ClientBody(data).edited(changes)
    return splice(data, changes) if edited is None else bytes(edited)


@pytest.mark.parametrize(
    "body",
    [
        '{"model":"old","messages":[{"model":"old"}]}',
        ' {  "model" :\t"old" , "messages":[]}',
        '{"model":"old"}',
        '{"messages":[{"a":"\\"model\\":\\"old\\""}],"model":"old"}',
        '{"model":"old","x":1,"model":"old"}',
        '{"model":"old","model":"other"}',
        '{"model":"\\u006fld","x":1}',
        '{"model":["old"],"x":1}',
        '{"model":null,"x":1}',
        '{"model":"old","x":"\\ud800"}',
        '{"x":1}',
        '{"model":"öld 🦉","x":1}',
    ],
)
@pytest.mark.parametrize("changes", [{"model": "new"}, {"model": 'ne"w'}, {"model": None}, {"model": "new", "x": 2}])
def test_a_splice_says_what_a_parser_says(body: str, changes: dict[str, Any]) -> None:
    """Where the key stands twice too, no value of it remains: which one counts is up to who reads it."""
    sent = spliced(body.encode(), changes)
    assert json.loads(sent) == json.loads(splice(body.encode(), changes))
    assert "old" in changes.values() or sent.count(b'"model":"old"') <= body.count('[{"model":"old"')


def test_a_splice_of_the_model_keeps_every_other_byte() -> None:
    """Blanks, too: what it does not mean it does not touch."""
    body = b'{ "model" : "old",\n "x" : [1, 2.50],\t"y":"\\u0041" }'
    assert spliced(body, {"model": "new"}) == body.replace(b'"old"', b'"new"')


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('{"messages":[{"role":"user","content":"mark"}]}', False),
        ('{"messages":[{"role": "tool","content":"mark"}],"tools":["mark"]}', False),
        ('{"messages":[{"role":"assistant","content":"mark"}]}', True),
        ('{"messages":[{"content":"mark","role":"user"}]}', True),
        ('{"input":[{"type":"message","content":"mark"},{"type":"function_call_output","output":"mark"}]}', False),
        ('{"input":[{"type":"reasoning","encrypted_content":"mark"}]}', True),
        ('{"contents":[{"role":"model","parts":[{"text":"mark"}]}]}', True),
        ('{"input":"mark"}', True),
        ('{"x":"\\ud800","messages":[{"role":"assistant","content":"mark"}]}', True),
    ],
)
def test_only_what_the_model_said_is_searched(body: str, found: bool) -> None:
    """Where that cannot be told quickly, all of it is."""
    assert ClientBody(body.encode()).said((b"mork", b"mark")) is found

"""A request body that is looked into no further than needed."""

import json
from typing import Any

import pytest

from axonhub_cli.errors import ProtocolError, RequestError
from axonhub_cli.protocols.body import ClientBody


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

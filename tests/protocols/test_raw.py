"""JSON at the edge: what good and bad bodies become."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.errors import ProtocolError
from axonhub_cli.protocols import raw

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_there_and_back(value: object) -> None:
    """What is written is read again; integers of any size stay integers."""
    assert raw.loads(raw.dumps(value)) == value


GOOD = [
    (b'{"a":"\\ud83d"}', {"a": "\ufffd"}),
    (b'{"a":"\\ud83d\\ude00"}', {"a": "😀"}),
    (b'{"a":"\xff"}', {"a": "\ufffd"}),
    (b"[1, 2]", [1, 2]),
    ("{}", {}),
    (str(2**70).encode(), 2**70),
]


@pytest.mark.parametrize(("data", "expected"), GOOD)
def test_loads(data: bytes | str, expected: object) -> None:
    """Half an emoji and broken UTF-8 become U+FFFD; a large number keeps its digits."""
    assert raw.loads(data) == expected


@pytest.mark.parametrize(
    "data", [b"", b"{", b'{"a":}', b'{"a":NaN}', b"nul", b'{"a":1} x', b'{"\\ud83d":', b"\xff\xfe", b'{"a":"\\ud800",}']
)
def test_broken(data: bytes) -> None:
    """Broken JSON is a `ProtocolError` that says so."""
    with pytest.raises(ProtocolError, match="JSON"):
        raw.loads(data)


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b'"\\ud800"'])
def test_deep(data: bytes) -> None:
    """Nesting without end is refused, not followed."""
    with pytest.raises(ProtocolError):
        raw.loads(data)


@given(st.binary(max_size=60) | st.text(max_size=40).map(lambda text: ('{"a":"' + text).encode("utf-8", "replace")))
def test_total(data: bytes) -> None:
    """Whatever the bytes are, there is a value or a `ProtocolError`."""
    try:
        value = raw.loads(data)
    except ProtocolError:
        return
    json.dumps(value)


@pytest.mark.parametrize(
    ("data", "kind"), [(b"[]", "array"), (b"1", "number"), (b"true", "boolean"), (b"null", "null"), (b'"a"', "string")]
)
def test_no_object(data: bytes, kind: str) -> None:
    """Where an object is due, anything else is named."""
    with pytest.raises(ProtocolError, match=kind):
        raw.loads_object(data)


def test_splice() -> None:
    """Only the named keys change; every other value keeps its bytes and its place."""
    body = b'{"a": 1.50,"model":"x", "deep" : {"z":[1,  2]}, "gone":1}'
    assert raw.splice(body, {"model": "y", "gone": None, "new": [1]}) == b'{"a":1.50,"model":"y","deep":{"z":[1,  2]},"new":[1]}'


def test_splice_tolerates_half_an_emoji() -> None:
    """A body that only the tolerant reader takes is spliced all the same."""
    assert raw.loads(raw.splice(b'{"a":"\\ud83d","model":"x"}', {"model": "y"})) == {"a": "\ufffd", "model": "y"}


def test_unknown() -> None:
    """The keys without a name are kept; none is None."""
    assert raw.unknown({"a": 1, "b": 2}, frozenset({"a"})) == {"b": 2}
    assert raw.unknown({"a": 1}, frozenset({"a"})) is None

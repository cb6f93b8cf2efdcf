"""JSON at the edge: parse once, write once, and splice without touching what was not meant.

msgspec is strict (no lone surrogates, no NaN); JavaScript clients that cut an emoji in half send them all the same. `loads` falls
back to the standard library for such a body and puts U+FFFD where no character is.
"""

import json
import re
from typing import Any

import msgspec

from ..errors import ProtocolError

Raw = msgspec.Raw
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_shallow = msgspec.json.Decoder(dict[str, Raw]).decode
_LONE = re.compile("[\ud800-\udfff]")
MAX_DEPTH_ERROR = "the JSON is nested too deeply"


def loads(data: bytes | str) -> Any:
    """The JSON value; `ProtocolError` says where it breaks."""
    try:
        return _decode(data)
    except RecursionError:
        raise ProtocolError(MAX_DEPTH_ERROR) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _tolerant(data, error)


def _tolerant(data: bytes | str, first: Exception) -> Any:
    text = data if isinstance(data, str) else data.decode("utf-8", "replace")
    if "\\u" not in text and not isinstance(first, UnicodeDecodeError) and "utf-8" not in str(first).lower():
        raise ProtocolError(f"not valid JSON: {first}")
    try:
        clean = json.dumps(json.loads(text, parse_constant=_no_constant), ensure_ascii=False)
        return _decode(_LONE.sub("\ufffd", clean))
    except RecursionError:
        raise ProtocolError(MAX_DEPTH_ERROR) from None
    except (ValueError, msgspec.DecodeError):
        raise ProtocolError(f"not valid JSON: {first}") from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def dumps(value: Any) -> bytes:
    """The value as compact JSON. A `Raw` inside keeps its bytes."""
    return _encode(value)


def loads_object(data: bytes | str, what: str = "body") -> dict[str, Any]:
    """A JSON object, or a `ProtocolError` that says what stood there instead."""
    value = loads(data)
    if not isinstance(value, dict):
        raise ProtocolError(f"the {what} is a JSON {kind_of(value)}, an object is due")
    return value


def kind_of(value: Any) -> str:
    """What JSON calls a value."""
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}
    return names.get(type(value), "value")


def splice(body: bytes, changes: dict[str, Any]) -> bytes:
    """The JSON object with some top-level keys set (None: removed); every other value keeps its exact bytes and place."""
    try:
        fields: dict[str, Any] = dict(_shallow(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = loads_object(body)
    for key, value in changes.items():
        if value is None:
            fields.pop(key, None)
        else:
            fields[key] = value
    return _encode(fields)


def unknown(fields: dict[str, Any], known: frozenset[str]) -> dict[str, Any] | None:
    """The keys of an object that the model has no name for, or None."""
    if fields.keys() <= known:
        return None
    return {key: value for key, value in fields.items() if key not in known}

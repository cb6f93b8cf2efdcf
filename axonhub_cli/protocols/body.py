"""A client's request body, looked into no further than somebody asks.

Routing needs four fields of a body that may be hundreds of kilobytes of history. The first look splits the object into raw values
(no value is built); `fields` builds the whole thing, once, when a conversion or a quirk needs it.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import msgspec

from ..errors import RequestError
from .raw import Raw, kind_of, loads, loads_object

_top = msgspec.json.Decoder(dict[str, Raw]).decode
_list = msgspec.json.Decoder(list[Raw]).decode


class ClientBody:
    """The bytes of a request and what is known of them. Raises `ProtocolError` when they are no JSON object.

    `in_path`: what the wire says in the path rather than in the body (`Codec.in_path`); it is part of the whole object here.
    """

    def __init__(self, data: bytes, in_path: dict[str, Any] | None = None) -> None:
        self.data = data
        self._in_path = in_path or {}
        try:
            self._top: dict[str, Any] | None = _top(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._top = None
            self.fields = loads_object(data, "request body") | self._in_path

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The whole object."""
        return loads_object(self.data, "request body") | self._in_path

    def get(self, key: str) -> Any:
        """One top-level value, or None."""
        if key in self._in_path:
            return self._in_path[key]
        if self._top is None or "fields" in self.__dict__:
            return self.fields.get(key)
        value = self._top.get(key)
        return None if value is None else loads(bytes(value))

    def has(self, keys: frozenset[str]) -> bool:
        """Whether any of these keys is there at the top."""
        return self._top is None or not keys.isdisjoint(self._top)

    @cached_property
    def model(self) -> str:
        """The model asked for. Raises `RequestError` when it is missing or no text."""
        model = self.get("model")
        if not isinstance(model, str) or not model.strip():
            found = "missing" if model is None else "empty" if isinstance(model, str) else f"a JSON {kind_of(model)}"
            raise RequestError(f"model: a model name is required, it is {found}.", param="model")
        return model

    @cached_property
    def stream(self) -> bool:
        """Whether the client wants a stream."""
        return self.get("stream") is True

    def size_of(self, key: str) -> int:
        """How many bytes a top-level value takes; 0 when it is not there or was built already."""
        value = (self._top or {}).get(key)
        return 0 if value is None else len(bytes(value))

    def last(self, key: str) -> Any:
        """The last element of a top-level list, or None; what comes before it is not built."""
        return next(self.backwards(key), None)

    def backwards(self, key: str) -> Iterator[Any]:
        """The elements of a top-level list from its end, each built when it is asked for; a value that is no list is one."""
        raw = self._top.get(key) if self._top is not None else None
        if raw is not None:
            try:
                items = _list(bytes(raw))
            except msgspec.DecodeError:
                pass  # no list
            else:
                yield from (loads(bytes(item)) for item in reversed(items))
                return
        value = self.get(key)
        if value is not None:
            yield from reversed(value) if isinstance(value, list) else [value]

"""Typed access to a client's JSON: a wrong type is a `RequestError` that says where, what is due and what was found.

The API is protobuf underneath: every key may come as `camelCase` or as `snake_case`, whole numbers may come as strings, and
null is absence. `Fields` makes all keys of one object camelCase and takes them out one by one; what is left is what this
program has no name for (`rest`). Objects whose keys are the user's own (arguments, schemas, results) are taken as they are.
"""

import re
from typing import Any

from ...errors import RequestError
from ...types.messages import Protocol

VENDOR: Protocol = "gemini"
NAME = "the Gemini API"
Block = dict[str, Any]
_KINDS = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
    type(None): "nothing",
}
_SNAKE = re.compile(r"_([a-z0-9])")


def camel(key: str) -> str:
    """The key in the form that the API itself writes."""
    return _SNAKE.sub(lambda found: found.group(1).upper(), key) if "_" in key else key


def wrong(path: str, due: str, found: Any) -> RequestError:
    """The error for a value of a wrong type."""
    return RequestError(f"{path}: expected {due}, found {_KINDS.get(type(found), 'something else')}", param=path)


class Fields:
    """One object of a request; `path` is where it stands ("" at the top)."""

    __slots__ = ("_left", "_path")

    def __init__(self, value: Any, path: str = "") -> None:
        if not isinstance(value, dict):
            raise wrong(path or "body", "an object", value)
        self._left = {camel(key): item for key, item in value.items()}
        self._path = path

    def at(self, key: str) -> str:
        """The path of one key."""
        return f"{self._path}.{key}" if self._path else key

    def has(self, key: str) -> bool:
        return self._left.get(key) is not None

    def take(self, key: str) -> Any:
        """The value as it is, or None."""
        return self._left.pop(key, None)

    def text(self, key: str) -> str | None:
        return self._typed(key, str, "a string")  # type: ignore[no-any-return]  # checked in _typed

    def need_text(self, key: str) -> str:
        value = self.text(key)
        if value is None:
            raise wrong(self.at(key), "a string", None)
        return value

    def flag(self, key: str) -> bool | None:
        return self._typed(key, bool, "true or false")  # type: ignore[no-any-return]  # checked in _typed

    def items(self, key: str) -> list[Any]:
        return self._typed(key, list, "a list") or []

    def mapping(self, key: str) -> dict[str, Any] | None:
        return self._typed(key, dict, "an object")  # type: ignore[no-any-return]  # checked in _typed

    def inner(self, key: str) -> "Fields":
        """The object at a key, empty where it is absent."""
        value = self.take(key)
        return Fields({} if value is None else value, self.at(key))

    def texts(self, key: str) -> tuple[str, ...]:
        items = self.items(key)
        for at, item in enumerate(items):
            if not isinstance(item, str):
                raise wrong(f"{self.at(key)}[{at}]", "a string", item)
        return tuple(items)

    def number(self, key: str) -> float | None:
        value = self.take(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise wrong(self.at(key), "a number", value)
        return value

    def integer(self, key: str) -> int | None:
        value = self._left.get(key)
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
            self._left[key] = int(value)
        found = self.number(key)
        if found is not None and not float(found).is_integer():
            raise RequestError(f"{self.at(key)}: expected a whole number, found {found}", param=self.at(key))
        return None if found is None else int(found)

    def _typed(self, key: str, kind: type, due: str) -> Any:
        value = self.take(key)
        if value is not None and not isinstance(value, kind):
            raise wrong(self.at(key), due, value)
        return value

    def keep(self, key: str, value: Any) -> None:
        """Put a value back, so that it is among the rest."""
        self._left[key] = value

    def rest(self) -> dict[str, Any] | None:
        """What nobody took."""
        return self._left or None


def clean(**fields: Any) -> Block:
    """The fields that have a value."""
    return {key: value for key, value in fields.items() if value is not None}

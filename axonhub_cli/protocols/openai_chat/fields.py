"""Typed access to a client's JSON: a wrong type is a `RequestError` that says where, what is due and what was found.

`Fields` takes an object's keys out one by one; what is left in the end is what this program has no name for (`rest`). A key
that is null is a key that is absent.
"""

from typing import Any

from ...errors import RequestError

_KINDS = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
    type(None): "nothing",
}


def wrong(path: str, due: str, found: Any) -> RequestError:
    """The error for a value of a wrong type."""
    return RequestError(f"{path}: expected {due}, found {_KINDS.get(type(found), 'something else')}", param=path)


class Fields:
    """One object of a request, `path` is where it stands ("" at the top)."""

    __slots__ = ("_left", "_path")

    def __init__(self, value: Any, path: str = "") -> None:
        if not isinstance(value, dict):
            raise wrong(path or "body", "an object", value)
        self._left = dict(value)
        self._path = path

    def at(self, key: str) -> str:
        """The path of one key."""
        return f"{self._path}.{key}" if self._path else key

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

    def items(self, key: str) -> list[Any] | None:
        return self._typed(key, list, "a list")  # type: ignore[no-any-return]  # checked in _typed

    def mapping(self, key: str) -> dict[str, Any] | None:
        return self._typed(key, dict, "an object")  # type: ignore[no-any-return]  # checked in _typed

    def number(self, key: str) -> float | None:
        value = self.take(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise wrong(self.at(key), "a number", value)
        return value

    def integer(self, key: str) -> int | None:
        value = self.number(key)
        if value is not None and not float(value).is_integer():
            raise RequestError(f"{self.at(key)}: expected a whole number, found {value}", param=self.at(key))
        return None if value is None else int(value)

    def _typed(self, key: str, kind: type, due: str) -> Any:
        value = self.take(key)
        if value is not None and not isinstance(value, kind):
            raise wrong(self.at(key), due, value)
        return value

    def rest(self) -> dict[str, Any] | None:
        """What nobody took."""
        return self._left or None

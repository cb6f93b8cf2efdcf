"""Fields of JSON objects: strict for what a client sent, lenient for what an upstream sent.

A client is told what is wrong (`expect` raises `RequestError` with the path, what is due and what was found). An upstream cannot
be told anything, so `text` and its kin take what has the right type and treat the rest as missing.
"""

from typing import Any

from ...errors import RequestError

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "list": (list,),
    "object": (dict,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_PLAIN = {str: "string", list: "list", dict: "object", int: "integer", bool: "boolean"}
_ARTICLES = {"integer": "an integer", "object": "an object"}


def expect(fields: dict[str, Any], key: str, kinds: str, path: str = "") -> Any:
    """The value of a key, or None when it is absent or null. `kinds` are names of JSON types, separated by spaces."""
    value = fields.get(key)
    if value is None or _PLAIN.get(type(value)) == kinds:  # nearly always
        return value
    return checked(value, kinds, f"{path}.{key}" if path else key)


def require(fields: dict[str, Any], key: str, kinds: str, path: str = "") -> Any:
    """Like `expect`, for keys that must be there."""
    value = expect(fields, key, kinds, path)
    return checked(None, kinds, f"{path}.{key}" if path else key) if value is None else value


def checked(value: Any, kinds: str, path: str) -> Any:
    """The value, when it is of one of these JSON types."""
    if _PLAIN.get(type(value)) == kinds:
        return value
    names = kinds.split()
    if any(_is(value, name) for name in names):
        return value
    due = " or ".join(_article(name) for name in names)
    raise RequestError(f"{path}: expected {due}, found {found(value)}", param=path)


def _is(value: Any, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _article(name: str) -> str:
    return _ARTICLES.get(name, f"a {name}")


def found(value: Any) -> str:
    """What a value is, in the words of JSON."""
    if value is None:
        return "nothing"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}
    return names.get(type(value), "something else")


def text(fields: dict[str, Any], key: str) -> str:
    """A string, "" when there is none."""
    value = fields.get(key)
    return value if isinstance(value, str) else ""


def text_or_none(fields: dict[str, Any], key: str) -> str | None:
    """A string that says something, or None."""
    return text(fields, key) or None


def number(fields: dict[str, Any], key: str) -> int | None:
    """A whole number, or None."""
    value = fields.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def mapping(fields: dict[str, Any], key: str) -> dict[str, Any]:
    """An object, empty when there is none."""
    value = fields.get(key)
    return value if isinstance(value, dict) else {}


def objects(fields: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects of a list; whatever else stands in it is passed over."""
    value = fields.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def clean(**fields: Any) -> dict[str, Any]:
    """The fields that are not None."""
    return {key: value for key, value in fields.items() if value is not None}

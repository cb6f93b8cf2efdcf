"""JSON schema in the API's own dialect, for models and endpoints that do not know `parametersJsonSchema` (`plain_schemas`).

The dialect is a subset of OpenAPI 3.0 (https://ai.google.dev/api/caching#Schema): types in capitals, one at a time, `nullable`
beside them, `anyOf` for alternatives, `enum` of strings. References are put in place; where one leads into itself, an object
stands for it. Whatever has no place is left out and told to the receipt, once for each keyword.
"""

from typing import Any

from .schema import MAX_DEPTH

_KEPT = frozenset(
    {
        "title", "description", "default", "required", "minItems", "maxItems", "minProperties", "maxProperties", "minLength",
        "maxLength", "pattern", "minimum", "maximum",
    }
)  # fmt: skip
_FORMATS = frozenset({"float", "double", "int32", "int64", "enum", "date-time"})
_MOST = 10_000  # schemas inside one: references may multiply
_SILENT = frozenset({"$schema", "$id", "$defs", "definitions", "$comment", "examples", "additionalProperties"})  # no harm without


class Dialect:
    """One schema's way into the dialect. `lost` names the keywords that had no place."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._root = schema
        self._room = _MOST
        self.lost: set[str] = set()

    def written(self) -> dict[str, Any]:
        """The schema in the dialect."""
        return self._schema(self._root, ())

    def _schema(self, schema: Any, seen: tuple[str, ...]) -> dict[str, Any]:
        self._room -= 1
        if not isinstance(schema, dict) or len(seen) > MAX_DEPTH or self._room < 0:
            return {"type": "OBJECT"} if schema is not True else {}
        seen = (*seen, "")
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._referred(schema, reference, seen)
        kinds, nullable = _kinds(schema)
        out: dict[str, Any] = {"nullable": True} if nullable else {}
        if len(kinds) == 1:
            out["type"] = kinds[0].upper()
        elif kinds:
            out["anyOf"] = [self._schema({**schema, "type": kind}, seen) for kind in kinds]
            return out
        for key, value in schema.items():
            self._keyword(out, key, value, seen)
        return out

    def _keyword(self, out: dict[str, Any], key: str, value: Any, seen: tuple[str, ...]) -> None:
        if key in _KEPT:
            out[key] = value
        elif key == "properties" and isinstance(value, dict):
            out[key] = {name: self._schema(inner, seen) for name, inner in value.items()}
        elif key == "items":
            out[key] = self._schema(value, seen)
        elif key in ("anyOf", "oneOf") and isinstance(value, list):
            self._alternatives(out, value, seen)
        elif key in ("enum", "const"):
            self._choices(out, value if key == "enum" else [value])
        elif key == "format" and isinstance(value, str) and value in _FORMATS:
            out[key] = value
        elif key == "allOf" and isinstance(value, list) and len(value) == 1:
            out |= self._schema(value[0], seen)
        elif key not in _SILENT and key not in ("type", "nullable"):
            self.lost.add(key)

    def _alternatives(self, out: dict[str, Any], value: list[Any], seen: tuple[str, ...]) -> None:
        inner = [each for each in value if each != {"type": "null"}]
        if len(inner) < len(value):
            out["nullable"] = True
        found = [self._schema(each, seen) for each in inner]
        out |= found[0] if len(found) == 1 else {"anyOf": found}

    def _choices(self, out: dict[str, Any], values: Any) -> None:
        """Only strings can be chosen from; a null among them is a nullable."""
        choices = [each for each in values if each is not None] if isinstance(values, list) else []
        if choices and all(isinstance(each, str) and each for each in choices):
            out |= {"type": "STRING", "format": "enum", "enum": choices}
        elif choices:
            self.lost.add("enum")
        if isinstance(values, list) and None in values:
            out["nullable"] = True

    def _referred(self, schema: dict[str, Any], reference: str, seen: tuple[str, ...]) -> dict[str, Any]:
        target = _found(self._root, reference)
        if target is None or reference in seen:
            self.lost.add("$ref")
            return {"type": "OBJECT"}
        more = {key: value for key, value in schema.items() if key != "$ref"}
        return self._schema({**target, **more}, (*seen, reference))


def _kinds(schema: dict[str, Any]) -> tuple[list[str], bool]:
    """The types that a schema allows, and whether null is one of them."""
    value = schema.get("type")
    named = (
        [value]
        if isinstance(value, str)
        else [kind for kind in value if isinstance(kind, str)]
        if isinstance(value, list)
        else []
    )
    if not named and "properties" in schema:
        named = ["object"]
    return [kind for kind in named if kind != "null"], "null" in named or schema.get("nullable") is True


def _found(root: dict[str, Any], reference: str) -> dict[str, Any] | None:
    at: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        at = at.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(at, dict) else None
    return at if isinstance(at, dict) and reference.startswith("#") else None

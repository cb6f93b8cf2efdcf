"""The API's own schema dialect read as JSON schema.

`parameters` and `responseSchema` hold an OpenAPI subset: types in capitals, `nullable`, and counts that protobuf writes as
strings. Its newer fields (`parametersJsonSchema`, `responseJsonSchema`) hold plain JSON schema; that is what we write, except
where a quirk says that the upstream does not know them (`dialect`).
"""

from typing import Any

from .fields import camel

_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
_KEPT = frozenset({"enum", "required", "example", "default", "title", "description", "format", "pattern"})
_OWN = frozenset({"nullable", "propertyOrdering"})
MAX_DEPTH = 200


def as_json_schema(schema: Any, depth: int = 0) -> Any:
    """The schema with its dialect taken off. A value that is no object stays as it is."""
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return schema
    fields = {camel(key): value for key, value in schema.items()}
    out: dict[str, Any] = {}
    for key, value in fields.items():
        if key not in _OWN:
            out[key] = _value(key, value, depth)
    return _nullable(out) if fields.get("nullable") is True else out


def _value(key: str, value: Any, depth: int) -> Any:
    if key == "type" and isinstance(value, str):
        return value.lower()
    if key in _COUNTS and isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if key in ("properties", "$defs", "defs") and isinstance(value, dict):
        return {name: as_json_schema(inner, depth + 1) for name, inner in value.items()}
    if key in ("anyOf", "oneOf", "allOf", "prefixItems") and isinstance(value, list):
        return [as_json_schema(inner, depth + 1) for inner in value]
    return value if key in _KEPT else as_json_schema(value, depth + 1)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if isinstance(kind, str) and kind != "null":
        return {**schema, "type": [kind, "null"]}
    return {"anyOf": [schema, {"type": "null"}]}

"""JSON schema in the API's own dialect, for upstreams that know nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.protocols.base import Losses, Target
from axonhub_cli.protocols.gemini.dialect import Dialect
from axonhub_cli.protocols.gemini.request import write_request
from axonhub_cli.types.messages import Message, OutputFormat, Request, Text, Tool
from axonhub_cli.types.quirks import Quirks

CASES: list[tuple[dict[str, Any], dict[str, Any], set[str]]] = [
    (
        {"$schema": "x", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False},
        {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["a"]},
        set(),
    ),
    ({"type": ["string", "null"]}, {"type": "STRING", "nullable": True}, set()),
    ({"type": ["string", "integer"]}, {"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}]}, set()),
    ({"anyOf": [{"type": "number"}, {"type": "null"}]}, {"type": "NUMBER", "nullable": True}, set()),
    ({"const": "x"}, {"type": "STRING", "format": "enum", "enum": ["x"]}, set()),
    ({"enum": ["a", None]}, {"type": "STRING", "format": "enum", "enum": ["a"], "nullable": True}, set()),
    ({"type": "integer", "enum": [1, 2]}, {"type": "INTEGER"}, {"enum"}),
    ({"type": "string", "format": "uri"}, {"type": "STRING"}, {"format"}),
    ({"type": "integer", "exclusiveMinimum": 0}, {"type": "INTEGER"}, {"exclusiveMinimum"}),
    (
        {"properties": {"a": {"$ref": "#/$defs/A", "description": "d"}}, "$defs": {"A": {"type": "array", "items": True}}},
        {"type": "OBJECT", "properties": {"a": {"type": "ARRAY", "items": {}, "description": "d"}}},
        set(),
    ),
    (
        {"$ref": "#/$defs/N", "$defs": {"N": {"type": "object", "properties": {"next": {"$ref": "#/$defs/N"}}}}},
        {"type": "OBJECT", "properties": {"next": {"type": "OBJECT"}}},
        {"$ref"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "written", "lost"), CASES, ids=[str(case[0])[:40] for case in CASES])
def test_a_schema_in_the_dialect(schema: dict[str, Any], written: dict[str, Any], lost: set[str]) -> None:
    """What has a place there takes it; what has none is named."""
    dialect = Dialect(schema)
    assert dialect.written() == written
    assert dialect.lost == lost


words = st.sampled_from(["type", "properties", "items", "anyOf", "$ref", "enum", "const", "format", "allOf", "a", "$defs"])
values = st.recursive(
    st.none() | st.booleans() | st.sampled_from(["object", "string", "null", "#/$defs/a", "#/a", "#"]) | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(words, values, max_size=4))
def test_any_object_comes_to_an_end(schema: dict[str, Any]) -> None:
    """Whatever stands there: an object of the dialect's own words, and no endless way."""
    allowed = {"type", "nullable", "properties", "items", "anyOf", "enum", "format"}
    assert Dialect(schema).written().keys() <= allowed


def test_references_that_multiply_come_to_an_end() -> None:
    """Thirty definitions, each of which refers to the next one twice."""
    deep = {f"d{n}": {"properties": {k: {"$ref": f"#/$defs/d{n + 1}"} for k in "ab"}} for n in range(30)}
    assert Dialect({"$ref": "#/$defs/d0", "$defs": deep}).written()["type"] == "OBJECT"


def test_requests_take_it_where_the_quirk_says_so() -> None:
    """Tools and structured output; what is lost is on the receipt."""
    schema = {"type": "object", "properties": {"a": {"type": "string", "format": "uri"}}}
    request = Request(
        origin="anthropic", model="m", messages=(Message(role="user", parts=(Text(text="x"),)),),
        tools=(Tool(name="t", schema=schema),), output=OutputFormat(kind="json_schema", schema=schema),
    )  # fmt: skip
    losses = Losses()
    body = write_request(request, Target(model="m", quirks=Quirks(plain_schemas=False)), losses)
    (function,) = body["tools"][0]["functionDeclarations"]
    assert function["parameters"]["properties"] == {"a": {"type": "STRING"}}
    assert "parametersJsonSchema" not in function
    assert body["generationConfig"]["responseSchema"]["type"] == "OBJECT"
    assert {loss.path for loss in losses.items} == {"tools[0].parameters", "response_format"}
    plain = write_request(request, Target(model="m"), losses)
    assert plain["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"] == schema

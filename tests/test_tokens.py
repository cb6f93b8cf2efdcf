"""The local estimate of a request's tokens: it counts everything, and errs on the high side."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.tokens import IMAGE, estimate, text_tokens
from axonhub_cli.types.messages import (
    Media,
    Message,
    Opaque,
    OutputFormat,
    Part,
    Reasoning,
    Refusal,
    Request,
    Seal,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)

WORDS = "The quick brown fox jumps over the lazy dog. "


def request(*parts: Part, **fields: Any) -> Request:
    return Request(**{"origin": "anthropic", "model": "m", "messages": (Message(role="user", parts=parts),), **fields})


CODE = """def replay(response):
    for index, part in enumerate(response.parts):
        if isinstance(part, Text) and part.text != "":
            yield TextDelta(index=index, text=part.text)
    return None
"""
LOG = "2026-11-25 18:59:39,123 INFO server.relay: attempt 3 of ar-5f0c91 took 1284 ms (status=529)\n"
SCHEMA = {
    "type": "object",
    "properties": {
        "file_path": {"type": "string", "description": "The absolute path"},
        "limit": {"type": "integer", "minimum": 1},
    },
    "required": ["file_path"],
}
# Fifty times each of these, and how many tokens a byte-pair tokenizer with a vocabulary of 100,000 makes of that.
KNOWN = [
    (WORDS, 501),
    (CODE, 2100),
    (LOG, 2000),
    ("今天天气很好，我们去公园散步吧。", 1000),
    ("吾輩は猫である。名前はまだ無い。", 1050),
    ("Быстрая коричневая лиса прыгает через ленивую собаку. ", 1401),
    ("Der schnelle braune Fuchs springt über den faulen Hund, während die Sonne untergeht. ", 1151),
    ("Great 😀🚀✨ work! ", 451),
]


@pytest.mark.parametrize(("text", "tokens"), KNOWN)
def test_near_the_real_number(text: str, tokens: int) -> None:
    """Prose, code, logs and other scripts come out between 0.9 and 1.4 of a real tokenizer's number."""
    assert 0.9 * tokens <= estimate(request(Text(text=text * 50))) <= 1.4 * tokens


def test_json_is_near_the_real_number() -> None:
    """A tool's schema, which a tokenizer makes 36 tokens of, costs about as much."""
    with_schema, without = (estimate(request(tools=(Tool(name="t", schema=schema),))) for schema in (SCHEMA, None))
    assert 36 <= with_schema - without <= 54


BASE = estimate(request(Text(text="Hi")))
COUNTED: list[dict[str, Any]] = [
    {"system": (Text(text=WORDS),)},
    {"tools": (Tool(name="t", description=WORDS),)},
    {"tools": (Tool(name="t", kind="custom", format={"type": "grammar", "definition": WORDS}),)},
    {"tools": (Tool(name="web_search", kind="hosted", raw={"type": "web_search", "about": WORDS}),)},
    {"output": OutputFormat(kind="json_schema", schema={"description": WORDS})},
]


@pytest.mark.parametrize("fields", COUNTED)
def test_everything_beside_the_messages_counts(fields: dict[str, Any]) -> None:
    """System, tools of each kind and the output's schema add to the number."""
    assert estimate(request(Text(text="Hi"), **fields)) >= BASE + 10


PARTS: list[Part] = [
    Text(text=WORDS),
    Refusal(text=WORDS),
    Reasoning(text=WORDS),
    Reasoning(text="", seal=Seal("anthropic", "signature", "x" * 200)),
    ToolCall(id="c", name="n", arguments='{"a":"' + WORDS + '"}'),
    ToolResult(call_id="c", parts=(Text(text=WORDS),)),
    Media(kind="document", mime="text/plain", data="QUJD" * 20),
    Media(kind="audio", data="QUJD" * 2000),
    Opaque(protocol="anthropic", kind="search_result", raw={"text": WORDS}),
]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: type(part).__name__)
def test_every_part_counts(part: Part) -> None:
    """Each kind of part adds to the number."""
    assert estimate(request(Text(text="Hi"), part)) >= BASE + 10


def test_media() -> None:
    """An image costs the same whatever its bytes, also inside a result; a document by its size, or a flat sum when only named."""
    small, large = (Media(kind="image", data="x" * n) for n in (10, 1_000_000))
    assert estimate(request(small)) == estimate(request(large)) >= IMAGE
    assert estimate(request(ToolResult(call_id="c", parts=(small, small)))) >= 2 * IMAGE
    pages = [Media(kind="document", mime="application/pdf", data="x" * n) for n in (100, 400_000)]
    one, many = (estimate(request(page)) for page in pages)
    assert 2000 < one < many
    assert estimate(request(Media(kind="document", url="https://a.example/b.pdf"))) > 2000


def test_deferred_tools() -> None:
    """A deferred tool costs as much as any: targets that cannot defer get it whole."""
    loaded, deferred = (estimate(request(tools=(Tool(name="t", schema=SCHEMA, deferred=d),))) for d in (False, True))
    assert deferred == loaded


@given(st.text(max_size=200), st.text(max_size=200))
def test_more_text_is_never_less(text: str, more: str) -> None:
    """The estimate is positive and grows with the text."""
    assert 0 < estimate(request(Text(text=text))) <= estimate(request(Text(text=text + more)))
    assert text_tokens(text) <= text_tokens(text + more)

"""Whole answers, usage and stop reasons."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.errors import ProtocolError
from axonhub_cli.protocols.anthropic import CODEC
from axonhub_cli.protocols.anthropic.response import read_reason, read_usage, write_reason, write_usage
from axonhub_cli.protocols.base import Reply
from axonhub_cli.types.messages import Media, Opaque, Reasoning, Refusal, Response, Seal, Text, ToolCall, Usage

WIRE = Path(__file__).parents[2] / "wire" / "anthropic"
GOLDEN = sorted(WIRE.glob("*.response.json"))
REPLY = Reply(id="msg_ours", model="asked", created=1)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_identity(path: Path) -> None:
    """An answer of this protocol is written as it came, but for the model's name, which is the one that was asked for."""
    body = json.loads(path.read_text())
    written = CODEC.write_response(CODEC.read_response(body), REPLY)
    assert written == {**body, "model": "asked"}
    assert CODEC.error_in(body) is None


USAGES: list[tuple[dict[str, Any], Usage]] = [
    ({"input_tokens": 5, "output_tokens": 2}, Usage(input=5, output=2)),
    (
        {"input_tokens": 5, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 100, "output_tokens": 2},
        Usage(input=115, output=2, cache_read=100, cache_write_5m=10),
    ),
    (
        {
            "input_tokens": 5,
            "cache_creation_input_tokens": 10,
            "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 6},
            "output_tokens": 2,
        },
        Usage(input=15, output=2, cache_read=0, cache_write_5m=4, cache_write_1h=6),
    ),
    (
        {"input_tokens": 0, "output_tokens": 20, "output_tokens_details": {"thinking_tokens": 15}},
        Usage(input=0, output=20, reasoning=15),
    ),
]


@pytest.mark.parametrize(("wire", "usage"), USAGES)
def test_usage(wire: dict[str, Any], usage: Usage) -> None:
    """Totals include the cache inside and exclude it on the wire, in both directions."""
    assert read_usage(wire) == usage
    assert write_usage(usage) == wire


def test_usage_that_nobody_told() -> None:
    """What is missing, null or no count is None; on the wire only the two required integers are there."""
    assert read_usage({}) == read_usage({"input_tokens": None, "output_tokens": "7", "cache_creation": 3}) == Usage()
    assert read_usage({"input_tokens": True, "output_tokens": -1}) == Usage()
    assert write_usage(None) == {"input_tokens": 0, "output_tokens": 0}


@given(st.builds(Usage, input=st.integers(1000, 5000), output=st.integers(0, 99), cache_read=st.none() | st.integers(0, 300),
                 cache_write_5m=st.none() | st.integers(0, 300), cache_write_1h=st.none() | st.integers(0, 300)))  # fmt: skip
def test_usage_there_and_back(usage: Usage) -> None:
    """The totals survive the other arithmetic; a lifetime that nobody told may come back as 0."""
    back = read_usage(write_usage(usage))
    assert (back.input, back.output, back.cache_read) == (usage.input, usage.output, usage.cache_read)
    assert (back.cache_write_5m or 0, back.cache_write_1h or 0) == (usage.cache_write_5m or 0, usage.cache_write_1h or 0)


REASONS = [
    ("end_turn", "stop"), ("tool_use", "tool_calls"), ("max_tokens", "length"), ("stop_sequence", "stop_sequence"),
    ("refusal", "refusal"), ("pause_turn", "pause"), ("model_context_window_exceeded", "context_length"), (None, None),
]  # fmt: skip


@pytest.mark.parametrize(("word", "reason"), REASONS)
def test_reasons(word: Any, reason: Any) -> None:
    """Each stop reason has its word, in both directions."""
    assert read_reason(word, calls=False) == reason
    assert write_reason(reason, calls=False, refused=False) == word


def test_reasons_that_mislead() -> None:
    """A call was made: that is why it stopped, unless the vendor knows something worse. Words refused: so does the reason."""
    assert [read_reason(word, calls=True) for word in ("end_turn", "stop", None, "max_tokens")] == ["tool_calls"] * 3 + ["length"]
    assert read_reason("stop", calls=False) == "unknown"
    assert write_reason("stop", calls=True, refused=False) == "tool_use"
    assert write_reason("length", calls=True, refused=False) == "max_tokens"
    assert write_reason("stop", calls=False, refused=True) == "refusal"
    assert write_reason("content_filter", calls=False, refused=False) == "refusal"
    assert write_reason("unknown", calls=False, refused=False) == "end_turn"


def test_answer_of_another_protocol() -> None:
    """Every part has a block: seals of others leave no trace, empty thinking is no block, what cannot be carried is named."""
    parts = (
        Reasoning(text="hm", seal=Seal("openai", "encrypted_content", "e")),
        Reasoning(text="", seal=Seal("openai", "encrypted_content", "e")),
        Text(text="a", extra={"annotations": []}),
        Refusal(text="no"),
        ToolCall(id="c", name="n", arguments="oops"),
        Media(kind="image", mime="image/png", data="x"),
        Opaque(protocol="openai-responses", kind="image_generation_call", raw={}),
    )
    response = Response(
        origin="openai-responses", id="", model="real", parts=parts, finish="stop", raw_finish="x", extra={"store": False}
    )
    assert CODEC.write_response(response, REPLY) == {
        "id": "msg_ours",
        "type": "message",
        "role": "assistant",
        "model": "asked",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": ""},
            {"type": "text", "text": "a"},
            {"type": "text", "text": "no"},
            {"type": "tool_use", "id": "c", "name": "n", "input": {"_raw": "oops"}},
            {"type": "text", "text": "[image image/png: left out]"},
            {"type": "text", "text": "[image_generation_call: left out]"},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }


def test_unknown_reason_of_this_protocol() -> None:
    """A stop reason that is newer than this program passes through."""
    body = {"id": "m", "model": "x", "content": [], "stop_reason": "compaction", "usage": None}
    response = CODEC.read_response(body)
    assert (response.finish, response.usage) == ("unknown", None)
    assert CODEC.write_response(response, REPLY)["stop_reason"] == "compaction"


@pytest.mark.parametrize("body", [{}, {"content": "x"}, {"content": [1]}, {"content": [{"type": "text"}]}, {"content": [{}]}])
def test_no_answer(body: dict[str, Any]) -> None:
    """A body that is no answer is a `ProtocolError` that says where."""
    with pytest.raises(ProtocolError, match="content"):
        CODEC.read_response(body)

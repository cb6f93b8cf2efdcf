"""What a Messages upstream's quirks change, beyond the one-line cases of the presets' table."""

from typing import Any

import pytest

from axonhub_cli.protocols.anthropic import CODEC
from axonhub_cli.protocols.base import Losses, Target
from axonhub_cli.types.messages import Media, Message, Reasoning, Request, Seal, Text, Thinking, Tool, ToolCall, ToolResult
from axonhub_cli.types.quirks import Quirks

LOOK = Tool(name="look", schema={"type": "object"})
ASK = Message(role="user", parts=(Text(text="hi"),))
CALL = Message(role="assistant", parts=(ToolCall(id="c", name="look", arguments="{}"),))
RESULT = Message(role="user", parts=(ToolResult(call_id="c", parts=(Text(text="seen"),)),))
SAID = Message(role="assistant", parts=(Text(text="yes"),))


def write(messages: tuple[Message, ...], quirks: Quirks, **fields: Any) -> dict[str, Any]:
    fields = {"origin": "openai-chat", **fields}
    return CODEC.write_request(Request(model="m", messages=messages, **fields), Target(model="up", quirks=quirks), Losses())


@pytest.mark.parametrize(
    ("messages", "tools", "marked"),
    [((ASK,), (), False), ((ASK,), (LOOK,), True), ((ASK, SAID, ASK), (), True), ((ASK, SAID), (), False)],
)
def test_a_cache_is_written_for_conversations_only(messages: tuple[Message, ...], tools: tuple[Tool, ...], marked: bool) -> None:
    """One question without tools has no next request that would read it."""
    assert ("cache_control" in str(write(messages, Quirks(cache_control=True), tools=tools))) is marked


@pytest.mark.parametrize(("thinking", "filled"), [(None, True), (Thinking(mode="adaptive"), True), (Thinking(mode="off"), False)])
def test_lost_thinking_is_an_empty_block_while_it_thinks(thinking: Thinking | None, filled: bool) -> None:
    """On every turn of the assistant's in a request with tools; not where thinking is off, or no tools are offered."""
    said = (ASK, CALL, RESULT, SAID, ASK)
    quirks = Quirks(replay_reasoning=True, adaptive=False)
    body = write(said, quirks, tools=(LOOK,), thinking=thinking)
    turns = [message["content"] for message in body["messages"] if message["role"] == "assistant"]
    empty = {"type": "thinking", "thinking": ""}
    assert [isinstance(turn, list) and turn[0] == empty for turn in turns] == [filled, filled]
    assert write((ASK, SAID, ASK), quirks)["messages"][1]["content"] == "yes"


def test_what_is_there_is_not_filled_again() -> None:
    """Thinking with text goes back as it is; what only its maker can read stays behind."""
    thought = Message(role="assistant", parts=(Reasoning(text="hm"), *CALL.parts))
    redacted = Message(role="assistant", parts=(Reasoning(text="", seal=Seal("anthropic", "redacted", "x")), *CALL.parts))
    quirks = Quirks(replay_reasoning=True, adaptive=False)
    first = write((ASK, thought, RESULT), quirks, tools=(LOOK,))["messages"][1]["content"]
    assert [block["type"] for block in first] == ["thinking", "tool_use"]
    assert first[0]["thinking"] == "hm"
    second = write((ASK, redacted, RESULT), quirks, tools=(LOOK,), origin="anthropic")["messages"][1]["content"]
    assert second[0] == {"type": "thinking", "thinking": ""}
    assert "redacted_thinking" in str(write((ASK, redacted, RESULT), Quirks(), tools=(LOOK,), origin="anthropic"))


@pytest.mark.parametrize("beside", [True, False])
def test_an_effort_may_go_beside_a_budget(beside: bool) -> None:
    """Where there is no adaptive thinking, but the effort is taken."""
    quirks = Quirks(adaptive=False, effort_with_budget=beside)
    body = write((ASK,), quirks, thinking=Thinking(mode="adaptive", effort="high"), max_tokens=32000)
    assert body["thinking"]["type"] == "enabled"
    assert body.get("output_config") == ({"effort": "high"} if beside else None)


def test_a_document_that_lies_with_its_vendor_is_a_document_too() -> None:
    """It is refused like any other."""
    filed = Message(role="user", parts=(Media(kind="document", file_id="file_1"),))
    assert "file_1" in str(write((filed,), Quirks(), origin="anthropic"))
    assert "file_1" not in str(write((filed,), Quirks(documents=False), origin="anthropic"))

"""What a Chat upstream's quirks change in the conversation that it gets, beyond the one-line cases of the presets' table."""

from typing import Any

import pytest

from axonhub_cli.protocols.base import Losses, Target
from axonhub_cli.protocols.openai_chat import CODEC
from axonhub_cli.types.messages import Media, Message, Reasoning, Request, Text, Thinking, Tool, ToolCall, ToolResult
from axonhub_cli.types.quirks import Quirks

REMINDER = "<system-reminder>be quick</system-reminder>"
LOOK = Tool(name="look", schema={"type": "object"})
PICTURE = Media(kind="image", mime="image/png", data="iVBORw0KGgo=")


def turns(*more: Any, result: tuple[Any, ...] = (Text(text="seen"),)) -> tuple[Message, ...]:
    """A call, and its result with more beside it."""
    return (
        Message(role="user", parts=(Text(text="hi"),)),
        Message(role="assistant", parts=(ToolCall(id="c", name="look", arguments="{}"),)),
        Message(role="user", parts=(ToolResult(call_id="c", parts=result), *more)),
    )


def write(messages: tuple[Message, ...], quirks: Quirks, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    losses = Losses()
    fields = {"origin": "anthropic", "tools": (LOOK,), **fields}
    body = CODEC.write_request(Request(model="m", messages=messages, **fields), Target(model="up", quirks=quirks), losses)
    return body, [loss.why for loss in losses.items]


# what stands beside a tool's result -> roles after the call, the result's text, whether the receipt tells
BESIDE: list[tuple[tuple[Any, ...], list[str], str]] = [
    ((), ["tool"], "seen"),
    ((Text(text=REMINDER),), ["tool"], f"seen\n\n{REMINDER}"),
    ((Text(text="and?"),), ["tool", "assistant", "user"], "seen"),
    ((Text(text=REMINDER), Text(text="and?")), ["tool", "assistant", "user"], f"seen\n\n{REMINDER}"),
    ((Text(text="and?"), Text(text=REMINDER)), ["tool", "assistant", "user"], f"seen\n\n{REMINDER}"),
    ((PICTURE, Text(text=REMINDER)), ["tool", "assistant", "user"], f"seen\n\n{REMINDER}"),
]


@pytest.mark.parametrize(("beside", "roles", "result"), BESIDE)
def test_no_user_speaks_right_after_a_tool(beside: tuple[Any, ...], roles: list[str], result: str) -> None:
    """Reminders join the result; other words, and pictures, wait for a turn of the assistant's; the receipt says so."""
    body, told = write(turns(*beside), Quirks(user_after_tool=False))
    assert [message["role"] for message in body["messages"]][2:] == roles
    assert body["messages"][2]["content"] == result
    assert bool(told) is bool(beside)
    kept, quiet = write(turns(*beside), Quirks())
    assert [message["role"] for message in kept["messages"]][2:] == (["tool", "user"] if beside else ["tool"])
    assert quiet == []


def test_a_picture_in_a_result_follows_after_such_a_turn() -> None:
    """Tool messages are text: the picture goes into a user message, which may not stand right after."""
    body, _ = write(turns(result=(Text(text="here"), PICTURE)), Quirks(user_after_tool=False))
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "tool", "assistant", "user"]
    assert body["messages"][-1]["content"][0]["type"] == "image_url"


def test_a_result_in_blocks_gets_one_more() -> None:
    """A Chat client's own list stays a list."""
    blocks = (Text(text="one"), Text(text="two"))
    body, _ = write(turns(Text(text=REMINDER), result=blocks), Quirks(user_after_tool=False), origin="openai-chat")
    assert body["messages"][2]["content"] == [{"type": "text", "text": each} for each in ("one", "two", REMINDER)]


# (thinking, the switch, the effort) where silence means on
SWITCH: list[tuple[Thinking | None, Any, Any]] = [
    (None, None, None),
    (Thinking(mode="off"), {"type": "disabled"}, None),
    (Thinking(effort="none"), {"type": "disabled"}, None),
    (Thinking(mode="adaptive", effort="medium"), None, "medium"),
    (Thinking(mode="on", budget=20000), None, "high"),
]


@pytest.mark.parametrize(("thinking", "switch", "effort"), SWITCH)
def test_only_what_is_off_is_said_where_silence_means_on(thinking: Thinking | None, switch: Any, effort: Any) -> None:
    """`thinking` is the vendors' addition; the effort has its usual place."""
    body, _ = write(turns(), Quirks(thinks_unasked=True), thinking=thinking)
    assert (body.get("thinking"), body.get("reasoning_effort")) == (switch, effort)
    assert "thinking" not in write(turns(), Quirks(), thinking=thinking)[0]


def test_lost_thinking_is_empty_on_every_turn_of_a_request_with_tools() -> None:
    """Also on turns without a call, and only where tools are offered."""
    said = (*turns(), Message(role="assistant", parts=(Text(text="done"),)), Message(role="user", parts=(Text(text="more"),)))
    replayed, _ = write(said, Quirks(replay_reasoning=True))
    assert [m["reasoning_content"] for m in replayed["messages"] if m["role"] == "assistant"] == ["", ""]
    alone, _ = write(said[3:], Quirks(replay_reasoning=True), tools=())
    assert "reasoning_content" not in alone["messages"][0]
    thought = (said[0], Message(role="assistant", parts=(Reasoning(text="hm"), Text(text="yes"))), said[-1])
    assert write(thought, Quirks(replay_reasoning=True))[0]["messages"][1]["reasoning_content"] == "hm"


def test_arguments_in_pieces_are_asked_for_where_there_are_any() -> None:
    """Streams with tools only."""
    quirks = Quirks(tool_stream=True)
    assert write(turns(), quirks, stream=True)[0]["tool_stream"] is True
    assert "tool_stream" not in write(turns(), quirks)[0]
    assert "tool_stream" not in write(turns()[:1], quirks, stream=True, tools=())[0]


def test_thinking_is_asked_for_apart_unless_the_client_said_how() -> None:
    """A Chat client's own word stays."""
    quirks = Quirks(reasoning_split=True)
    assert write(turns(), quirks)[0]["reasoning_split"] is True
    own = {"origin": "openai-chat", "extra": {"reasoning_split": False}}
    assert write(turns(), quirks, **own)[0]["reasoning_split"] is False

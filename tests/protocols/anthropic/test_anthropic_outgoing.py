"""Requests that came in another protocol, written for Anthropic."""

from typing import Any

import pytest

from axonhub_cli.protocols.anthropic import CODEC
from axonhub_cli.protocols.base import Losses, Target
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
    ToolChoice,
    ToolResult,
)
from axonhub_cli.types.quirks import Quirks

USER = Message(role="user", parts=(Text(text="Hi"),))


def request(*messages: Message, **fields: Any) -> Request:
    return Request(**{"origin": "openai-responses", "model": "asked", "messages": messages or (USER,), **fields})


def write(asked: Request, **quirks: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The body, and its losses as (action, path)."""
    losses = Losses()
    body = CODEC.write_request(asked, Target(model="claude", quirks=Quirks(**quirks)), losses)
    return body, [(loss.action, loss.path) for loss in losses.items]


def call(at: int, arguments: str = "{}", **fields: Any) -> ToolCall:
    return ToolCall(id=f"t{at}", name="run", arguments=arguments, **fields)


def result(at: int, *parts: Part) -> ToolResult:
    return ToolResult(call_id=f"t{at}", parts=parts or (Text(text="ok"),))


def say(role: Any, *parts: Part) -> Message:
    return Message(role=role, parts=parts)


def test_smallest() -> None:
    """The model is the target's, max_tokens is always there, and nothing else is invented."""
    assert write(request()) == ({"model": "claude", "max_tokens": 32000, "messages": [{"role": "user", "content": "Hi"}]}, [])


def test_results_follow_their_calls() -> None:
    """Results stand directly after the calls, in one message, before text; system messages between them come after."""
    body, lost = write(
        request(
            USER,
            say("assistant", Text(text="Both.")),
            say("assistant", call(1)),
            say("assistant", call(2)),
            say("developer", Text(text="Careful.")),
            say("user", Text(text="Meanwhile"), result(1)),
            say("user", result(2)),
            say("user", Text(text="More")),
        )
    )
    assert lost == []
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user", "system", "user"]
    assert [block["type"] for block in body["messages"][1]["content"]] == ["text", "tool_use", "tool_use"]
    assert [block.get("tool_use_id", block.get("text")) for block in body["messages"][2]["content"]] == ["t1", "t2", "Meanwhile"]
    assert body["messages"][4]["content"] == "More"


def test_own_arrangement_stays() -> None:
    """A client of this protocol keeps its messages apart; only results that would come too late are moved."""
    body, _ = write(request(USER, USER, say("assistant", call(1)), USER, say("user", result(1)), USER, origin="anthropic"))
    assert [message["role"] for message in body["messages"]] == ["user", "user", "assistant", "user", "user", "user"]
    assert body["messages"][3]["content"][0]["type"] == "tool_result"
    body, _ = write(request(USER, say("assistant", call(1)), say("user", result(1)), say("user", result(2)), origin="anthropic"))
    assert [block["tool_use_id"] for block in body["messages"][2]["content"]] == ["t1", "t2"]


def test_empty_texts() -> None:
    """Empty texts, which Anthropic refuses, and messages that hold nothing else are left out; an empty result stays."""
    body, _ = write(
        request(
            USER, say("assistant", Text(text=""), call(1)), say("user", result(1, Text(text=""))), say("user", Text(text=" "))
        )
    )
    assert body["messages"][1:] == [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "run", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": ""}]},
    ]


def test_opening() -> None:
    """A conversation that does not begin with the user gets an opening, visibly; a last assistant text is trimmed."""
    body, lost = write(request(say("assistant", Text(text="I begin \n"))))
    assert body["messages"] == [{"role": "user", "content": "Continue."}, {"role": "assistant", "content": "I begin"}]
    assert lost == [("placeholder", "messages[0]")]


ARGUMENTS = [
    (call(1, ""), {}, False),
    (call(1, '{"a": [1.50]}'), {"a": [1.5]}, False),
    (call(1, "[1]"), {"_raw": "[1]"}, True),
    (call(1, '{"a": '), {"_raw": '{"a": '}, True),
    (call(1, "*** patch", kind="custom"), {"input": "*** patch"}, False),
]


@pytest.mark.parametrize(("part", "value", "lossy"), ARGUMENTS)
def test_arguments(part: ToolCall, value: Any, lossy: bool) -> None:
    """Arguments become the object that is due; text that is none stays visible."""
    body, lost = write(request(USER, say("assistant", part)))
    assert body["messages"][1]["content"][0]["input"] == value
    assert lost == ([("placeholder", "messages[1].content[0].input")] if lossy else [])


THINKING = [
    (
        Reasoning(text="hm", seal=Seal("anthropic", "signature", "s")),
        {},
        {"type": "thinking", "thinking": "hm", "signature": "s"},
    ),
    (Reasoning(text="", seal=Seal("anthropic", "redacted", "d")), {}, {"type": "redacted_thinking", "data": "d"}),
    (Reasoning(text="hm"), {}, None),
    (Reasoning(text="hm", seal=Seal("openai", "encrypted_content", "e")), {}, None),
    (
        Reasoning(text="hm", seal=Seal("openai", "encrypted_content", "e")),
        {"replay_reasoning": True},
        {"type": "thinking", "thinking": "hm"},
    ),
]


@pytest.mark.parametrize(("part", "quirks", "block"), THINKING)
def test_seals(part: Reasoning, quirks: dict[str, Any], block: Any) -> None:
    """Only Anthropic's own seals go out; thinking without one is dropped with a loss unless the endpoint wants it."""
    body, lost = write(request(USER, say("assistant", part, Text(text="x"))), **quirks)
    content = body["messages"][1]["content"]
    assert content == ("x" if block is None else [block, {"type": "text", "text": "x"}])
    assert lost == ([("dropped", "messages[1].content[0]")] if block is None else [])


MEDIA = [
    (Media(kind="image", data="/9j/4AAQ"), {},
     {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "/9j/4AAQ"}}),
    (Media(kind="image", url="https://a.example/b"), {}, {"type": "image", "source": {"type": "url", "url": "https://a.example/b"}}),
    (Media(kind="document", mime="application/pdf", data="JVBE", name="r"), {},
     {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}, "title": "r"}),
    (Media(kind="document", mime="text/markdown", data="IyBo"), {},
     {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "# h"}}),
    (Media(kind="document", mime="text/csv", data="YSxi"), {"documents": False}, {"type": "text", "text": "a,b"}),
    (Media(kind="image", data="x"), {"images": False}, "[image: left out]"),
    (Media(kind="document", mime="application/pdf", data="x"), {"documents": False}, "[document application/pdf: left out]"),
    (Media(kind="document", mime="application/zip", data="x", name="a.zip"), {}, "[document a.zip: left out]"),
    (Media(kind="document", mime="text/plain", data="no base64!"), {}, "[document text/plain: left out]"),
    (Media(kind="image", file_id="file-1"), {}, "[image: left out]"),
    (Media(kind="audio", mime="audio/wav", data="x"), {}, "[audio audio/wav: left out]"),
    (Opaque(protocol="openai-responses", kind="local_shell_call", raw={}), {}, "[local_shell_call: left out]"),
    (Refusal(text="No."), {}, {"type": "text", "text": "No."}),
]  # fmt: skip


@pytest.mark.parametrize(("part", "quirks", "block"), MEDIA)
def test_media(part: Part, quirks: dict[str, Any], block: Any) -> None:
    """Media go out in the form that Anthropic takes; what it does not take is named in a text, and lost on the receipt."""
    body, lost = write(request(say("user", Text(text="See"), part)), **quirks)
    expected = {"type": "text", "text": block} if isinstance(block, str) else block
    assert body["messages"][0]["content"][1] == expected
    assert lost == ([("placeholder", "messages[0].content[1]")] if isinstance(block, str) else [])


def test_image_in_a_result() -> None:
    """An endpoint without images in results gets a text in their place."""
    asked = request(
        USER, say("assistant", call(1)), say("user", result(1, Text(text="a"), Media(kind="image", data="x", detail="low")))
    )
    body, lost = write(asked, image_results=False)
    assert body["messages"][2]["content"][0]["content"][1]["text"] == "[image: left out]"
    assert lost == [("placeholder", "messages[2].content[0].content[1]")]
    assert write(asked)[1] == [("dropped", "messages[2].content[0].content[1].detail")]


def test_tools() -> None:
    """Schemas go through; what has none gets an empty object; deferred tools are plain, hosted ones are lost."""
    tools = (
        Tool(name="a", schema={"type": "object", "x": 1}, strict=True, deferred=True),
        Tool(name="b", schema={"properties": {}}),
        Tool(name="c", strict=False),
        Tool(name="web_search", kind="hosted", raw={"type": "web_search"}),
    )
    body, lost = write(request(tools=tools))
    assert body["tools"] == [
        {"name": "a", "input_schema": {"type": "object", "x": 1}, "strict": True},
        {"name": "b", "input_schema": {"type": "object", "properties": {}}},
        {"name": "c", "input_schema": {"type": "object", "properties": {}}},
    ]
    assert lost == [("changed", "tools[1].input_schema"), ("dropped", "tools[3]")]


TOOLS = (Tool(name="run"),)
CHOICES: list[tuple[dict[str, Any], dict[str, Any], Any, list[str]]] = [
    ({"tool_choice": ToolChoice(mode="required")}, {}, {"type": "any"}, []),
    ({"tool_choice": ToolChoice(mode="tool", name="run")}, {}, {"type": "tool", "name": "run"}, []),
    ({"tool_choice": ToolChoice(mode="none"), "parallel_tools": False}, {}, {"type": "none"}, []),
    ({"parallel_tools": False}, {}, {"type": "auto", "disable_parallel_tool_use": True}, []),
    ({"parallel_tools": True}, {}, None, []),
    ({"parallel_tools": False}, {"parallel_flag": False}, None, ["tool_choice.disable_parallel_tool_use"]),
    ({"tool_choice": ToolChoice(mode="required")}, {"forced_tool_choice": False}, {"type": "auto"}, ["tool_choice"]),
    ({"tool_choice": ToolChoice(mode="required"), "tools": ()}, {}, None, []),
]


@pytest.mark.parametrize(("fields", "quirks", "choice", "lost"), CHOICES)
def test_tool_choice(fields: dict[str, Any], quirks: dict[str, Any], choice: Any, lost: list[str]) -> None:
    """The choice and the parallel flag go out together, and leave when there are no tools."""
    body, losses = write(request(**{"tools": TOOLS, **fields}), **quirks)
    assert body.get("tool_choice") == choice
    assert [path for _, path in losses] == lost


def test_structured_output() -> None:
    """A schema is enforced where the endpoint can; else, and for plain JSON, it is asked for in the system prompt."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    asked = request(output=OutputFormat(kind="json_schema", name="n", schema=schema), system=(Text(text="Be short."),))
    body, lost = write(asked)
    assert (body["output_config"], lost) == ({"format": {"type": "json_schema", "schema": schema}}, [])
    body, lost = write(asked, json_schema=False)
    assert '"properties":{"a"' in body["system"][1]["text"]
    assert lost == [("changed", "output_config.format")]
    assert "JSON" in write(request(output=OutputFormat(kind="json")))[0]["system"]


def test_other_parameters() -> None:
    """What this protocol has no name for is on the receipt; the user's id is metadata."""
    body, lost = write(
        request(
            seed=1, presence_penalty=0.5, frequency_penalty=0.5, verbosity="low", service_tier="flex", user="u",
            metadata={"a": "b"}, stop=("END", " "), cache_key="k", stream=True, extra={"store": False},
        )
    )  # fmt: skip
    assert body["metadata"] == {"user_id": "u"}
    assert body["stop_sequences"] == ["END"]
    assert body["stream"] is True
    assert {path for _, path in lost} == {
        "seed", "presence_penalty", "frequency_penalty", "verbosity", "service_tier", "metadata", "stop", "prompt_cache_key",
        "store",
    }  # fmt: skip
    assert "metadata" not in write(request(user="u"), metadata=False)[0]


def test_extra_keys_of_parts() -> None:
    """Keys of another protocol do not leak into blocks."""
    body, lost = write(request(say("user", Text(text="a", extra={"annotations": []}))))
    assert body["messages"] == [{"role": "user", "content": "a"}]
    assert lost == [("dropped", "messages[0].content[0].annotations")]


def test_cache_marks() -> None:
    """Where the endpoint wants them: the end of tools, of system, and of the last two user turns; never beside a client's own."""
    turns = (USER, say("assistant", Text(text="a")), USER, say("assistant", call(1)), say("user", result(1)))
    asked = request(*turns, tools=(Tool(name="a"), Tool(name="b")), system=(Text(text="s"),))
    body, _ = write(asked, cache_control=True)
    mark = {"type": "ephemeral"}
    assert [tool.get("cache_control") for tool in body["tools"]] == [None, mark]
    assert body["system"] == [{"type": "text", "text": "s", "cache_control": mark}]
    marked = [message["content"][-1].get("cache_control") for message in body["messages"] if isinstance(message["content"], list)]
    assert body["messages"][0]["content"] == "Hi"
    assert marked == [mark, None, mark]
    own = request(*turns, system=(Text(text="s", cache="1h"),))
    assert str(write(own, cache_control=True)[0]).count("cache_control") == 1
    assert "cache_control" not in str(write(request(origin="anthropic"), cache_control=True)[0])

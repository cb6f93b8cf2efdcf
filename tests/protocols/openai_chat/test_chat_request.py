"""Requests of the Chat Completions protocol: read from clients, written for upstreams, and what their quirks change."""

import json
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.errors import RequestError
from axonhub_cli.protocols.base import Losses, Target
from axonhub_cli.protocols.openai_chat import CODEC
from axonhub_cli.types.messages import (
    Media,
    Message,
    Opaque,
    OutputFormat,
    Reasoning,
    Request,
    Seal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from axonhub_cli.types.quirks import Quirks

WIRE = Path(__file__).parents[2] / "wire" / "openai_chat"
FULL = json.loads((WIRE / "request_full.json").read_text())
ASK = {"role": "user", "content": "hi"}


def read(*messages: dict[str, Any], **fields: Any) -> Request:
    return CODEC.read_request({"model": "m", "messages": list(messages) or [ASK], **fields})


def write(request: Request, *, session: str | None = None, **quirks: Any) -> tuple[dict[str, Any], Losses]:
    losses = Losses()
    target = Target(model="up", quirks=Quirks(**quirks), cache_key=session)
    return CODEC.write_request(request, target, losses), losses


def foreign(*messages: Message, **fields: Any) -> Request:
    return Request(origin="anthropic", model="m", messages=messages or (user(Text(text="hi")),), **fields)


def user(*parts: Any) -> Message:
    return Message(role="user", parts=parts)


def assistant(*parts: Any) -> Message:
    return Message(role="assistant", parts=parts)


def whys(losses: Losses) -> list[str]:
    return [f"{loss.action} {loss.path}: {loss.why}" for loss in losses.items]


def test_a_full_request_is_written_as_it_was_read() -> None:
    """Every field that a client of this protocol may send reaches an upstream of this protocol unchanged, but for the model."""
    body, losses = write(CODEC.read_request(FULL), replay_reasoning=True)
    said = [message if message["role"] != "assistant" else {"reasoning_content": "", **message} for message in FULL["messages"]]
    assert body == {**FULL, "model": "up", "messages": said}
    assert losses.items == []


def test_reading_what_was_written_gives_the_same_request() -> None:
    """Reader and writer are inverse on the neutral model."""
    first = CODEC.read_request(FULL)
    body, _ = write(first, replay_reasoning=True)
    assert CODEC.read_request({**body, "model": first.model}) == first


def test_results_stand_in_the_user_message_after_them() -> None:
    """Tool messages and the user message right after them become one user message, results first."""
    request = CODEC.read_request(FULL)
    assert [(message.role, [type(part).__name__ for part in message.parts]) for message in request.messages] == [
        ("developer", ["Text"]),
        ("user", ["Text", "Media", "Media", "Media", "Media", "Media", "Opaque"]),
        ("assistant", ["Reasoning", "Text", "ToolCall", "ToolCall"]),
        ("user", ["ToolResult", "ToolResult", "Text"]),
        ("system", ["Text"]),
        ("assistant", ["Refusal"]),
        ("user", []),
    ]
    assert request.messages[3].parts[1] == ToolResult(call_id="call_2", kind="custom", parts=(Text(text="one"), Text(text="two")))
    assert request.tools[1].format == {"type": "grammar", "syntax": "lark", "definition": 'start: "a"'}


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "image_url", "image_url": "https://x/y.png"}, Media(kind="image", url="https://x/y.png")),
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            Media(kind="image", mime="image/png", data="AA=="),
        ),
        ({"type": "image_url", "image_url": {"url": "data:text/plain,hi"}}, Media(kind="image", url="data:text/plain,hi")),
        (
            {"type": "input_audio", "input_audio": {"data": "AA", "format": "mp3"}},
            Media(kind="audio", mime="audio/mpeg", data="AA"),
        ),
        ({"type": "file", "file": {"file_data": "AA==", "filename": "x"}}, Media(kind="document", data="AA==", name="x")),
        ({"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}, Text(text="x", cache="1h")),
        ({"type": "text", "text": "x", "weight": 2}, Text(text="x", extra={"weight": 2})),
        ({"type": "poll", "options": []}, Opaque(protocol="openai-chat", kind="poll", raw={"type": "poll", "options": []})),
    ],
)
def test_a_block_is_its_part(block: dict[str, Any], part: Any) -> None:
    """Each content block has a part, and is written again as the same meaning."""
    request = read({"role": "user", "content": [block, {"type": "text", "text": "."}]})
    assert request.messages[0].parts[0] == part
    body, losses = write(request)
    again = CODEC.read_request(body)
    assert again.messages == request.messages
    assert losses.items == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"messages": [ASK]}, "model: expected a string, found nothing"),
        ({"model": "m"}, "messages: expected a list of messages, found nothing"),
        ({"model": "m", "messages": ["x"]}, "messages[0]: expected an object, found a string"),
        ({"model": "m", "messages": [{"content": "x"}]}, "messages[0].role: expected a string, found nothing"),
        (
            {"model": "m", "messages": [{"role": "wizard"}]},
            "messages[0].role: expected system, developer, user, assistant or tool, found 'wizard'",
        ),
        (
            {"model": "m", "messages": [{"role": "user", "content": 4}]},
            "messages[0].content: expected a string or a list, found a number",
        ),
        (
            {"model": "m", "messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text: expected a string, found nothing",
        ),
        (
            {"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content[0].image_url: expected an object, found nothing",
        ),
        (
            {"model": "m", "messages": [{"role": "tool", "content": "x"}]},
            "messages[0].tool_call_id: expected a string, found nothing",
        ),
        (
            {"model": "m", "messages": [{"role": "assistant", "tool_calls": [{"id": "1", "function": {}}]}]},
            "messages[0].tool_calls[0].function.name: expected a string, found nothing",
        ),
        (
            {"model": "m", "messages": [{"role": "assistant", "tool_calls": [{"id": "1", "type": "x"}]}]},
            "messages[0].tool_calls[0].type: expected function or custom, found 'x'",
        ),
        ({"model": "m", "messages": [ASK], "temperature": "hot"}, "temperature: expected a number, found a string"),
        ({"model": "m", "messages": [ASK], "max_tokens": 1.5}, "max_tokens: expected a whole number, found 1.5"),
        ({"model": "m", "messages": [ASK], "stream": "yes"}, "stream: expected true or false, found a string"),
        ({"model": "m", "messages": [ASK], "stop": 3}, "stop: expected a string or a list of strings, found a number"),
        ({"model": "m", "messages": [ASK], "stop": [3]}, "stop[0]: expected a string, found a number"),
        (
            {"model": "m", "messages": [ASK], "tools": [{"type": "function"}]},
            "tools[0].function: expected an object, found nothing",
        ),
        (
            {"model": "m", "messages": [ASK], "tool_choice": "maybe"},
            "tool_choice: expected auto, none, required or an object, found 'maybe'",
        ),
        (
            {"model": "m", "messages": [ASK], "tool_choice": {"type": "x"}},
            "tool_choice.type: expected function, custom or allowed_tools, found 'x'",
        ),
        (
            {"model": "m", "messages": [ASK], "response_format": {"type": "json_schema"}},
            "response_format.json_schema: expected an object, found nothing",
        ),
        ({"model": "m", "messages": [ASK], "stream_options": 1}, "stream_options: expected an object, found a number"),
        (
            {"model": "m", "messages": [ASK], "n": 2},
            "n: 2 answers were asked for, and one request carries one answer through this proxy.",
        ),
    ],
)
def test_a_wrong_type_is_named(body: dict[str, Any], message: str) -> None:
    """A value of a wrong type is refused with its path, what is due and what was found."""
    with pytest.raises(RequestError) as caught:
        CODEC.read_request(body)
    assert caught.value.message == message
    assert caught.value.kind == "invalid_request"


def test_old_functions_are_tools() -> None:
    """The form with functions and function_call is read as tools, a call and its result."""
    request = read(
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "42"},
        functions=[{"name": "f", "parameters": {"type": "object"}}],
        function_call={"name": "f"},
    )
    call = ToolCall(id="call_function_0", name="f", arguments="{}")
    result = ToolResult(call_id="call_function_0", parts=(Text(text="42"),))
    assert request.messages == (assistant(call), user(result))
    assert request.tools == (Tool(name="f", schema={"type": "object"}),)
    assert request.tool_choice == ToolChoice(mode="tool", name="f")
    body, _ = write(request)
    assert CODEC.read_request(body).messages == request.messages


@pytest.mark.parametrize(
    "value",
    [
        "auto",
        "none",
        "required",
        {"type": "function", "function": {"name": "f"}},
        {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [{"type": "function"}]}},
    ],
)
def test_every_tool_choice_survives(value: Any) -> None:
    """Each form of tool_choice is written as it was read, and leaves when there are no tools."""
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    assert write(read(tools=tools, tool_choice=value))[0]["tool_choice"] == value
    assert "tool_choice" not in write(read(tool_choice=value, parallel_tool_calls=True))[0]
    assert "parallel_tool_calls" not in write(read(tool_choice=value, parallel_tool_calls=True))[0]


def test_an_error_flag_is_words_and_back() -> None:
    """is_error is a prefix of the text on this wire, and a flag again when it is read."""
    request = foreign(
        assistant(ToolCall(id="a", name="f", arguments=""), ToolCall(id="b", name="f", arguments="{}")),
        user(
            ToolResult(call_id="a", parts=(Text(text="no such file"),), is_error=True),
            ToolResult(call_id="b", parts=(), is_error=True),
        ),
    )
    body, _ = write(request)
    assert [message["content"] for message in body["messages"]] == [None, "[tool error] no such file", "[tool error] "]
    assert body["messages"][0]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert CODEC.read_request(body).messages[1] == request.messages[1]


def test_pictures_in_results_move_to_the_user_message_after_them() -> None:
    """Tool messages are text: a picture stands once, in the user message after all results, before the user's own words."""
    picture = Media(kind="image", mime="image/png", data="AA==")
    request = foreign(
        assistant(ToolCall(id="a", name="f", arguments="{}"), ToolCall(id="b", name="f", arguments="{}")),
        user(
            ToolResult(call_id="a", parts=(Text(text="shot"), picture)),
            ToolResult(call_id="b", parts=(Text(text="x"), Text(text="y"))),
            Text(text="ok?"),
        ),
    )
    body, losses = write(request)
    assert body["messages"][1:] == [
        {"role": "tool", "tool_call_id": "a", "content": "shot\n[image: shown in the next message]"},
        {"role": "tool", "tool_call_id": "b", "content": "x\ny"},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                {"type": "text", "text": "ok?"},
            ],
        },
    ]
    assert whys(losses) == [
        "changed messages[1].content[0]: the image went into the user message after it: tool messages are text"
    ]


def test_text_of_another_protocol_is_one_string_where_lists_are_refused() -> None:
    """System and assistant blocks join into one string; user blocks stay a list; nothing is said twice."""
    request = foreign(
        user(Text(text="a"), Text(text="b")),
        assistant(Text(text="one "), Text(text="two")),
        system=(Text(text="s1"), Text(text="s2")),
    )
    body, losses = write(request, developer_role=False)
    assert body["messages"] == [
        {"role": "system", "content": "s1\n\ns2"},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": "one two"},
    ]
    assert losses.items == []
    assert write(request)[0]["messages"][0]["role"] == "developer"


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thinking_goes_back_to_who_wants_it(field: Any) -> None:
    """With replay_reasoning each turn has its thinking under the upstream's name for it, tool turns always; seals stay out."""
    request = foreign(
        assistant(Reasoning(text="hm", seal=Seal("anthropic", "signature", "x")), Text(text="a")),
        assistant(ToolCall(id="a", name="f", arguments="{}")),
        assistant(Text(text="b")),
    )
    body, losses = write(request, replay_reasoning=True, reasoning_field=field)
    assert [message.get(field) for message in body["messages"]] == ["hm", "", None]
    assert whys(losses) == ["dropped messages: seals of 1 earlier turns not sent: only their maker can read them"]
    body, losses = write(request)
    assert all(field not in message for message in body["messages"])
    assert whys(losses) == ["dropped messages: reasoning of 1 earlier turns not sent: this upstream does not take it"]


def test_a_turn_of_nothing_but_thinking_leaves_no_empty_message() -> None:
    """An assistant message that nothing is left of is not sent."""
    body, _ = write(foreign(user(Text(text="a")), assistant(Reasoning(text="hm")), user(Text(text="b"))))
    assert [message["content"] for message in body["messages"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (Media(kind="document", mime="text/plain", data="aGk=", name="n.txt"), "[document n.txt]\nhi"),
        (Media(kind="document", url="https://x/a.pdf"), "[document https://x/a.pdf: left out, this model cannot read it]"),
        (Media(kind="image", file_id="file_1"), "[image: left out, this model cannot read it]"),
        (Media(kind="audio", url="https://x/a.wav"), "[audio https://x/a.wav: left out, this model cannot read it]"),
        (
            Opaque(protocol="anthropic", kind="container_upload", raw={}),
            "[container_upload: left out, this model cannot read it]",
        ),
    ],
)
def test_what_has_no_block_here_is_visible_text(part: Any, text: str) -> None:
    """A part without a form in this protocol becomes its text, or a placeholder that is on the receipt."""
    body, losses = write(foreign(user(part)))
    assert body["messages"][0]["content"] == text
    assert [loss.action for loss in losses.items] == ([] if text.endswith("hi") else ["placeholder"])


def test_a_foreign_document_is_a_named_file() -> None:
    """The vendor wants a file name with the data; one is made where the client gave none."""
    body, _ = write(foreign(user(Media(kind="document", mime="application/pdf", data="JVBE"))))
    assert body["messages"][0]["content"] == [
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE", "filename": "document.pdf"}}
    ]


EFFORTS = ("low", "medium", "high")


@pytest.mark.parametrize(
    ("thinking", "quirks", "written", "losses"),
    [
        (Thinking(effort="high"), {}, "high", 0),
        (Thinking(effort="max"), {"efforts": EFFORTS}, "high", 1),
        (Thinking(effort="minimal"), {"efforts": ("none", "low")}, "low", 1),
        (Thinking(effort="xhigh"), {"efforts": ("low", "high", "max")}, "max", 1),
        (Thinking(effort="ultra"), {"efforts": EFFORTS}, "high", 1),
        (Thinking(mode="on", budget=2000), {}, "low", 1),
        (Thinking(mode="on", budget=31999), {}, "high", 1),
        (Thinking(mode="adaptive"), {}, None, 0),
        (Thinking(mode="off"), {}, None, 0),
        (Thinking(mode="off"), {"efforts": ("none", "low")}, "none", 0),
        (Thinking(mode="off", effort="none"), {}, "none", 0),
        (Thinking(mode="off", effort="none"), {"efforts": EFFORTS}, None, 0),
        (Thinking(effort="high"), {"reasoning_effort": False}, None, 1),
    ],
)
def test_effort_is_what_the_upstream_knows(thinking: Thinking, quirks: dict[str, Any], written: str | None, losses: int) -> None:
    """An effort is clamped to the nearest known one; a budget becomes an effort; off is said only where it can be."""
    body, receipt = write(foreign(thinking=thinking), **quirks)
    assert body.get("reasoning_effort") == written
    assert len(receipt.items) == losses


@pytest.mark.parametrize(
    ("fields", "quirks", "present", "absent"),
    [
        ({"max_tokens": 9}, {"max_tokens_field": "max_tokens"}, {"max_tokens": 9}, ["max_completion_tokens"]),
        ({"max_tokens": 9}, {}, {"max_completion_tokens": 9}, ["max_tokens"]),
        ({"max_tokens": 9, "max_completion_tokens": 8}, {"max_output_tokens": 5}, {"max_completion_tokens": 5}, ["max_tokens"]),
        ({"top_k": 4}, {"top_k": False}, {}, ["top_k"]),
        ({"seed": 4}, {"seed": False}, {}, ["seed"]),
        ({"presence_penalty": 1, "frequency_penalty": 1}, {"penalties": False}, {}, ["presence_penalty", "frequency_penalty"]),
        ({"verbosity": "low"}, {"verbosity": False}, {}, ["verbosity"]),
        ({"service_tier": "flex"}, {"service_tier": False}, {}, ["service_tier"]),
        ({"metadata": {"a": "b"}}, {"metadata": False}, {}, ["metadata"]),
        ({"prompt_cache_key": "k"}, {"cache_key": False}, {}, ["prompt_cache_key"]),
        ({"stop": ["1", "2", "3", "4", "5"]}, {}, {"stop": ["1", "2", "3", "4"]}, []),
        ({"stop": "1"}, {}, {"stop": ["1"]}, ["stream", "stream_options"]),
        ({"stream": True}, {}, {"stream": True, "stream_options": {"include_usage": True}}, []),
        (
            {"stream": True, "stream_options": {"include_usage": True}},
            {"stream_usage": False},
            {"stream": True},
            ["stream_options"],
        ),
    ],
)
def test_parameters_obey_the_quirks(
    fields: dict[str, Any], quirks: dict[str, Any], present: dict[str, Any], absent: list[str]
) -> None:
    """A parameter that the upstream does not take stays out and is reported; others go under the upstream's own name."""
    body, losses = write(read(**fields), **quirks)
    assert {key: body[key] for key in present} == present
    assert not body.keys() & set(absent)
    dropped = {loss.path for loss in losses.items if loss.action == "dropped"}
    assert dropped == ({*absent, *(["stop"] if len(fields.get("stop", "")) > 4 else [])} & fields.keys()) - {
        "max_tokens",
        "stream_options",
    }


def test_the_cache_key_of_the_session_is_used_where_the_client_gave_none() -> None:
    """target.cache_key becomes prompt_cache_key unless the client has its own or the upstream takes none."""
    assert write(read(), session="s")[0]["prompt_cache_key"] == "s"
    assert write(read(prompt_cache_key="mine"), session="s")[0]["prompt_cache_key"] == "mine"
    body, losses = write(read(), session="s", cache_key=False)
    assert "prompt_cache_key" not in body
    assert losses.items == []


SCHEMA = OutputFormat(kind="json_schema", schema={"type": "object"})


@pytest.mark.parametrize(
    ("form", "quirks", "written", "system", "losses"),
    [
        (OutputFormat(kind="json"), {}, {"type": "json_object"}, None, 0),
        (OutputFormat(kind="json"), {"json_object": False}, None, "Answer with one JSON object and nothing else.", 1),
        (SCHEMA, {}, {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}, None, 0),
        (SCHEMA, {"json_schema": False}, {"type": "json_object"}, '{"type":"object"}', 1),
        (SCHEMA, {"json_schema": False, "json_object": False}, None, '{"type":"object"}', 1),
    ],
)
def test_structured_output_falls_back_to_words(
    form: OutputFormat, quirks: dict[str, Any], written: Any, system: str | None, losses: int
) -> None:
    """A schema that the upstream cannot take stands in the system message, with JSON mode where there is one."""
    body, receipt = write(foreign(output=form), **quirks)
    assert body.get("response_format") == written
    first = body["messages"][0]
    assert (first["role"] == "developer" and system in first["content"]) if system else first["role"] == "user"
    assert len(receipt.items) == losses


def test_strict_and_hosted_tools_obey_the_target() -> None:
    """strict leaves where it is not known, a foreign hosted tool always, both with a loss; a missing schema is made."""
    tools = (Tool(name="f", strict=True), Tool(name="web_search_20250305", kind="hosted", raw={"type": "web_search_20250305"}))
    body, losses = write(foreign(tools=tools), strict_tools=False)
    assert body["tools"] == [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]
    assert [loss.path for loss in losses.items] == ["tools[1]", "tools.strict"]


def test_unknown_keys_of_another_protocol_are_reported() -> None:
    """Extra keys go out in their own protocol only; elsewhere each is a loss with its path."""
    request = foreign(
        Message(role="user", parts=(Text(text="x", extra={"citations": []}),), extra={"output_config": {}}),
        extra={"context_management": {}},
        metadata={"a": "b"},
        user="u" * 65,
        service_tier="standard_only",
    )
    body, losses = write(request)
    assert body.keys() == {"model", "messages"}
    assert [loss.path for loss in losses.items] == [
        "context_management",
        "messages[0].content[0].citations",
        "messages[0].output_config",
        "user",
        "metadata",
        "service_tier",
    ]


def test_text_after_a_call_is_reported() -> None:
    """Chat keeps text and calls apart: an order that it cannot say is on the receipt."""
    _, losses = write(foreign(assistant(ToolCall(id="a", name="f", arguments="{}"), Text(text="x"))))
    assert whys(losses) == ["changed messages[0]: text after a tool call stands before it: this protocol keeps them apart"]

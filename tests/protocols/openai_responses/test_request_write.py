"""Requests of other clients, written for a Responses upstream."""

from typing import Any

import pytest

from axonhub_cli.protocols.base import Losses, Target
from axonhub_cli.protocols.openai_responses import CODEC
from axonhub_cli.types.messages import (
    Loss,
    Media,
    Message,
    Namespace,
    Opaque,
    OutputFormat,
    Part,
    Reasoning,
    Refusal,
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

HELLO = Message(role="user", parts=(Text(text="hi"),))
LOOK = Tool(name="look", description="Looks.", schema={"type": "object", "properties": {"at": {"type": "string"}}})


def write(quirks: Quirks | None = None, session: str | None = None, **fields: Any) -> tuple[dict[str, Any], list[Loss]]:
    """The body of a request that a client of Anthropic's protocol (unless told otherwise) made, and its losses."""
    losses = Losses()
    request = Request(**{"origin": "anthropic", "model": "asked", "messages": (HELLO,), **fields})
    target = Target(model="gpt-5.5", quirks=quirks or Quirks(), cache_key=session)
    return CODEC.write_request(request, target, losses), losses.items


def items(*messages: Message, **fields: Any) -> tuple[list[dict[str, Any]], list[Loss]]:
    body, losses = write(messages=messages, **fields)
    return body["input"], losses


def test_the_least_request() -> None:
    """Nothing is stored, sealed thinking is asked for, and nothing is said that the client did not say."""
    assert write() == (
        {
            "model": "gpt-5.5",
            "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
            "store": False,
            "include": ["reasoning.encrypted_content"],
        },
        [],
    )


def test_a_whole_request() -> None:
    """Every setting that this API knows arrives under its name."""
    body, losses = write(
        system=(Text(text="Be brief."), Text(text="Be kind.", cache="5m")),
        tools=(LOOK,),
        tool_choice=ToolChoice(mode="required"),
        parallel_tools=False,
        thinking=Thinking(mode="adaptive", effort="high"),
        output=OutputFormat(kind="json_schema", schema={"type": "object"}),
        max_tokens=1000,
        temperature=0.2,
        top_p=0.5,
        verbosity="low",
        service_tier="standard_only",
        user="me",
        metadata={"team": "x"},
        stream=True,
    )
    assert losses == []
    assert {key: value for key, value in body.items() if key not in ("model", "input", "store", "include")} == {
        "instructions": "Be brief.\n\nBe kind.",
        "tools": [
            {
                "type": "function",
                "name": "look",
                "description": "Looks.",
                "parameters": {"type": "object", "properties": {"at": {"type": "string"}}},
                "strict": False,
            }
        ],
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "reasoning": {"effort": "high", "summary": "auto"},
        "text": {
            "format": {"type": "json_schema", "name": "output", "schema": {"type": "object"}, "strict": False},
            "verbosity": "low",
        },
        "max_output_tokens": 1000,
        "temperature": 0.2,
        "top_p": 0.5,
        "service_tier": "default",
        "user": "me",
        "metadata": {"team": "x"},
        "stream": True,
    }


def test_a_turn_with_tools_becomes_items() -> None:
    """Text, calls and results become items in order; results stand before the text that came with them."""
    written, losses = items(
        HELLO,
        Message(
            role="assistant",
            parts=(
                Text(text="I look"),
                Text(text=" twice."),
                ToolCall(id="toolu_1", name="look", arguments='{"at": 1.0}'),
                ToolCall(id="toolu_2", name="look", arguments=""),
                ToolCall(id="toolu_3", name="edit", arguments="", kind="custom"),
            ),
        ),
        Message(
            role="user",
            parts=(
                Text(text="And?"),
                ToolResult(call_id="toolu_1", parts=(Text(text="a"), Text(text="b"))),
                ToolResult(call_id="toolu_2", parts=(Text(text="no such file"),), is_error=True),
                ToolResult(
                    call_id="toolu_3", parts=(Text(text="see"), Media(kind="image", mime="image/png", data="AAAA")), kind="custom"
                ),
            ),
        ),
        Message(role="system", parts=(Text(text="Hurry."),)),
    )
    assert losses == []
    assert written[1:] == [
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "I look"}, {"type": "output_text", "text": " twice."}],
        },
        {"type": "function_call", "call_id": "toolu_1", "name": "look", "arguments": '{"at": 1.0}'},
        {"type": "function_call", "call_id": "toolu_2", "name": "look", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "toolu_3", "name": "edit", "input": ""},
        {"type": "function_call_output", "call_id": "toolu_1", "output": "a\nb"},
        {"type": "function_call_output", "call_id": "toolu_2", "output": "Error:\nno such file"},
        {
            "type": "custom_tool_call_output",
            "call_id": "toolu_3",
            "output": [{"type": "input_text", "text": "see"}, {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}],
        },
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "And?"}]},
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Hurry."}]},
    ]


def test_an_empty_result_is_an_empty_string() -> None:
    """A tool that gave nothing back gave an empty text back."""
    written, _ = items(Message(role="user", parts=(ToolResult(call_id="c", parts=()),)))
    assert written == [{"type": "function_call_output", "call_id": "c", "output": ""}]


@pytest.mark.parametrize(
    ("media", "content"),
    [
        (Media(kind="image", url="https://example.com/a.png"), {"type": "input_image", "image_url": "https://example.com/a.png"}),
        (
            Media(kind="image", data="AA==", detail="low"),
            {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"},
        ),
        (Media(kind="image", file_id="f1"), {"type": "input_image", "file_id": "f1"}),
        (
            Media(kind="document", mime="application/pdf", data="JVB="),
            {"type": "input_file", "file_data": "data:application/pdf;base64,JVB=", "filename": "document.pdf"},
        ),
        (
            Media(kind="document", mime="text/plain", data="aGk=", name="n.txt"),
            {"type": "input_file", "file_data": "data:text/plain;base64,aGk=", "filename": "n.txt"},
        ),
        (
            Media(kind="document", url="https://example.com/a.pdf"),
            {"type": "input_file", "file_url": "https://example.com/a.pdf"},
        ),
        (
            Media(kind="audio", mime="audio/mp3", data="AA=="),
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}},
        ),
    ],
)
def test_media(media: Media, content: dict[str, Any]) -> None:
    """Images, files and audio go out in the API's own forms."""
    written, losses = items(Message(role="user", parts=(media,)))
    assert written == [{"type": "message", "role": "user", "content": [content]}]
    assert losses == []


def test_thinking_goes_back_to_its_maker_only() -> None:
    """What OpenAI sealed goes back with its id; other thinking is left out, and said once."""
    sealed = Reasoning(text="mine", summary=True, seal=Seal("openai", "encrypted_content", "xyz", "rs_9"))
    written, losses = items(
        Message(
            role="assistant", parts=(Reasoning(text="a"), Reasoning(text="b", seal=Seal("anthropic", "signature", "s")), sealed)
        ),
    )
    assert written == [
        {"type": "reasoning", "id": "rs_9", "summary": [{"type": "summary_text", "text": "mine"}], "encrypted_content": "xyz"}
    ]
    assert [(loss.action, loss.path) for loss in losses] == [("dropped", "messages")]
    assert losses[0].why.startswith("2 parts of thinking")


def test_text_that_says_nothing_is_not_sent() -> None:
    """Empty text, and a message that had nothing else, are left out: some endpoints refuse them."""
    written, losses = items(
        Message(role="user", parts=(Text(text=""), Text(text="x"))), Message(role="user", parts=(Text(text=""),))
    )
    assert written == [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}]
    assert losses == []


def test_refusals_and_pictures_of_the_assistant() -> None:
    """A refusal keeps its form; a picture that the model made becomes a word, because its messages hold text only."""
    written, losses = items(Message(role="assistant", parts=(Refusal(text="no"), Media(kind="image", data="AA=="))))
    assert written[0]["content"] == [
        {"type": "refusal", "refusal": "no"},
        {"type": "output_text", "text": "[image that the assistant showed]"},
    ]
    assert [(loss.action, loss.path) for loss in losses] == [("placeholder", "messages[0].content[1]")]


def test_blocks_of_other_protocols_are_lost_aloud() -> None:
    """Opaque blocks, unknown keys and the vendor's own tools are reported, wherever they stand."""
    opaque = Opaque(protocol="anthropic", kind="server_tool_use", raw={})
    _, losses = items(
        Message(role="user", parts=(Text(text="x", extra={"citations": []}), opaque), extra={"output_config": {}}),
        Message(role="user", parts=(ToolResult(call_id="c", parts=(opaque,), extra={"odd": 1}),)),
        Message(role="assistant", parts=(opaque, ToolCall(id="c", name="n", arguments="{}", extra={"caller": 1}))),
        extra={"context_management": {}},
        tools=(Tool(name="web_search_20250305", kind="hosted", raw={}), Tool(name="t", extra={"eager": True})),
        system=(Media(kind="image", url="x"),),
        tool_choice=ToolChoice(mode="auto", extra={"odd": 1}),
    )
    assert sorted(loss.path for loss in losses) == [
        "context_management",
        "messages[0].content[0].citations",
        "messages[0].content[1]",
        "messages[0].output_config",
        "messages[1].content[0].odd",
        "messages[1].content[0][0]",
        "messages[2].content[0]",
        "messages[2].content[1].caller",
        "system[0]",
        "tool_choice.odd",
        "tools[0]",
        "tools[1].eager",
    ]


def test_parameters_that_this_api_lacks() -> None:
    """Stop sequences, top_k, seed and penalties are reported, never sent."""
    body, losses = write(stop=("x",), top_k=3, seed=1, presence_penalty=0.1, frequency_penalty=0.2)
    assert [loss.path for loss in losses] == ["stop", "top_k", "seed", "presence_penalty", "frequency_penalty"]
    assert body.keys() == {"model", "input", "store", "include"}


@pytest.mark.parametrize(
    ("thinking", "quirks", "reasoning", "lost"),
    [
        (
            Thinking(mode="on", effort="max"),
            Quirks(efforts=("low", "medium", "high", "xhigh")),
            {"effort": "xhigh", "summary": "auto"},
            1,
        ),
        (Thinking(effort="none"), Quirks(efforts=("low", "high")), {"effort": "low"}, 1),
        (Thinking(effort="medium"), Quirks(efforts=("low", "high")), {"effort": "low"}, 1),
        (Thinking(effort="ultra"), Quirks(efforts=("low", "high")), {"effort": "high"}, 1),
        (Thinking(effort="ultra"), Quirks(), {"effort": "ultra"}, 0),
        (Thinking(mode="on", budget=2000), Quirks(), {"effort": "low", "summary": "auto"}, 1),
        (Thinking(mode="on", budget=10000), Quirks(), {"effort": "medium", "summary": "auto"}, 1),
        (Thinking(mode="on", budget=31999), Quirks(), {"effort": "high", "summary": "auto"}, 1),
        (Thinking(mode="adaptive", extra={"display": "omitted"}), Quirks(), None, 0),
        (Thinking(mode="off"), Quirks(), None, 1),
        (Thinking(mode="off"), Quirks(efforts=("none", "low")), {"effort": "none"}, 0),
        (Thinking(mode="off"), Quirks(efforts=("minimal", "low")), {"effort": "minimal"}, 1),
        (Thinking(effort="high"), Quirks(reasoning_effort=False), None, 1),
    ],
)
def test_effort(thinking: Thinking, quirks: Quirks, reasoning: dict[str, Any] | None, lost: int) -> None:
    """Efforts are kept, clamped to what the endpoint knows, or made from a budget; each change is on the receipt."""
    body, losses = write(quirks, thinking=thinking)
    assert body.get("reasoning") == reasoning
    assert len(losses) == lost


@pytest.mark.parametrize(
    ("asked", "limit", "sent", "lost"), [(100, None, 100, 0), (1, None, 16, 1), (9000, 4096, 4096, 1), (None, 4096, None, 0)]
)
def test_output_limits(asked: int | None, limit: int | None, sent: int | None, lost: int) -> None:
    """The output limit stays between the API's least and the endpoint's most."""
    body, losses = write(Quirks(max_output_tokens=limit), max_tokens=asked)
    assert body.get("max_output_tokens") == sent
    assert len(losses) == lost


@pytest.mark.parametrize(
    ("quirks", "output", "shape", "lost"),
    [
        (Quirks(), OutputFormat(kind="json"), {"type": "json_object"}, 0),
        (Quirks(json_schema=False), OutputFormat(kind="json_schema", schema={}), {"type": "json_object"}, 1),
        (Quirks(json_schema=False, json_object=False), OutputFormat(kind="json_schema", schema={}), None, 1),
        (
            Quirks(),
            OutputFormat(kind="json_schema", name="n", description="d", schema={}, strict=True),
            {"type": "json_schema", "name": "n", "description": "d", "schema": {}, "strict": True},
            0,
        ),
    ],
)
def test_structured_output(quirks: Quirks, output: OutputFormat, shape: dict[str, Any] | None, lost: int) -> None:
    """Structured output is as strict as the endpoint can be."""
    body, losses = write(quirks, output=output)
    assert body.get("text", {}).get("format") == shape
    assert len(losses) == lost


def test_the_cache_key() -> None:
    """The client's own cache key wins over the session's; an endpoint that knows none gets none."""
    assert write(session="session")[0]["prompt_cache_key"] == "session"
    assert write(session="session", cache_key="own")[0]["prompt_cache_key"] == "own"
    assert "prompt_cache_key" not in write(Quirks(cache_key=False), session="session")[0]


def test_who_asks() -> None:
    """A user's name over 64 characters, and metadata that are no short strings, stay here."""
    body, losses = write(user="u" * 65, metadata={"a": "b", "n": 1, "long": "x" * 513})
    assert "user" not in body
    assert body["metadata"] == {"a": "b"}
    assert sorted(loss.path for loss in losses) == ["metadata.long", "metadata.n", "user"]
    body, losses = write(Quirks(metadata=False), user="u", metadata={"a": "b"})
    assert body.keys().isdisjoint({"user", "metadata"})
    assert [loss.path for loss in losses] == ["user", "metadata"]


@pytest.mark.parametrize(
    ("field", "value", "quirks", "path"),
    [
        ("verbosity", "low", Quirks(verbosity=False), "text.verbosity"),
        ("service_tier", "auto", Quirks(service_tier=False), "service_tier"),
        ("service_tier", "someday", Quirks(), "service_tier"),
    ],
)
def test_what_an_endpoint_refuses(field: str, value: str, quirks: Quirks, path: str) -> None:
    """A setting that the endpoint does not take is left out, and reported."""
    body, losses = write(quirks, **{field: value})
    assert [loss.path for loss in losses] == [path]
    assert body.keys() == {"model", "input", "store", "include"}


def test_tools_in_namespaces_stand_together() -> None:
    """Tools of one namespace are written inside it, where its first one stood; a tool without parameters gets empty ones."""
    tools = (
        Tool(name="a", namespace="n", strict=True),
        LOOK,
        Tool(name="b", namespace="n", kind="custom", format={"type": "text"}),
        Tool(name="hidden", inline=True),
    )
    body, _ = write(
        tools=tools,
        namespaces=(Namespace(name="n", description="N."),),
        tool_choice=ToolChoice(mode="tool", name="b", namespace="n"),
    )
    assert body["tools"][0] == {
        "type": "namespace",
        "name": "n",
        "description": "N.",
        "tools": [
            {"type": "function", "name": "a", "parameters": {"type": "object", "properties": {}}, "strict": True},
            {"type": "custom", "name": "b", "format": {"type": "text"}},
        ],
    }
    assert [tool.get("name") for tool in body["tools"]] == ["n", "look"]
    assert body["tool_choice"] == {"type": "custom", "name": "b", "namespace": "n"}
    assert "strict" not in write(Quirks(strict_tools=False), tools=(LOOK,))[0]["tools"][0]


def test_a_choice_without_tools_is_not_sent() -> None:
    """Without tools there is nothing to choose from, and nothing to call in parallel."""
    body, _ = write(tool_choice=ToolChoice(mode="auto"), parallel_tools=True)
    assert body.keys() == {"model", "input", "store", "include"}


def test_an_endpoint_of_another_vendor() -> None:
    """An endpoint that only speaks the basics gets no ids, no seals, no items of OpenAI's, and no developer role."""
    parts: tuple[Part, ...] = (
        Reasoning(text="t", summary=True, seal=Seal("openai", "encrypted_content", "xyz", "rs_9")),
        Text(text="x", extra={"item": {"id": "msg_1", "status": "completed", "phase": "commentary"}}),
        ToolCall(id="c", name="n", arguments="{}", item_id="fc_1", extra={"status": "completed"}),
        Opaque(protocol="openai-responses", kind="web_search_call", raw={"type": "web_search_call"}),
    )
    messages = (Message(role="developer", parts=(Text(text="d"),)), Message(role="assistant", parts=parts))
    quirks = Quirks(native_responses=False, developer_role=False)
    body, losses = write(quirks, origin="openai-responses", messages=messages)
    assert body["input"] == [
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "d"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]},
        {"type": "function_call", "call_id": "c", "name": "n", "arguments": "{}"},
    ]
    assert [loss.path for loss in losses] == ["messages[1].content[3]", "messages"]
    body, losses = write(Quirks(native_responses=False, replay_reasoning=True), origin="openai-responses", messages=messages)
    assert body["input"][1] == {"type": "reasoning", "summary": [{"type": "summary_text", "text": "t"}]}
    assert "include" not in write(quirks)[0]

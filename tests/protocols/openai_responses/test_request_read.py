"""Requests of Responses clients, read and written again."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.errors import RequestError
from axonhub_cli.protocols.base import Losses, Target
from axonhub_cli.protocols.openai_responses import CODEC
from axonhub_cli.types.messages import (
    Media,
    Opaque,
    OutputFormat,
    Reasoning,
    Refusal,
    Request,
    Seal,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
)

NAMES = ["codex_unknown", "codex_gpt55", "codex_lite", "full"]


def again(request: Request) -> dict[str, Any]:
    losses = Losses()
    written = CODEC.write_request(request, Target(model=request.model), losses)
    assert losses.items == []
    return written


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def message(content: Any, role: str = "user") -> dict[str, Any]:
    return {"model": "m", "input": [{"role": role, "content": content}]}


@pytest.mark.parametrize("name", NAMES)
def test_reading_what_was_written_gives_the_same_request(body: Any, name: str) -> None:
    """A request that is read and written is still the same request, without a loss."""
    request = CODEC.read_request(body(name))
    assert CODEC.read_request(again(request)) == request


@pytest.mark.parametrize("name", ["codex_unknown", "codex_gpt55", "codex_lite"])
def test_codex_requests_are_written_as_they_came(body: Any, name: str) -> None:
    """Each shape of Codex's requests comes out key for key, but for nulls."""
    assert again(CODEC.read_request(body(name))) == without_nulls(body(name))


def test_items_keep_their_order_and_ids(body: Any) -> None:
    """Every item of a mixed history is there again, in order, with its type, role, id and call id."""

    def outline(items: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        return [(item.get("type", "message"), item.get("role"), item.get("id"), item.get("call_id")) for item in items]

    assert outline(again(CODEC.read_request(body("full")))["input"]) == outline(body("full")["input"])


def test_a_history_becomes_turns(body: Any) -> None:
    """What the model said is one message, what its calls gave back is one, and every other message stands alone."""
    request = CODEC.read_request(body("codex_gpt55"))
    assert [(message.role, [type(part).__name__ for part in message.parts]) for message in request.messages] == [
        ("developer", ["Text"]),
        ("user", ["Text"]),
        ("assistant", ["Reasoning", "Text", "ToolCall", "ToolCall"]),
        ("user", ["ToolResult", "ToolResult"]),
        ("assistant", ["Opaque"]),
        ("user", ["Opaque"]),
        ("assistant", ["Text"]),
        ("user", ["Text"]),
    ]


def test_the_parts_of_a_turn(body: Any) -> None:
    """Reasoning, text, calls and results carry everything that their items said."""
    request = CODEC.read_request(body("codex_gpt55"))
    assert request.messages[2].parts == (
        Reasoning(text="A patch will do.", summary=True, seal=Seal("openai", "encrypted_content", "c2VhbC1vbmU=", "rs_1")),
        Text(text="I add it.", extra={"item": {"id": "msg_a1", "phase": "commentary", "status": "completed"}}),
        ToolCall(
            id="call_1",
            name="apply_patch",
            arguments="*** Begin Patch\n*** End Patch",
            kind="custom",
            item_id="ctc_1",
            extra={"status": "completed"},
        ),
        ToolCall(
            id="call_2",
            name="spawn_agent",
            arguments='{"task": "look"}',
            namespace="multi_agent_v1",
            item_id="fc_1",
            extra={"status": "completed"},
        ),
    )
    assert request.messages[3].parts == (
        ToolResult(call_id="call_1", parts=(Text(text="Done."),), kind="custom"),
        ToolResult(
            call_id="call_2", parts=(Text(text="seen:"), Media(kind="image", url="https://example.com/a.png", detail="high"))
        ),
    )


def test_thinking_without_a_seal_keeps_its_id(body: Any) -> None:
    """A reasoning item that has only an id keeps it; one with open content says where its text stood."""
    parts = CODEC.read_request(body("full")).messages[3].parts
    assert parts[0] == Reasoning(text="", extra={"id": "rs_idonly"})
    assert parts[1] == Reasoning(text="open thought", extra={"status": "completed", "reasoning_text": True})


def test_neighbouring_assistant_items_stay_two(body: Any) -> None:
    """Two assistant items in a row are one message of the model, and two items again when written."""
    request = CODEC.read_request(body("full"))
    first, second, refusal = request.messages[1].parts
    assert first == Text(text="first")
    assert isinstance(second, Text)
    assert (second.text, (second.extra or {})["item"]) == ("second", {})
    assert refusal == Refusal(text="but no more")
    assert [item["content"][0]["text"] for item in again(request)["input"][1:3]] == ["first", "second"]


def test_media_of_every_kind(body: Any) -> None:
    """Files, images and audio are media; a content type that nobody knows is kept whole."""
    parts = CODEC.read_request(body("full")).messages[5].parts
    assert parts == (
        Media(kind="document", mime="application/pdf", data="JVBERi0=", name="a.pdf"),
        Media(kind="document", file_id="file_1"),
        Media(kind="document", url="https://example.com/a.pdf"),
        Media(kind="image", file_id="file_2", detail="low"),
        Media(kind="image", url="data:image/svg+xml,%3Csvg/%3E"),
        Media(kind="audio", mime="audio/wav", data="UklGRg=="),
        Opaque(protocol="openai-responses", kind="content.input_hologram", raw={"type": "input_hologram", "beams": 3}),
    )


def test_tools_of_every_kind(body: Any) -> None:
    """Functions, custom tools, namespaces and hosted tools are one flat list; empty namespaces are remembered."""
    request = CODEC.read_request(body("codex_unknown"))
    assert [(tool.namespace, tool.name, tool.kind) for tool in request.tools] == [
        (None, "exec_command", "function"),
        (None, "view_image", "function"),
        ("multi_agent_v1", "spawn_agent", "function"),
        ("multi_agent_v1", "wait_agent", "function"),
        (None, "web_search", "hosted"),
        ("mcp__echo", "say", "function"),
    ]
    assert [(space.name, space.description) for space in request.namespaces] == [
        ("multi_agent_v1", "Agents."),
        ("mcp__echo", None),
    ]
    assert [space.name for space in CODEC.read_request(body("full")).namespaces] == ["empty"]


def test_tools_inside_items_are_on_offer_too(body: Any) -> None:
    """The tools of `additional_tools` and of a tool search join the list as inline ones, and are not written twice."""
    lite = CODEC.read_request(body("codex_lite"))
    assert [(tool.namespace, tool.name, tool.kind, tool.inline) for tool in lite.tools] == [
        ("functions", "exec", "custom", True),
        ("functions", "wait", "function", True),
        ("clock", "sleep", "function", True),
    ]
    found = CODEC.read_request(body("codex_gpt55")).tools[-1]
    assert (found.namespace, found.name, found.inline, found.deferred) == ("mcp__echo", "say", True, True)
    assert "tools" not in again(lite)


def test_settings(body: Any) -> None:
    """Settings that the model has names for get them; the others are kept under their own."""
    request = CODEC.read_request(body("full"))
    assert request.system == (Text(text="Answer briefly."),)
    assert request.thinking == Thinking(effort="xhigh", summary="detailed", extra={"context": "all_turns"})
    assert request.output == OutputFormat(
        kind="json_schema", name="answer", description="d", schema={"type": "object", "properties": {}}, strict=True
    )
    figures = (request.max_tokens, request.temperature, request.top_p, request.parallel_tools, request.stream)
    assert figures == (5, 0.5, 0.9, False, True)
    words = (request.user, request.verbosity, request.service_tier, request.cache_key, request.metadata)
    assert words == ("u1", "high", "flex", "pck", {"k": "v"})
    extra = request.extra or {}
    assert {
        "store",
        "previous_response_id",
        "truncation",
        "prompt",
        "max_tool_calls",
        "safety_identifier",
        "text",
    } <= extra.keys()
    assert extra["text"] == {"tone": "dry"}


def test_a_safety_identifier_stands_in_for_the_user() -> None:
    """A client that names its user in the newer way is understood, and written as it came."""
    request = CODEC.read_request({"model": "m", "input": "hi", "safety_identifier": "s1"})
    assert request.user == "s1"
    written = again(request)
    assert (written.get("user"), written["safety_identifier"]) == (None, "s1")


def test_an_input_that_is_a_string() -> None:
    """A bare string is one user message."""
    request = CODEC.read_request({"model": "m", "input": "hi"})
    assert [(message.role, message.parts) for message in request.messages] == [("user", (Text(text="hi"),))]


@pytest.mark.parametrize(
    ("value", "choice"),
    [
        ("auto", ToolChoice(mode="auto")),
        ("none", ToolChoice(mode="none")),
        ("required", ToolChoice(mode="required")),
        ("whatever", ToolChoice(mode="auto", extra={"raw": "whatever"})),
        ({"type": "function", "name": "f"}, ToolChoice(mode="tool", name="f")),
        ({"type": "function", "name": "f", "namespace": "n"}, ToolChoice(mode="tool", name="f", namespace="n")),
        ({"type": "custom", "name": "c"}, ToolChoice(mode="tool", name="c", extra={"type": "custom"})),
        ({"type": "allowed_tools", "mode": "auto", "tools": []}, ToolChoice(mode="auto", extra={"allowed_tools": []})),
        ({"type": "web_search"}, ToolChoice(mode="tool", name="web_search", extra={"raw": {"type": "web_search"}})),
    ],
)
def test_tool_choice_in_both_directions(value: Any, choice: ToolChoice) -> None:
    """Each form of tool_choice is read as what it means, and written as it was."""
    tools = [{"type": "function", "name": "f"}]
    request = CODEC.read_request({"model": "m", "input": "hi", "tools": tools, "tool_choice": value})
    assert request.tool_choice == choice
    assert again(request)["tool_choice"] == value


@pytest.mark.parametrize(
    ("shape", "output"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, OutputFormat(kind="json")),
        ({"type": "grammar", "definition": "x"}, None),
    ],
)
def test_text_formats(shape: dict[str, Any], output: OutputFormat | None) -> None:
    """Structured output is read where it is known; a format of tomorrow is kept."""
    request = CODEC.read_request({"model": "m", "input": "hi", "text": {"format": shape}})
    assert request.output == output
    assert again(request).get("text") == (None if shape["type"] == "text" else {"format": shape})


@pytest.mark.parametrize(
    ("broken", "path", "said"),
    [
        ({"input": "hi"}, "model", "expected a string, found nothing"),
        ({"model": 3}, "model", "expected a string, found a number"),
        ({"model": "m", "input": 3}, "input", "expected a string or a list, found a number"),
        ({"model": "m", "input": ["x"]}, "input[0]", "expected an object, found a string"),
        (message(3), "input[0].content", "expected a string or a list, found a number"),
        (message([{"type": "input_text", "text": 1}]), "input[0].content[0].text", "expected a string, found a number"),
        (
            message([{"type": "input_image", "image_url": {}}]),
            "input[0].content[0].image_url",
            "expected a string, found an object",
        ),
        (message([1]), "input[0].content[0]", "expected an object, found a number"),
        (message("x", "robot"), "input[0].role", "expected one of user, assistant, system, developer, found 'robot'"),
        (
            {"model": "m", "input": [{"type": "function_call", "call_id": "c", "arguments": "{}"}]},
            "input[0].name",
            "expected a string",
        ),
        ({"model": "m", "input": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id", "expected a string"),
        (
            {"model": "m", "input": [{"type": "function_call_output", "call_id": "c", "output": {}}]},
            "input[0].output",
            "found an object",
        ),
        ({"model": "m", "input": [{"type": "reasoning", "summary": "x"}]}, "input[0].summary", "expected a list, found a string"),
        ({"model": "m", "tools": {}}, "tools", "expected a list, found an object"),
        (
            {"model": "m", "tools": [{"type": "namespace", "name": "n", "tools": ["x"]}]},
            "tools[0].tools[0]",
            "expected an object",
        ),
        ({"model": "m", "tools": [{"type": "function"}]}, "tools[0].name", "expected a string, found nothing"),
        ({"model": "m", "tool_choice": 1}, "tool_choice", "expected a string or an object, found a number"),
        ({"model": "m", "instructions": []}, "instructions", "expected a string, found a list"),
        ({"model": "m", "temperature": "hot"}, "temperature", "expected a number, found a string"),
        ({"model": "m", "max_output_tokens": True}, "max_output_tokens", "expected an integer, found a boolean"),
        ({"model": "m", "reasoning": {"effort": 1}}, "reasoning.effort", "expected a string, found a number"),
        ({"model": "m", "text": {"format": "json"}}, "text.format", "expected an object, found a string"),
        ({"model": "m", "stream": "yes"}, "stream", "expected a boolean, found a string"),
    ],
)
def test_wrong_types_are_named(broken: dict[str, Any], path: str, said: str) -> None:
    """A field of the wrong type is refused with its path, what is due and what was found."""
    with pytest.raises(RequestError) as caught:
        CODEC.read_request(broken)
    assert caught.value.param == path
    assert caught.value.message.startswith(f"{path}: ")
    assert said in caught.value.message


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.text(max_size=3), st.just([]), st.just({}), st.just([{"type": "x"}])
)


@given(data=st.data())
@pytest.mark.parametrize("name", NAMES)
def test_any_change_is_read_or_refused(body: Any, name: str, data: st.DataObject) -> None:
    """A request with any one value replaced is refused with a RequestError, or read and written without changing any more."""
    changed = copy.deepcopy(body(name))
    spots: list[tuple[Any, Any]] = []
    waiting: list[Any] = [changed]
    while waiting:
        inside = waiting.pop()
        for key, value in list(inside.items()) if isinstance(inside, dict) else list(enumerate(inside)):
            spots.append((inside, key))
            if isinstance(value, dict | list):
                waiting.append(value)
    inside, key = data.draw(st.sampled_from(spots))
    inside[key] = data.draw(JUNK)
    try:
        request = CODEC.read_request(changed)
    except RequestError:
        return
    second = CODEC.read_request(CODEC.write_request(request, Target(model=request.model), Losses()))
    assert CODEC.read_request(CODEC.write_request(second, Target(model=request.model), Losses())) == second

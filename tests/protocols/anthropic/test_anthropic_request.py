"""Requests of this protocol: what is read, and that it is written again as it came."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.errors import RequestError
from axonhub_cli.protocols.anthropic import CODEC
from axonhub_cli.protocols.base import Losses, Target
from axonhub_cli.types.messages import Media, Opaque, Reasoning, Request, Seal, Text, Thinking, ToolCall, ToolResult

WIRE = Path(__file__).parents[2] / "wire" / "anthropic"
GOLDEN = sorted(WIRE.glob("*.request.json"))


def golden(name: str) -> Any:
    return json.loads((WIRE / f"{name}.request.json").read_text())


def write(request: Request) -> tuple[dict[str, Any], list[str]]:
    losses = Losses()
    body = CODEC.write_request(request, Target(model=request.model), losses)
    return body, [loss.path for loss in losses.items]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_identity(path: Path) -> None:
    """What is read is written again, key for key, without a loss, and reads the same."""
    body = json.loads(path.read_text())
    request = CODEC.read_request(body)
    written, lost = write(request)
    assert written == body
    assert lost == []
    assert CODEC.read_request(written) == request


def test_full() -> None:
    """Every known block has its part, with marks, seals and unknown keys in their places."""
    request = CODEC.read_request(golden("full"))
    assert [part.cache for part in request.system if isinstance(part, Text)] == [None, "5m", "1h", None]
    assert [message.role for message in request.messages] == ["user", "system", "user", "assistant", "user", "system"]
    assert request.messages[1].extra == {"output_config": {"effort": "medium"}}
    media = request.messages[2].parts
    assert media[1] == Media(kind="image", mime="image/png", data="iVBORw0KGgo=")
    assert media[2] == Media(kind="image", url="https://pictures.example/cat.jpg")
    assert media[5] == Media(kind="document", mime="text/plain", data="cGxhaW4gd8O2cmRz", extra={"context": "from a file"})
    assert isinstance(media[7], Opaque)
    assert isinstance(media[8], Opaque)
    assistant = request.messages[3].parts
    assert assistant[0] == Reasoning(text="Let me see.", seal=Seal("anthropic", "signature", "c2lnbmVk"))
    assert assistant[1] == Reasoning(text="", seal=Seal("anthropic", "redacted", "cmVkYWN0ZWQ="))
    assert assistant[5] == ToolCall(id="toolu_1", name="Read", arguments='{"path":"a.py","limit":3}')
    results = request.messages[4].parts
    assert results[0] == ToolResult(call_id="toolu_1", parts=(Text(text="print(1)"),))
    assert isinstance(results[1], ToolResult)
    assert [type(part) for part in results[1].parts] == [Text, Media, Media, Opaque]
    assert results[1].is_error
    assert results[2] == ToolResult(call_id="toolu_3", parts=(), cache="5m")
    assert [(tool.kind, tool.deferred) for tool in request.tools] == [
        ("function", False), ("function", False), ("function", True), ("hosted", False), ("function", False),
    ]  # fmt: skip
    assert request.parallel_tools is False
    assert request.thinking == Thinking(mode="adaptive", effort="high", extra={"display": "omitted"})
    assert request.extra is not None
    assert request.extra.keys() == {"context_management", "mcp_servers", "output_config"}


CONTENTS: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
    ({"content": "x"}, (Text(text="x"),)),
    ({"content": ""}, (Text(text=""),)),
    ({"content": []}, ()),
    ({"content": None}, ()),
    ({}, ()),
]


@pytest.mark.parametrize(("content", "parts"), CONTENTS)
def test_tool_result_content(content: dict[str, Any], parts: tuple[Any, ...]) -> None:
    """A tool result's content may be a string, a list, empty, null or absent."""
    block = {"type": "tool_result", "tool_use_id": "t", **content}
    request = CODEC.read_request({"model": "m", "messages": [{"role": "user", "content": [block]}]})
    assert request.messages[0].parts == (ToolResult(call_id="t", parts=parts),)
    assert CODEC.read_request(write(request)[0]).messages == request.messages


def test_count_tokens_form() -> None:
    """A body without max_tokens is read: requests to count tokens have none."""
    assert CODEC.read_request({"model": "m", "messages": []}).max_tokens is None


def _with(path: str, value: Any) -> dict[str, Any]:
    """A small body with the value at a dotted path."""
    body: dict[str, Any] = {
        "model": "m",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}],
        "tools": [{"name": "a"}],
    }
    keys = [int(key) if key.isdigit() else key for key in path.split(".")]
    place: Any = body
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return body


WRONG = [
    ("model", None, "model: expected a string, found nothing"),
    ("messages", "x", "messages: expected a list, found a string"),
    ("messages", None, "messages: expected a list, found nothing"),
    ("messages.0", 1, "messages[0]: expected an object, found a number"),
    ("messages.0.role", "robot", "messages[0].role: expected user, assistant or system"),
    ("messages.0.content", 7, "messages[0].content: expected a string or a list, found a number"),
    ("messages.0.content", None, "messages[0].content: expected a string or a list, found nothing"),
    ("messages.0.content.0", "x", "messages[0].content[0]: expected an object, found a string"),
    ("messages.0.content.0.text", 7, "messages[0].content[0].text: expected a string, found a number"),
    ("messages.0.content.0.type", None, "messages[0].content[0].type: expected a string"),
    (
        "messages.0.content.0",
        {"type": "tool_use", "id": "i", "name": "n", "input": "x"},
        "input: expected an object, found a string",
    ),
    ("messages.0.content.0", {"type": "image", "source": {"type": "base64"}}, "source.data: expected a string"),
    ("max_tokens", "many", "max_tokens: expected an integer, found a string"),
    ("max_tokens", True, "max_tokens: expected an integer, found true or false"),
    ("temperature", "hot", "temperature: expected a number, found a string"),
    ("stream", 1, "stream: expected true or false, found a number"),
    ("tools.0.input_schema", [], "tools[0].input_schema: expected an object, found a list"),
    ("tool_choice", {"type": "some"}, "tool_choice.type: expected auto, any, tool or none"),
    ("thinking", {"budget_tokens": 1}, "thinking.type: expected a string"),
    ("stop_sequences", ["a", 1], "stop_sequences[1]: expected a string, found a number"),
    ("system", 5, "system: expected a string or a list, found a number"),
    ("metadata", {"user_id": 5}, "metadata.user_id: expected a string, found a number"),
]


@pytest.mark.parametrize(("path", "value", "message"), WRONG)
def test_wrong_types(path: str, value: Any, message: str) -> None:
    """A wrong type is refused with the field's path, what is due and what was found."""
    with pytest.raises(RequestError) as caught:
        CODEC.read_request(_with(path, value))
    assert message in caught.value.message
    assert caught.value.kind == "invalid_request"
    assert caught.value.param is not None


_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["type", "text", "content", "source", "data", "id", "name", "input", "role"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(inner for key, item in items for inner in _paths(item, (*path, key)))] if path or items else [path]


PATHS = [path for path in _paths(golden("full")) if path]


@given(st.sampled_from(PATHS), _junk)
def test_total(path: tuple[Any, ...], junk: Any) -> None:
    """Any value anywhere is read and written, or refused with a `RequestError`."""
    body = golden("full")
    place = body
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = junk
    try:
        request = CODEC.read_request(body)
    except RequestError:
        return
    write(request)

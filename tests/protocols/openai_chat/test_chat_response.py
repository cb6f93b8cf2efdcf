"""Whole answers of Chat Completions, read and written; and both like the stream of the same answer."""

import json
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.errors import ProtocolError
from axonhub_cli.protocols.base import Reply
from axonhub_cli.protocols.openai_chat import CODEC
from axonhub_cli.protocols.sse import Decoder
from axonhub_cli.types.events import fold, replay
from axonhub_cli.types.messages import Media, Opaque, Reasoning, Refusal, Response, Text, ToolCall, Usage

FULL = json.loads((Path(__file__).parents[2] / "wire" / "openai_chat" / "response_full.json").read_text())
REPLY = Reply(id="chatcmpl-own", model="gpt-5.5-2026", created=1700000000, include_usage=True)


def answer(message: dict[str, Any], finish: str = "stop", **fields: Any) -> dict[str, Any]:
    return {
        "id": "c1",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        **fields,
    }


def test_a_full_answer_is_these_parts() -> None:
    """Thinking, text, citations, calls, usage and unknown keys each have their place."""
    response = CODEC.read_response(FULL)
    assert response.parts == (
        Reasoning(text="Think."),
        Text(text="Here.", extra={"annotations": FULL["choices"][0]["message"]["annotations"]}),
        ToolCall(id="call_1", name="look", arguments='{"at":1}'),
        ToolCall(id="call_2", name="patch", arguments="*** Begin", kind="custom"),
    )
    assert response.usage == Usage(input=20, output=5, cache_read=16, reasoning=3)
    assert (response.finish, response.raw_finish) == ("tool_calls", "tool_calls")


def test_a_full_answer_is_written_as_it_was_read() -> None:
    """Writer and reader are inverse, unknown keys included."""
    assert CODEC.write_response(CODEC.read_response(FULL), REPLY) == FULL


def test_another_protocols_answer_leaves_its_own_keys_behind() -> None:
    """Extra keys of another protocol never reach this one; parts without a field are visible text."""
    response = Response(
        origin="anthropic",
        id="msg_1",
        model="x",
        finish="refusal",
        extra={"container": {}},
        parts=(
            Text(text="a", extra={"annotations": []}),
            Opaque(protocol="anthropic", kind="server_tool_use", raw={}),
            Media(kind="image", url="u"),
        ),
    )
    body = CODEC.write_response(response, REPLY)
    assert body == {
        "id": "msg_1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "gpt-5.5-2026",
        "choices": [
            {
                "index": 0,
                "logprobs": None,
                "finish_reason": "content_filter",
                "message": {
                    "role": "assistant",
                    "refusal": None,
                    "content": "a[server_tool_use: this protocol's answers cannot hold it]![image](u)",
                },
            }
        ],
    }


@pytest.mark.parametrize(
    ("parts", "content"),
    [
        ((), ""),
        ((Reasoning(text="x"),), ""),
        ((ToolCall(id="a", name="f", arguments=""),), None),
        ((Refusal(text="no"),), None),
        ((Text(text="a"), Text(text="b")), "ab"),
    ],
)
def test_content_is_null_only_beside_calls_or_a_refusal(parts: Any, content: str | None) -> None:
    """An answer of nothing has empty content; calls and refusals have none; text parts are one string; no arguments are {}."""
    message = CODEC.write_response(Response(origin="anthropic", id="", model="", parts=parts, finish="stop"), REPLY)["choices"][
        0
    ]["message"]
    assert message["content"] == content
    assert [call["function"]["arguments"] for call in message.get("tool_calls", [])] in ([], ["{}"])


ANSWERS = [
    FULL,
    answer({"content": "hi"}),
    answer({"content": None, "tool_calls": [{"id": "", "function": {"name": "f", "arguments": "{}"}}]}),
    answer(
        {"content": "", "reasoning": "hm", "refusal": "no"},
        usage={"prompt_tokens": 1, "completion_tokens": 2, "prompt_cache_hit_tokens": 1},
    ),
    answer({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}]}, "length"),
    answer({"content": "a", "function_call": {"name": "f", "arguments": "{}"}}, "function_call"),
    answer(
        {
            "content": "a",
            "images": [{"image_url": {"url": "data:image/png;base64,AA=="}}],
            "reasoning_details": [{"type": "reasoning.text", "text": "t"}],
        }
    ),
]


@pytest.mark.parametrize("body", ANSWERS, ids=range(len(ANSWERS)))
def test_an_answer_and_its_stream_are_the_same(body: dict[str, Any]) -> None:
    """The same answer as one chunk of a stream folds into what read_response gives."""
    choice = body["choices"][0]
    chunk = {
        **body,
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": choice["message"], "finish_reason": choice["finish_reason"]}],
    }
    reader = CODEC.stream_reader()
    data = b"data: " + json.dumps(chunk).encode() + b"\n\ndata: [DONE]\n\n"
    streamed = fold([event for frame in Decoder().feed(data) for event in reader.feed(frame)], "openai-chat")
    whole = CODEC.read_response(body)
    extra = {key: value for key, value in (whole.extra or {}).items() if key not in ("choice", "message")}
    assert (streamed.parts, streamed.usage, streamed.finish, streamed.extra) == (
        whole.parts,
        whole.usage,
        whole.finish,
        extra or None,
    )


@pytest.mark.parametrize("body", ANSWERS, ids=range(len(ANSWERS)))
def test_a_whole_answer_replayed_as_a_stream_is_the_same_answer(body: dict[str, Any]) -> None:
    """A JSON answer to a stream request loses nothing that Chat clients know when it is written as a stream."""
    whole = CODEC.read_response(body)
    data = CODEC.stream_writer(REPLY).write(list(replay(whole)))
    reader = CODEC.stream_reader()
    again = fold([event for frame in Decoder().feed(data) for event in reader.feed(frame)], "openai-chat")
    assert (again.usage, again.finish) == (whole.usage, whole.finish)
    assert [part.id for part in again.parts if isinstance(part, ToolCall)] == [
        part.id for part in whole.parts if isinstance(part, ToolCall)
    ]


@pytest.mark.parametrize(
    "body", [{}, {"choices": []}, {"choices": None, "usage": {"prompt_tokens": 1}}, {"choices": [7]}, {"id": "x", "output": []}]
)
def test_a_body_that_is_no_answer_is_a_protocol_error(body: dict[str, Any]) -> None:
    """HTTP 200 with something else inside is never an empty answer."""
    with pytest.raises(ProtocolError):
        CODEC.read_response(body)


def test_an_error_body_raises_nothing() -> None:
    """An error object is asked for with error_in; reading it as an answer gives an empty one."""
    body = {"error": {"message": "no"}}
    assert CODEC.read_response(body).finish is None
    problem = CODEC.error_in(body)
    assert problem is not None
    assert problem.message == "no"
    assert CODEC.error_in(FULL) is None

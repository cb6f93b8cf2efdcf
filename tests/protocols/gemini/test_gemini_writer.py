"""Answers written for Gemini clients, streamed and whole."""

from typing import Any

import pytest

from axonhub_cli.protocols.base import Reply
from axonhub_cli.protocols.gemini import CODEC
from axonhub_cli.protocols.raw import dumps, loads
from axonhub_cli.protocols.sse import Decoder
from axonhub_cli.types.events import (
    ArgumentsDelta,
    End,
    Event,
    Failure,
    Finish,
    PartEnd,
    PartStart,
    Start,
    TextDelta,
    replay,
)
from axonhub_cli.types.messages import Media, Opaque, Part, Reasoning, Refusal, Response, Seal, Text, ToolCall, Usage
from axonhub_cli.types.problem import Problem

REPLY = Reply(id="r-1", model="asked", created=1)
SIGNED = Seal("google", "thought_signature", "c2lnbmVk")


def chunks(events: list[Event]) -> list[Any]:
    data = CODEC.stream_writer(REPLY).write(events)
    assert data == b"" or data.endswith(b"\n\n")
    return [loads(frame.data) for frame in Decoder().feed(data)]


def answer(*parts: Part, **fields: Any) -> Response:
    fields = {"origin": "anthropic", "id": "msg_1", "model": "m", "finish": "stop", **fields}
    return Response(parts=parts, **fields)


def parts_of(found: list[Any]) -> list[Any]:
    return [part for each in found for part in each["candidates"][0]["content"]["parts"]]


EMPTY = {"text": ""}
WHOLE = answer(
    Reasoning(text="hm", seal=SIGNED),
    Text(text="Grüße 🙂"),
    ToolCall(id="c1", name="f", arguments='{"a":1}', seal=SIGNED),
    ToolCall(id="c2", name="g", arguments=""),
    finish="tool_calls",
    usage=Usage(input=20, output=9, cache_read=12, reasoning=4),
)
PARTS = [
    {"text": "Grüße 🙂"},
    {"functionCall": {"id": "c1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "c2lnbmVk"},
    {"functionCall": {"id": "c2", "name": "g", "args": {}}},
]
USAGE = {
    "promptTokenCount": 20,
    "cachedContentTokenCount": 12,
    "candidatesTokenCount": 5,
    "thoughtsTokenCount": 4,
    "totalTokenCount": 29,
}


def test_a_stream() -> None:
    """Every chunk is a response object with the asked model; reason and usage come once, at the end."""
    found = chunks(list(replay(WHOLE)))
    thoughts = [{"thought": True, "text": "hm"}, {"text": "", "thought": True, "thoughtSignature": "c2lnbmVk"}]
    assert parts_of(found) == [*thoughts, *PARTS, EMPTY]
    assert all((each["modelVersion"], each["responseId"]) == ("asked", "msg_1") for each in found)
    assert [each["candidates"][0].get("finishReason") for each in found] == [None] * (len(found) - 1) + ["STOP"]
    assert found[-1]["usageMetadata"] == USAGE
    assert all("usageMetadata" not in each for each in found[:-1])


def test_a_whole_answer() -> None:
    """The same in one object."""
    body = CODEC.write_response(WHOLE, REPLY)
    candidate = body["candidates"][0]
    assert candidate["content"] == {
        "parts": [{"text": "hm", "thought": True, "thoughtSignature": "c2lnbmVk"}, *PARTS],
        "role": "model",
    }
    assert (candidate["finishReason"], candidate["index"]) == ("STOP", 0)
    assert (body["usageMetadata"], body["modelVersion"], body["responseId"]) == (USAGE, "asked", "msg_1")


def test_calls_that_come_at_once_go_out_whole_and_in_order() -> None:
    """Arguments in pieces, two calls interleaved, the second complete first."""
    call = ToolCall(id="c1", name="f", arguments="")
    events: list[Event] = [
        Start(id="", model="m"),
        PartStart(0, call),
        PartStart(1, ToolCall(id="c2", name="g", arguments="")),
        ArgumentsDelta(1, '{"b":'),
        ArgumentsDelta(0, '{"a"'),
        ArgumentsDelta(1, "2}"),
        PartEnd(1),
        ArgumentsDelta(0, ":1}"),
        PartEnd(0),
        Finish(reason="stop"),
        End(),
    ]
    found = chunks(events)
    assert [part.get("functionCall") for part in parts_of(found)] == [
        {"id": "c1", "name": "f", "args": {"a": 1}},
        {"id": "c2", "name": "g", "args": {"b": 2}},
        None,
    ]
    assert {each["responseId"] for each in found} == {"r-1"}


def test_a_failure_keeps_what_was_said() -> None:
    """The error is the last chunk, in the API's own form."""
    problem = Problem(kind="overloaded", message="busy", retry_after=1.2)
    found = chunks([Start(id="x", model="m"), PartStart(0, Text(text="")), TextDelta(0, "Hel"), Failure(problem)])
    assert found[-1]["error"] == {
        "code": 503,
        "message": "busy",
        "status": "UNAVAILABLE",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}],
    }
    assert parts_of(found[:-1]) == [{"text": "Hel"}]


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (Refusal(text="no"), {"text": "no"}),
        (Reasoning(text="", seal=SIGNED), {"text": "", "thoughtSignature": "c2lnbmVk"}),
        (Media(kind="image", mime="image/png", data="AA=="), {"inlineData": {"mimeType": "image/png", "data": "AA=="}}),
        (
            Media(kind="image", mime="image/png", url="https://h/a"),
            {"fileData": {"mimeType": "image/png", "fileUri": "https://h/a"}},
        ),
        (Opaque(protocol="gemini", kind="executableCode", raw={"executableCode": {}}), {"executableCode": {}}),
        (
            Opaque(protocol="anthropic", kind="server_tool_use", raw={}),
            {"text": "[server_tool_use: this protocol's answers cannot hold it]"},
        ),
        (ToolCall(id="c", name="f", arguments="[1"), {"functionCall": {"id": "c", "name": "f", "args": {"_raw": "[1"}}}),
        (
            ToolCall(id="c", name="f", arguments="x", kind="custom"),
            {"functionCall": {"id": "c", "name": "f", "args": {"input": "x"}}},
        ),
        (Media(kind="audio"), {"text": "[audio: this protocol's answers cannot hold it]"}),
    ],
)
def test_each_kind_of_part(part: Part, written: dict[str, Any]) -> None:
    """Streamed and whole alike; what the protocol has no form for is seen as text."""
    response = answer(part)
    assert parts_of(chunks(list(replay(response))))[0] == written
    assert parts_of([CODEC.write_response(response, REPLY)]) == [written]


@pytest.mark.parametrize(
    ("reason", "word"),
    [("stop", "STOP"), ("length", "MAX_TOKENS"), ("refusal", "SAFETY"), ("pause", "STOP"), ("unknown", "OTHER"), (None, "STOP")],
)
def test_finish_reasons(reason: Any, word: str) -> None:
    """Clients take an answer without a word for broken, so there always is one."""
    response = answer(Text(text="a"), finish=reason)
    assert CODEC.write_response(response, REPLY)["candidates"][0]["finishReason"] == word
    assert chunks(list(replay(response)))[-1]["candidates"][0]["finishReason"] == word


def test_an_empty_answer_has_a_part_and_unknown_figures_are_absent() -> None:
    """Code that takes the first part of the first candidate finds one."""
    body = CODEC.write_response(answer(usage=Usage(input=3)), REPLY)
    assert body["candidates"][0]["content"]["parts"] == [EMPTY]
    assert body["usageMetadata"] == {"promptTokenCount": 3}


def test_an_answer_of_this_protocol_keeps_what_stood_beside_it() -> None:
    """Sources and whatever has no name in the model."""
    body = {
        "candidates": [
            {
                "content": {"parts": [{"text": "a"}], "role": "model"},
                "finishReason": "STOP",
                "index": 0,
                "groundingMetadata": {"q": 1},
                "avgLogprobs": -1.0,
            }
        ],
        "modelVersion": "asked",
        "responseId": "r",
        "somethingNew": 1,
    }
    response = CODEC.read_response(body)
    assert CODEC.write_response(response, REPLY) == body
    assert chunks(list(replay(response)))[-1]["candidates"][0]["finishReason"] == "STOP"
    assert loads(dumps(body)) == body


def test_the_keep_alive_is_no_frame() -> None:
    """Blank lines between frames change nothing."""
    data = CODEC.ping.join([b"", *(CODEC.stream_writer(REPLY).write([event]) for event in replay(answer(Text(text="a")))), b""])
    assert len(Decoder().feed(data)) == 2

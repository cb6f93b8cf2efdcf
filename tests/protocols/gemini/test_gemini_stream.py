"""Streams of a Gemini upstream, read."""

import json
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.errors import ProtocolError
from axonhub_cli.protocols.gemini import CODEC
from axonhub_cli.protocols.sse import Decoder, Frame
from axonhub_cli.types.events import End, Event, Failure, Finish, Foreign, Start, check, fold
from axonhub_cli.types.messages import Media, Opaque, Reasoning, Response, Seal, Text, ToolCall, Usage

WIRE = Path(__file__).parents[2] / "wire" / "gemini"
SIGNED = Seal("google", "thought_signature", "CiQBc2lnbmF0dXJl")


def events(*chunks: dict[str, Any], close: bool = True) -> list[Event]:
    reader = CODEC.stream_reader()
    out = [event for chunk in chunks for event in reader.feed(Frame("", json.dumps(chunk).encode()))]
    return check(out + reader.close()) if close else out


def golden(name: str) -> list[Event]:
    decoder, reader = Decoder(), CODEC.stream_reader()
    frames = decoder.feed((WIRE / f"{name}.sse").read_bytes())
    return check([event for frame in frames for event in reader.feed(frame)] + reader.close())


def chunk(*parts: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    candidate = {"content": {"parts": list(parts), "role": "model"}, "index": 0, **({"finishReason": finish} if finish else {})}
    return {"candidates": [candidate], "responseId": "r", "modelVersion": "m", **more}


def answer(name: str) -> Response:
    return fold(golden(name), "gemini")


def test_text() -> None:
    """Pieces of text are one part; the last usage counts; the model and the id are the upstream's."""
    response = answer("text")
    assert response.parts == (Text(text="Grüße 🙂 und mehr."),)
    assert (response.id, response.model, response.finish, response.raw_finish) == (
        "resp-1",
        "gemini-3-flash-preview",
        "stop",
        "STOP",
    )
    assert response.usage == Usage(input=12, output=9)


def test_carriage_returns() -> None:
    """Google's own frames end in CRLF."""
    assert answer("crlf").parts == (Text(text="one two"),)


def test_thinking_and_calls() -> None:
    """Thoughts, text, whole calls with and without ids; the signature stays on its call; thoughts count as output."""
    thought, said, signed, bare, named = answer("thinking_tools").parts
    assert thought == Reasoning(text="**Looking**\nat files.")
    assert said == Text(text="I will look.")
    assert isinstance(signed, ToolCall)
    assert isinstance(bare, ToolCall)
    assert (signed.name, json.loads(signed.arguments), signed.seal) == ("look", {"path": "a.py", "n": [1, 2.5, None]}, SIGNED)
    assert (bare.name, bare.arguments, bare.seal) == ("look", "{}", None)
    assert signed.id.startswith("call_")
    assert bare.id not in (signed.id, "")
    assert named == ToolCall(id="fc_9", name="list", arguments="{}")
    response = answer("thinking_tools")
    assert response.finish == "tool_calls"
    assert response.usage == Usage(input=12, output=43, cache_read=8, reasoning=40)
    assert answer("thinking_tools") == response


def test_a_signature_after_the_text() -> None:
    """It comes on an empty part, and becomes a part without words."""
    assert answer("signed_text").parts == (Text(text="Done"), Reasoning(text="", seal=SIGNED))


def test_a_signed_thought_is_closed() -> None:
    """What follows the signature is another part."""
    response = fold(
        events(
            chunk({"text": "a", "thought": True}),
            chunk({"text": "", "thought": True, "thoughtSignature": SIGNED.value}),
            chunk({"text": "b", "thought": True}, finish="STOP"),
        ),
        "gemini",
    )
    assert response.parts == (Reasoning(text="a", seal=SIGNED), Reasoning(text="b"))


def test_a_refused_prompt() -> None:
    """There is no candidate: the block reason is why."""
    found = golden("blocked")
    assert isinstance(found[-1], End)
    assert found[-2] == Finish(reason="content_filter", raw_reason="PROHIBITED_CONTENT")
    assert answer("blocked").usage == Usage(input=7)


def test_a_reason_with_every_chunk_is_no_end() -> None:
    """Older models say STOP each time; the last reason counts, and a candidate may have no content."""
    response = answer("max_tokens")
    assert (response.parts, response.finish) == ((Text(text="cut off"),), "length")


def test_an_error_in_mid_stream() -> None:
    """It ends the stream as what it is."""
    last = golden("error_midway")[-1]
    assert isinstance(last, Failure)
    assert (last.problem.kind, last.problem.status) == ("overloaded", 503)


def test_what_else_an_answer_may_hold() -> None:
    """Code of the vendor's own and pictures are parts in their order; sources hang on the text."""
    text, code, picture = answer("grounded").parts
    assert text == Text(text="It rains. A lot.")
    assert code == Opaque(
        protocol="gemini", kind="executableCode", raw={"executableCode": {"language": "PYTHON", "code": "print(1)"}}
    )
    assert picture == Media(kind="image", mime="image/png", data="iVBORw0KGgo=")
    grounded = chunk({"text": "x"}, finish="STOP")
    grounded["candidates"][0]["groundingMetadata"] = {"webSearchQueries": ["q"]}
    (noted,) = fold(events(grounded), "gemini").parts
    assert noted == Text(text="x", extra={"groundingMetadata": [{"webSearchQueries": ["q"]}]})


@pytest.mark.parametrize("word", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"])
def test_a_model_that_broke_off_is_a_failure(word: str) -> None:
    """Taken for an end it would leave an agent's task half done."""
    broken = chunk(finish=word)
    broken["candidates"][0]["finishMessage"] = "call: f("
    last = events(chunk({"text": "a"}), broken, close=False)[-1]
    assert isinstance(last, Failure)
    assert (last.problem.kind, last.problem.code) == ("server", word)
    assert "call: f(" in last.problem.message


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("SPII", "content_filter"),
        ("OTHER", "unknown"),
        ("WHATEVER_COMES", "unknown"),
    ],
)
def test_finish_reasons(word: str, reason: str) -> None:
    """Each word means one of ours; an unknown one does not end an agent that has called a tool."""
    assert fold(events(chunk({"text": "a"}, finish=word)), "gemini").finish == reason
    called = fold(events(chunk({"functionCall": {"name": "f"}}, finish=word)), "gemini").finish
    assert called == ("tool_calls" if reason in ("stop", "unknown") else reason)


def test_without_a_reason_the_stream_was_cut() -> None:
    """An empty stream, and one that just ends."""
    for found in (events(), events(chunk({"text": "a"}))):
        assert isinstance(found[-1], Failure)
        assert found[-1].problem.kind == "upstream"


def test_usage_alone_begins_an_answer_and_other_objects_are_foreign() -> None:
    """Nothing is taken for what it is not."""
    assert isinstance(events({"usageMetadata": {"promptTokenCount": 3}}, close=False)[0], Start)
    assert isinstance(events({"hello": 1}, close=False)[0], Foreign)
    reader = CODEC.stream_reader()
    assert reader.feed(Frame("", b"")) == []
    assert isinstance(reader.feed(Frame("", b"[1]"))[0], Foreign)


@pytest.mark.parametrize(
    "broken",
    [
        {"candidates": {}},
        {"candidates": [1]},
        {"candidates": [{"content": []}]},
        {"candidates": [{"content": {"parts": {}}}]},
        {"candidates": [{"content": {"parts": [{"text": 1}]}}]},
        {"candidates": [{"content": {"parts": [{"functionCall": {"args": 1, "name": "f"}}]}}]},
    ],
)
def test_what_no_answer_could_hold(broken: dict[str, Any]) -> None:
    """A `ProtocolError`, not a guess."""
    with pytest.raises(ProtocolError):
        events(broken, close=False)


def test_a_whole_answer() -> None:
    """It reads as its one chunk; what stands beside the content is kept."""
    body = chunk({"text": "a"}, {"functionCall": {"id": "c", "name": "f", "args": {}}}, finish="STOP")
    body["candidates"][0]["avgLogprobs"] = -0.5
    response = CODEC.read_response(body)
    assert response.parts == (Text(text="a"), ToolCall(id="c", name="f", arguments="{}"))
    assert (response.finish, response.extra) == ("tool_calls", {"candidate": {"avgLogprobs": -0.5}})
    blocked = CODEC.read_response({"promptFeedback": {"blockReason": "SAFETY"}})
    assert (blocked.parts, blocked.finish) == ((), "content_filter")
    for wrong in ({}, {"usageMetadata": {}}, {"candidates": []}):
        with pytest.raises(ProtocolError):
            CODEC.read_response(wrong)

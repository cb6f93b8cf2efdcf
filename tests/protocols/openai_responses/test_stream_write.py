"""Answers for Responses clients, streamed and whole."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.protocols.base import Reply
from axonhub_cli.protocols.openai_responses import CODEC
from axonhub_cli.protocols.sse import Decoder
from axonhub_cli.types.events import (
    ArgumentsDelta,
    End,
    Event,
    Failure,
    Finish,
    Foreign,
    OpaqueDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    SealDelta,
    Start,
    TextDelta,
    UsageUpdate,
    check,
    fold,
    replay,
)
from axonhub_cli.types.messages import (
    FinishReason,
    Media,
    Opaque,
    Part,
    Protocol,
    Reasoning,
    Refusal,
    Response,
    Seal,
    Text,
    ToolCall,
    ToolResult,
    Usage,
)
from axonhub_cli.types.problem import Problem

NAME: Protocol = "openai-responses"
REPLY = Reply(id="resp_ar1", model="asked", created=1750000000)
START = Start(id="msg_upstream", model="real")
PROMISED = [
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
]


def write(*events: Event, reply: Reply = REPLY) -> list[dict[str, Any]]:
    """The data of every frame, after a look at the framing and the numbers."""
    writer = CODEC.stream_writer(reply)
    data = b"".join(writer.write([event]) for event in events)
    frames = Decoder().feed(data)
    told: list[dict[str, Any]] = [json.loads(frame.data) for frame in frames]
    assert [frame.name for frame in frames] == [fields["type"] for fields in told]
    assert [fields["sequence_number"] for fields in told] == list(range(len(told)))
    return told


def part(part: Part, *texts: str, index: int = 0) -> list[Event]:
    delta: Any = {Reasoning: ReasoningDelta, ToolCall: ArgumentsDelta}.get(type(part), TextDelta)
    return [PartStart(index, part), *(delta(index, text) for text in texts), PartEnd(index)]


def answer(*events: Event, finish: FinishReason = "stop") -> list[dict[str, Any]]:
    return write(START, *events, Finish(reason=finish), End())


def kinds(told: list[dict[str, Any]]) -> list[str]:
    return [fields["type"].removeprefix("response.") for fields in told]


def items(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items that were told as done."""
    return [fields["item"] for fields in told if fields["type"] == "response.output_item.done"]


def reread(told: list[dict[str, Any]]) -> Response:
    reader = CODEC.stream_reader()
    frames = Decoder().feed(b"".join(b"data: " + json.dumps(fields).encode() + b"\n\n" for fields in told))
    return fold(check([event for frame in frames for event in reader.feed(frame)] + reader.close()), NAME)


def test_text_word_by_word() -> None:
    """Text is one message item, told by every event that the API promises, in their order."""
    told = answer(*part(Text(text=""), "Grüße ", '"x"\n'))
    middle = [*PROMISED[:2], "output_text.delta", *PROMISED[2:]]
    assert kinds(told) == ["created", "in_progress", *middle, "completed"]
    content = {"type": "output_text", "text": 'Grüße "x"\n', "annotations": [], "logprobs": []}
    item = {"id": "msg_ar1_0", "type": "message", "status": "completed", "role": "assistant", "content": [content]}
    where = {"item_id": "msg_ar1_0", "output_index": 0, "content_index": 0}
    assert told[4] == {"type": "response.output_text.delta", "sequence_number": 4, **where, "delta": "Grüße ", "logprobs": []}
    assert told[6] == {"type": "response.output_text.done", "sequence_number": 6, **where, "text": 'Grüße "x"\n', "logprobs": []}
    assert items(told) == [item]
    assert told[-1]["response"]["output"] == [item]


def test_the_response_object() -> None:
    """It has the name that the client asked for, the upstream's id, the same id everywhere, and what was asked."""
    request = CODEC.read_request(
        {
            "model": "asked",
            "input": "hi",
            "instructions": "Be brief.",
            "tools": [{"type": "function", "name": "f", "parameters": {}}],
            "tool_choice": "required",
            "parallel_tool_calls": False,
            "temperature": 0.5,
            "top_p": 0.1,
            "metadata": {"a": "b"},
            "reasoning": {"effort": "low"},
            "text": {"format": {"type": "json_object"}, "verbosity": "low"},
            "max_output_tokens": 99,
            "user": "u",
            "prompt_cache_key": "k",
            "truncation": "auto",
            "previous_response_id": "resp_0",
        }
    )
    told = write(START, End(), reply=Reply(id="resp_ar1", model="asked", created=7, request=request))
    first, final = told[0]["response"], told[-1]["response"]
    assert first == {
        "id": "msg_upstream",
        "object": "response",
        "created_at": 7,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": "Be brief.",
        "max_output_tokens": 99,
        "metadata": {"a": "b"},
        "model": "asked",
        "output": [],
        "parallel_tool_calls": False,
        "previous_response_id": "resp_0",
        "prompt_cache_key": "k",
        "reasoning": {"effort": "low", "summary": None},
        "store": False,
        "temperature": 0.5,
        "text": {"format": {"type": "json_object"}, "verbosity": "low"},
        "tool_choice": "required",
        "tools": [{"type": "function", "name": "f", "parameters": {}}],
        "top_p": 0.1,
        "truncation": "auto",
        "usage": None,
        "user": "u",
    }
    assert final == {**first, "status": "completed"}
    assert write(Start(id="", model=""), End())[0]["response"]["id"] == "resp_ar1"


def test_calls_come_back_in_their_own_kind() -> None:
    """A call has its short name and its namespace, a custom one its text as `input`; empty arguments become an empty object."""
    told = answer(
        *part(ToolCall(id="call_1", name="say", arguments="", namespace="mcp__echo"), '{"a":', "1}"),
        *part(ToolCall(id="call_2", name="apply_patch", arguments="", kind="custom"), "*** Begin", " Patch", index=1),
        *part(ToolCall(id="call_3", name="list", arguments=""), index=2),
        *part(ToolCall(id="call_4", name="exec", arguments="", kind="custom", namespace="functions", item_id="ctc_9"), index=3),
        finish="tool_calls",
    )
    assert items(told) == [
        {
            "type": "function_call",
            "id": "fc_ar1_0",
            "call_id": "call_1",
            "name": "say",
            "namespace": "mcp__echo",
            "arguments": '{"a":1}',
            "status": "completed",
        },
        {
            "type": "custom_tool_call",
            "id": "ctc_ar1_1",
            "call_id": "call_2",
            "name": "apply_patch",
            "input": "*** Begin Patch",
            "status": "completed",
        },
        {
            "type": "function_call",
            "id": "fc_ar1_2",
            "call_id": "call_3",
            "name": "list",
            "arguments": "{}",
            "status": "completed",
        },
        {
            "type": "custom_tool_call",
            "id": "ctc_9",
            "call_id": "call_4",
            "name": "exec",
            "namespace": "functions",
            "input": "",
            "status": "completed",
        },
    ]
    assert kinds(told)[2:11] == [
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "output_item.added",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
    ]
    added = [fields["item"] for fields in told if fields["type"] == "response.output_item.added"]
    assert {(item.get("arguments", item.get("input")), item["status"]) for item in added} == {("", "in_progress")}


def test_thinking_is_a_summary_with_its_seal() -> None:
    """Thinking is told as a summary; the seal of its maker goes with it, one of another vendor does not."""
    seal = Seal("openai", "encrypted_content", "xyz", "rs_1")
    told = answer(
        PartStart(0, Reasoning(text="")), ReasoningDelta(0, "a"), ReasoningDelta(0, "b"), SealDelta(0, seal), PartEnd(0)
    )
    assert kinds(told)[2:-1] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
    ]
    summary = [{"type": "summary_text", "text": "ab"}]
    assert items(told) == [{"type": "reasoning", "id": "rs_ar1_0", "summary": summary, "encrypted_content": "xyz"}]
    told = answer(PartStart(0, Reasoning(text="")), SealDelta(0, Seal("anthropic", "signature", "s")), PartEnd(0))
    assert items(told) == [{"type": "reasoning", "id": "rs_ar1_0", "summary": []}]


def test_open_thinking_of_a_responses_upstream_stays_open() -> None:
    """Thinking that came as content goes out as content."""
    told = answer(*part(Reasoning(text="", extra={"id": "rs_7", "reasoning_text": True}), "hm"))
    assert items(told) == [
        {"type": "reasoning", "id": "rs_7", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]}
    ]
    assert "reasoning_text.delta" in kinds(told)


def test_a_run_of_texts_is_one_message() -> None:
    """Texts in a row, refusals too, are contents of one message; another part, or a mark, begins a new one."""
    told = answer(
        *part(Text(text=""), "a"),
        *part(Refusal(text=""), "b", index=1),
        *part(Text(text="", extra={"item": {"id": "msg_9", "phase": "final_answer"}}), "c", index=2),
        *part(ToolCall(id="c", name="n", arguments="{}"), index=3),
        *part(Text(text="d"), index=4),
        finish="refusal",
    )
    outline = [
        (item["id"], [content.get("text", content.get("refusal")) for content in item.get("content", ())]) for item in items(told)
    ]
    assert outline == [("msg_ar1_0", ["a", "b"]), ("msg_9", ["c"]), ("fc_ar1_2", []), ("msg_ar1_3", ["d"])]
    assert items(told)[1]["phase"] == "final_answer"
    assert told[-1]["response"]["status"] == "completed"
    assert [kind for kind in kinds(told) if kind.startswith("refusal")] == ["refusal.delta", "refusal.done"]


def test_citations_of_its_own() -> None:
    """Annotations of a Responses upstream are told and kept; another protocol's citations are not annotations."""
    told = answer(
        PartStart(0, Text(text="")),
        TextDelta(0, "x"),
        OpaqueDelta(0, NAME, "annotations", {"type": "file_path"}),
        OpaqueDelta(0, NAME, "logprobs", {"token": "x"}),
        OpaqueDelta(0, "anthropic", "citations", {}),
        PartEnd(0),
    )
    assert kinds(told).count("output_text.annotation.added") == 1
    assert items(told)[0]["content"][0] == {
        "type": "output_text",
        "text": "x",
        "annotations": [{"type": "file_path"}],
        "logprobs": [{"token": "x"}],
    }


def test_parts_that_this_api_has_in_another_form() -> None:
    """Its own unknown items pass whole, pictures become generated images, other media a word; the rest is passed over."""
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    told = answer(
        *part(Opaque(protocol=NAME, kind="web_search_call", raw=search)),
        *part(Media(kind="image", data="AA=="), index=1),
        *part(Media(kind="audio", data="AA==", name="a.wav"), index=2),
        *part(Opaque(protocol="anthropic", kind="server_tool_use", raw={}), index=3),
        *part(ToolResult(call_id="c", parts=()), index=4),
    )
    assert items(told)[:2] == [
        search,
        {"id": "ig_ar1_1", "type": "image_generation_call", "status": "completed", "result": "AA=="},
    ]
    assert [content["text"] for content in items(told)[2]["content"]] == ["[audio a.wav]"]
    assert len(items(told)) == 3


def test_interleaved_parts_keep_their_places() -> None:
    """Parts that stream at the same time are told apart by output_index; the list at the end is in order."""
    told = write(
        START,
        PartStart(0, Text(text="")),
        TextDelta(0, "a"),
        PartStart(1, ToolCall(id="c1", name="n", arguments="")),
        PartStart(2, ToolCall(id="c2", name="n", arguments="")),
        ArgumentsDelta(2, "{}"),
        TextDelta(0, "b"),
        PartEnd(2),
        ArgumentsDelta(1, "[]"),
        PartEnd(0),
        PartEnd(1),
        End(),
    )
    assert [fields["output_index"] for fields in told if fields["type"].endswith("delta")] == [0, 2, 0, 1]
    assert [item["id"] for item in items(told)] == ["fc_ar1_2", "msg_ar1_0", "fc_ar1_1"]
    assert [item["id"] for item in told[-1]["response"]["output"]] == ["msg_ar1_0", "fc_ar1_1", "fc_ar1_2"]


@pytest.mark.parametrize(
    ("finish", "status", "details"),
    [
        ("stop", "completed", None),
        ("stop_sequence", "completed", None),
        ("tool_calls", "completed", None),
        ("pause", "completed", None),
        ("unknown", "completed", None),
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("context_length", "incomplete", {"reason": "max_output_tokens"}),
        ("content_filter", "incomplete", {"reason": "content_filter"}),
    ],
)
def test_how_it_ends(finish: FinishReason, status: str, details: Any) -> None:
    """Each finish reason has its last event, its status and its details."""
    final = answer(*part(Text(text=""), "x"), finish=finish)[-1]
    assert final["type"] == f"response.{status}"
    assert (final["response"]["status"], final["response"]["incomplete_details"]) == (status, details)


def test_a_refusal_without_words_gets_some() -> None:
    """A refusal that said nothing is told in words: an empty answer would look like a fault."""
    told = answer(finish="refusal")
    assert items(told)[0]["content"] == [{"type": "refusal", "refusal": "The model refused to answer."}]
    assert told[-1]["response"]["status"] == "completed"


@pytest.mark.parametrize(
    ("usage", "written"),
    [
        (None, None),
        (Usage(cache_read=3), None),
        (
            Usage(input=10, output=5),
            {
                "input_tokens": 10,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 5,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 15,
            },
        ),
        (
            Usage(input=10, output=5, cache_read=4, cache_write_5m=2, cache_write_1h=1, reasoning=3),
            {
                "input_tokens": 10,
                "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
                "output_tokens": 5,
                "output_tokens_details": {"reasoning_tokens": 3},
                "total_tokens": 15,
            },
        ),
        (
            Usage(output=5),
            {
                "input_tokens": 0,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 5,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 5,
            },
        ),
    ],
)
def test_usage(usage: Usage | None, written: Any) -> None:
    """Known usage has all figures that clients insist on; unknown usage is null."""
    told = write(START, *([UsageUpdate(usage)] if usage else []), Finish(reason="stop"), End())
    assert told[-1]["response"]["usage"] == written


def test_usage_comes_in_pieces() -> None:
    """Figures of the start and of later updates add up to one usage."""
    told = write(Start(id="x", model="m", usage=Usage(input=9)), Finish(reason="stop"), UsageUpdate(Usage(output=2)), End())
    assert told[-1]["response"]["usage"]["total_tokens"] == 11


FAILURES: list[tuple[Problem, str, str]] = [
    (Problem(kind="server", message="m"), "server_error", "m"),
    (Problem(kind="upstream", message="m"), "server_error", "m"),
    (Problem(kind="timeout", message="m"), "server_error", "m"),
    (Problem(kind="overloaded", message="m", code="server_is_overloaded"), "server_error", "m"),
    (Problem(kind="server", message="m", should_retry=False), "invalid_prompt", "m"),
    (Problem(kind="rate_limit", message="Slow."), "rate_limit_exceeded", "Slow. Please try again in 2s."),
    (Problem(kind="rate_limit", message="Slow.", retry_after=3600), "rate_limit_exceeded", "Slow. Please try again in 60s."),
    (Problem(kind="rate_limit", message="try again in 1.5s"), "rate_limit_exceeded", "try again in 1.5s"),
    (Problem(kind="context_length", message="m"), "context_length_exceeded", "m"),
    (Problem(kind="quota", message="m"), "insufficient_quota", "m"),
    (Problem(kind="billing", message="m"), "insufficient_quota", "m"),
    (Problem(kind="invalid_request", message="m"), "invalid_prompt", "m"),
    (Problem(kind="authentication", message="m"), "invalid_prompt", "m"),
]


@pytest.mark.parametrize(("problem", "code", "message"), FAILURES)
def test_failures(problem: Problem, code: str, message: str) -> None:
    """A failure is told as `response.failed` with the code that makes the client do the right thing, and nothing follows."""
    told = write(START, Failure(problem), End(), PartStart(0, Text(text="late")))
    assert kinds(told) == ["created", "in_progress", "failed"]
    response = told[-1]["response"]
    assert (response["status"], response["error"]) == ("failed", {"code": code, "message": message})


def test_a_failure_before_the_start() -> None:
    """A stream that fails before it began still begins with `response.created`: SDKs insist on it."""
    assert kinds(write(Failure(Problem(kind="server", message="m")))) == ["created", "in_progress", "failed"]


def test_a_second_start_adds_nothing() -> None:
    """A relay that must ping before the upstream speaks can begin the stream; the upstream's own start is then not told again."""
    told = write(Start(id="", model=""), Start(id="late", model="m", usage=Usage(input=1, output=1)), End())
    assert kinds(told) == ["created", "in_progress", "completed"]
    assert (told[-1]["response"]["id"], told[-1]["response"]["usage"]["total_tokens"]) == ("resp_ar1", 2)


def test_a_failure_closes_text_and_executes_nothing() -> None:
    """Open texts are closed, but a half call or message is never told as done: clients run and remember what is done."""
    told = write(
        START,
        *part(Text(text=""), "whole"),
        PartStart(1, Reasoning(text="")),
        ReasoningDelta(1, "th"),
        PartStart(2, ToolCall(id="c", name="n", arguments="")),
        ArgumentsDelta(2, '{"a'),
        PartStart(3, Text(text="")),
        TextDelta(3, "hal"),
        UsageUpdate(Usage(input=1, output=1)),
        Failure(Problem(kind="server", message="m")),
    )
    assert [item["content"][0]["text"] for item in items(told)] == ["whole"]
    assert kinds(told)[-5:] == [
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_text.done",
        "content_part.done",
        "failed",
    ]
    final = told[-1]["response"]
    assert [item.get("status") for item in final["output"]] == ["completed", "incomplete", "incomplete", "incomplete"]
    assert final["usage"]["total_tokens"] == 2


def test_foreign_frames_are_not_repeated() -> None:
    """Frames that nobody understood have numbers of their own, and stay out."""
    assert kinds(write(START, Foreign(NAME, "response.odd", b"{}"), End())) == ["created", "in_progress", "completed"]


def test_ids_are_legal_and_stable() -> None:
    """Item ids come from the reply's id, in letters that the API takes; the same answer has the same ids."""
    reply = Reply(id="ar-ü/1.2" + "x" * 99, model="m", created=0)
    first = items(write(START, *part(Text(text="a")), End(), reply=reply))[0]["id"]
    assert first == items(write(START, *part(Text(text="a")), End(), reply=reply))[0]["id"]
    assert first.isascii()
    assert first.replace("_", "").replace("-", "").isalnum()
    assert len(first) <= 64


@pytest.mark.parametrize("name", ["tools", "texts"])
def test_golden_answers_survive(stream: Any, name: str) -> None:
    """A Responses answer that is read and written, streamed or whole, is the same answer when read again."""
    reader = CODEC.stream_reader()
    events = [event for frame in Decoder().feed(stream(name)) for event in reader.feed(frame)]
    response = fold(events, NAME)
    assert reread(write(*events)) == replaced(response, "asked")
    assert CODEC.read_response(CODEC.write_response(response, REPLY)) == replaced(response, "asked")


def replaced(response: Response, model: str) -> Response:
    return Response(**{**{name: getattr(response, name) for name in response.__struct_fields__}, "model": model})


def test_a_whole_response_is_what_the_stream_ends_with() -> None:
    """The body of an answer that is not streamed is the response of the stream's last event."""
    response = Response(
        origin="anthropic",
        id="msg_1",
        model="real",
        finish="tool_calls",
        usage=Usage(input=1, output=2),
        parts=(Reasoning(text="t"), Text(text="a"), ToolCall(id="c", name="n", arguments='{"x":1}')),
    )
    assert CODEC.write_response(response, REPLY) == write(*replay(response))[-1]["response"]


TEXT = st.text(max_size=5)
PARTS = st.one_of(
    st.builds(lambda text: Text(text=text), TEXT),
    st.builds(lambda text: Refusal(text=text), TEXT),
    st.builds(lambda text: Reasoning(text=text), TEXT),
    st.builds(
        lambda name, text, space, kind: ToolCall(id=f"call_{name}", name=name, arguments=text, namespace=space, kind=kind),
        st.text("abc", min_size=1, max_size=3),
        st.text("{}x", min_size=1, max_size=5),
        st.sampled_from([None, "ns"]),
        st.sampled_from(["function", "custom"]),
    ),
)


@given(parts=st.lists(PARTS, max_size=6), data=st.data())
def test_any_interleaving_is_read_as_the_same_parts(parts: list[Part], data: st.DataObject) -> None:
    """However the parts of an answer interleave, a reader of the stream has each of them whole, and in order."""
    whole = Response(origin=NAME, id="r", model="m", parts=tuple(parts), finish=None)
    rows: list[list[Event]] = [
        [event for event in replay(whole) if getattr(event, "index", None) == at] for at in range(len(parts))
    ]
    events: list[Event] = [START]
    running: list[list[Event]] = []
    while rows or running:
        if rows and (not running or data.draw(st.booleans())):
            running.append(rows.pop(0))
            events.append(running[-1].pop(0))
        else:
            row = data.draw(st.sampled_from(running))
            events.append(row.pop(0))
            running = [other for other in running if other]
    response = reread(write(*check([*events, End()])))
    assert [plain(part) for part in response.parts] == [plain(part) for part in parts]


def plain(part: Part) -> tuple[Any, ...]:
    return (type(part).__name__, getattr(part, "text", None), getattr(part, "arguments", None), getattr(part, "namespace", None))

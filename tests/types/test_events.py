"""The grammar of the neutral stream, and the functions between a stream and a whole response."""

import pytest
from hypothesis import given

from axonhub_cli.errors import ProtocolError
from axonhub_cli.types.events import (
    ArgumentsDelta,
    Checker,
    End,
    Event,
    Failure,
    Finish,
    Folder,
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
from axonhub_cli.types.messages import Media, Opaque, Reasoning, Refusal, Response, Seal, Text, ToolCall, Usage
from axonhub_cli.types.problem import Problem
from tests.types.responses import RESPONSES

START = Start(id="r", model="m")
TEXT = PartStart(0, Text(text=""))
CALL = PartStart(0, ToolCall(id="c", name="n", arguments=""))
THINK = PartStart(0, Reasoning(text=""))
STOP = Finish(reason="stop")
FAIL = Failure(Problem(kind="server", message="m"))
SEAL = Seal("v", "signature", "s")
PING = Foreign("anthropic", "ping")
BLOCK = PartStart(0, Opaque(protocol="anthropic", kind="x", raw={"type": "x"}))

LEGAL: dict[str, list[Event]] = {
    "nothing said": [START, STOP, End()],
    "no reason given": [START, End()],
    "text": [START, TEXT, TextDelta(0, "a"), TextDelta(0, "b"), PartEnd(0), STOP, End()],
    "refusal": [START, PartStart(0, Refusal(text="")), TextDelta(0, "a"), PartEnd(0), STOP, End()],
    "call": [START, CALL, ArgumentsDelta(0, "{}"), SealDelta(0, SEAL), PartEnd(0), Finish(reason="tool_calls"), End()],
    "thinking": [START, THINK, ReasoningDelta(0, "a"), SealDelta(0, SEAL), PartEnd(0), STOP, End()],
    "block": [START, BLOCK, OpaqueDelta(0, "anthropic", "k", 1), PartEnd(0), STOP, End()],
    "image": [START, PartStart(0, Media(kind="image", url="u")), PartEnd(0), STOP, End()],
    "interleaved": [
        START,
        CALL,
        PartStart(1, Text(text="")),
        ArgumentsDelta(0, "{"),
        TextDelta(1, "a"),
        PartEnd(1),
        PartEnd(0),
        End(),
    ],
    "usage after the reason": [START, STOP, UsageUpdate(Usage(input=1)), End()],
    "pings anywhere": [PING, START, PING, STOP, PING, End()],
    "failure at once": [FAIL],
    "failure in a part": [START, TEXT, FAIL],
    "failure after the reason": [START, STOP, FAIL],
}
ILLEGAL: dict[str, list[Event]] = {
    "no start": [TEXT],
    "usage before the start": [UsageUpdate(Usage())],
    "two starts": [START, START],
    "delta before the part": [START, TextDelta(0, "a")],
    "delta after the part": [START, TEXT, PartEnd(0), TextDelta(0, "a")],
    "wrong kind of delta": [START, TEXT, ArgumentsDelta(0, "a")],
    "text in thinking": [START, THINK, TextDelta(0, "a")],
    "a seal on text": [START, TEXT, SealDelta(0, SEAL)],
    "text in a block": [START, BLOCK, TextDelta(0, "a")],
    "a gap in the indexes": [START, PartStart(1, Text(text=""))],
    "an index used again": [START, TEXT, PartEnd(0), TEXT],
    "two ends of a part": [START, TEXT, PartEnd(0), PartEnd(0)],
    "finish while open": [START, TEXT, STOP],
    "end while open": [START, TEXT, End()],
    "two reasons": [START, STOP, STOP],
    "a part after the reason": [START, STOP, TEXT],
    "end first": [End()],
    "something after the end": [START, End(), PING],
    "something after a failure": [FAIL, START],
}


@pytest.mark.parametrize("events", LEGAL.values(), ids=LEGAL)
def test_legal(events: list[Event]) -> None:
    """The grammar takes every stream that an upstream may send, and gives it back."""
    assert check(events) == events


@pytest.mark.parametrize("events", ILLEGAL.values(), ids=ILLEGAL)
def test_illegal(events: list[Event]) -> None:
    """The grammar refuses at the very event that breaks it."""
    checker = Checker()
    for event in events[:-1]:
        checker.feed(event)
    with pytest.raises(ProtocolError):
        checker.feed(events[-1])


def test_a_stream_must_end() -> None:
    """A complete stream ends in End or Failure; a beginning of one may be looked at as such."""
    with pytest.raises(ProtocolError, match="OPEN"):
        check([START])
    assert check([START], complete=False) == [START]


def test_fold_collects_everything() -> None:
    """Text, arguments, seals, list items and usage end up where they belong, in pieces or not."""
    events: list[Event] = [
        Start(id="r", model="m", usage=Usage(input=3), extra={"a": 1}),
        PartStart(0, Text(text="", extra={"citations": [1]})),
        TextDelta(0, "a"),
        OpaqueDelta(0, "anthropic", "citations", 2),
        TextDelta(0, "b"),
        OpaqueDelta(0, "anthropic", "notes", 3),
        PartEnd(0),
        PartStart(1, Reasoning(text="")),
        ReasoningDelta(1, "t"),
        SealDelta(1, SEAL),
        PartEnd(1),
        PartStart(2, Opaque(protocol="anthropic", kind="x", raw={"type": "x"})),
        OpaqueDelta(2, "anthropic", "items", 4),
        PartEnd(2),
        UsageUpdate(Usage(output=5)),
        Finish(reason="stop_sequence", raw_reason="stop_sequence", stop_sequence="END"),
        End(),
    ]
    assert fold(check(events), "anthropic") == Response(
        origin="anthropic",
        id="r",
        model="m",
        parts=(
            Text(text="ab", extra={"citations": [1, 2], "notes": [3]}),
            Reasoning(text="t", seal=SEAL),
            Opaque(protocol="anthropic", kind="x", raw={"type": "x", "items": [4]}),
        ),
        finish="stop_sequence",
        raw_finish="stop_sequence",
        stop_sequence="END",
        usage=Usage(input=3, output=5),
        extra={"a": 1},
    )


def test_a_folder_can_be_asked_at_any_moment() -> None:
    """What came so far is a response, also after a failure, which is kept."""
    folder = Folder("openai-chat")
    assert folder.response().parts == ()
    events: list[Event] = [START, TEXT, TextDelta(0, "a")]
    for event in events:
        folder.feed(event)
    assert folder.response().parts == (Text(text="a"),)
    folder.feed(FAIL)
    assert (folder.problem, folder.ended, folder.response().finish) == (FAIL.problem, False, None)


@given(RESPONSES)
def test_fold_and_replay_are_inverse(response: Response) -> None:
    """A response played as a stream folds into the same response, and the stream obeys the grammar."""
    assert fold(check(replay(response)), response.origin) == response

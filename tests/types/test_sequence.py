"""Parts in a row: the same response in the end, and at most one part open at a time."""

from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.types.events import (
    ArgumentsDelta,
    Event,
    Failure,
    Finish,
    Foreign,
    PartEnd,
    PartStart,
    Start,
    TextDelta,
    check,
    fold,
    replay,
)
from axonhub_cli.types.messages import Text, ToolCall
from axonhub_cli.types.problem import Problem
from axonhub_cli.types.sequence import Sequencer, sequential
from tests.types.responses import RESPONSES

START = Start(id="r", model="m")
CALL = PartStart(0, ToolCall(id="c", name="n", arguments=""))
STOP = Finish(reason="stop")
FAIL = Failure(Problem(kind="server", message="m"))
PING = Foreign("anthropic", "ping")


@st.composite
def interleaved(draw: st.DrawFn) -> list[Event]:
    """A legal stream with several parts open at a time, cut off or failed at some point in a third of the cases."""
    response = draw(RESPONSES)
    first, *rest = replay(response)
    ends = [event for event in rest if not hasattr(event, "index")]
    lanes = [[event for event in rest if getattr(event, "index", -1) == at] for at in range(len(response.parts))]
    out: list[Event] = [first]
    begun = 0
    while any(lanes):
        at = draw(st.sampled_from([at for at, lane in enumerate(lanes) if lane and at <= begun]))
        begun = max(begun, at + 1)
        out.append(lanes[at].pop(0))
    if draw(st.integers(0, 2)) == 0:
        return [*out[: draw(st.integers(1, len(out)))], FAIL]
    return [*out, *ends]


@given(interleaved())
def test_sequencer(events: list[Event]) -> None:
    """In a row: legal, one part open at most, and the same response in the end; of a stream that failed, the beginning."""
    check(events)
    row = check(sequential(events))
    told, whole = fold(row, "openai-chat"), fold(events, "openai-chat")
    assert told.parts == whole.parts[: len(told.parts)]
    assert told == whole or events[-1] is FAIL
    is_open = False
    for event in row:
        if isinstance(event, PartStart):
            assert not is_open
        is_open = isinstance(event, PartStart) or (is_open and not isinstance(event, PartEnd))


def test_half_a_call_is_not_shut_for_the_next_part() -> None:
    """Shut, it would look whole, and a client would run it."""
    sequencer = Sequencer()
    assert sequencer.feed(CALL) == [CALL]
    assert sequencer.feed(PartStart(1, Text(text=""))) == []
    assert sequencer.feed(FAIL) == [FAIL]


def test_the_sequencer_streams_the_lowest_part() -> None:
    """The first open part goes out at once, later ones wait for its end and then go out together."""
    sequencer = Sequencer()
    second = PartStart(1, Text(text=""))
    assert sequencer.feed(CALL) == [CALL]
    assert sequencer.feed(second) == []
    assert sequencer.feed(ArgumentsDelta(0, "a")) == [ArgumentsDelta(0, "a")]
    assert sequencer.feed(TextDelta(1, "b")) == []
    assert sequencer.feed(PING) == [PING]
    assert sequencer.feed(PartEnd(0)) == [PartEnd(0), second, TextDelta(1, "b")]
    assert sequencer.feed(TextDelta(1, "c")) == [TextDelta(1, "c")]

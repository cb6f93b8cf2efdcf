"""What each question shows. A trial sends one or two requests and gives facts; a refusal is a fact, not an error.

What a model does is a matter of chance: a call that a small model did not make says "no" with what it did instead.
"""

import json
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from ...config.capabilities import Fact
from ...protocols.incapable import incapable
from ...tokens import estimate
from ...types.messages import Part, Reasoning, Text, ToolCall
from . import questions, window
from .exchange import Answer, Place, count, send

_CUT = 5  # events after which the long answer is left
_FREE_AGAIN = 30.0  # seconds within which the next answer must come
_LIKE_A_REFUSAL = ("not_found", "invalid_request", "permission")


def run(place: Place) -> Iterator[tuple[str, Fact]]:
    """All facts by name, each as soon as it is known. When the first question fails, the rest is not asked."""
    stream = send(place, questions.plain(place.endpoint.protocol))
    yield "stream", stream_fact(stream)
    if stream.problem is not None:
        return
    yield from _tools(place)
    yield from _reasoning(place)
    yield from _images(place)
    yield "count_tokens", _count(place, stream)
    yield "context", window.fact(place)
    yield "errors", errors_fact(send(replace(place, model="axonhub-no-such-model"), questions.short(place.endpoint.protocol)))
    yield "cancel", _cancel(place)


def stream_fact(answer: Answer) -> Fact:
    """Events in their order, to their end, with a reason to stop and with usage."""
    if answer.problem is not None or answer.response is None:
        return _refused(answer)
    missing = [] if answer.streamed else ["it came in one piece"]
    usage = answer.response.usage
    if usage is None or usage.input is None or usage.output is None:
        missing.append("it tells no usage")
    if answer.response.finish is None:
        missing.append("it does not say why it stopped")
    times = f"{answer.events} events, the first after {answer.first:.1f} s"
    return Fact("partly", "; ".join(missing)) if missing else Fact("yes", times)


def _tools(place: Place) -> Iterator[tuple[str, Fact]]:
    protocol = place.endpoint.protocol
    called = send(place, questions.tool(protocol))
    yield "tools", calls_fact(called, 1)
    yield "parallel_tools", calls_fact(send(place, questions.parallel(protocol)), 2)
    told = replace(place.endpoint.quirks, forced_tool_choice=True)
    yield "forced_tool", calls_fact(send(place, questions.forced(protocol), quirks=told), 1)
    said = _kept(called.response.parts) if called.response and _calls(called) else []
    yield "tool_round_trip", taken_fact(send(place, questions.round_trip(protocol, said)))


def calls_fact(answer: Answer, wanted: int) -> Fact:
    """So many calls in one answer, with arguments that are JSON objects."""
    if answer.problem is not None:
        return _refused(answer)
    calls = _calls(answer)
    if any(not _is_object(call.arguments) for call in calls):
        return Fact("partly", "it called the tool with arguments that are no JSON object")
    if len(calls) >= wanted:
        return Fact("yes", f"{len(calls)} calls in one answer" if wanted > 1 else "")
    return Fact("no", "one call at a time" if calls else "it answered in words")


def taken_fact(answer: Answer) -> Fact:
    """The endpoint takes the history and says something."""
    if answer.problem is not None:
        return _refused(answer)
    return Fact("yes") if answer.response and answer.response.parts else Fact("partly", "taken, but the answer was empty")


def _reasoning(place: Place) -> Iterator[tuple[str, Fact]]:
    protocol = place.endpoint.protocol
    quirks = replace(place.endpoint.quirks, thinking=True, reasoning_effort=True)
    answer = send(place, questions.thinking(protocol), quirks=quirks)
    parts = _kept(answer.response.parts) if answer.response else []
    thoughts = [part for part in parts if isinstance(part, Reasoning)]
    yield "reasoning", reasoning_fact(answer, thoughts)
    if not thoughts:
        yield "reasoning_replay", Fact("unknown", "it showed none")
        return
    with_it = send(place, questions.replay(protocol, parts), quirks=replace(quirks, replay_reasoning=True))
    spoken = [part for part in parts if not isinstance(part, Reasoning)]
    without = send(place, questions.replay(protocol, spoken), quirks=replace(quirks, replay_reasoning=False))
    yield "reasoning_replay", replay_fact(with_it, without)


def reasoning_fact(answer: Answer, thoughts: Sequence[Reasoning]) -> Fact:
    """Reasoning came, in clear or sealed."""
    if answer.problem is not None:
        return _refused(answer)
    if not thoughts:
        return Fact("no", "it showed none")
    sealed = any(part.seal is not None for part in thoughts)
    return Fact("yes", "with a seal" if sealed else "as plain text")


def replay_fact(with_it: Answer, without: Answer) -> Fact:
    """Whether the history may, or must, have the reasoning in it."""
    if with_it.problem is not None:
        return _refused(with_it)
    return Fact("yes", "and refuses the history without it" if without.problem is not None else "")


def _images(place: Place) -> Iterator[tuple[str, Fact]]:
    protocol, quirks = place.endpoint.protocol, replace(place.endpoint.quirks, images=True, image_results=True)
    yield "image", image_fact(send(place, questions.picture(protocol), quirks=quirks))
    yield "image_result", image_fact(send(place, questions.image(protocol), quirks=quirks))


def image_fact(answer: Answer) -> Fact:
    """It names the colour; or takes the picture without seeing it."""
    if answer.problem is not None:
        return _refused(answer)
    return Fact("yes") if "red" in _text(answer).lower() else Fact("partly", "taken, but it does not say what is on it")


def _count(place: Place, stream: Answer) -> Fact:
    """How many tokens the plain question really was, against the endpoint's own counter, else against our estimate."""
    request = questions.plain(place.endpoint.protocol)
    usage = stream.response.usage if stream.response else None
    return count_fact(count(place, request), estimate(request), usage.input if usage else None)


def count_fact(counted: int | None, estimated: int, used: int | None) -> Fact:
    """The ratio of real tokens to those that were foretold."""
    if used is None:
        return Fact("unknown" if counted is None else "partly", "it tells no usage to compare with")
    foretold = counted or estimated
    ratio = round(used / foretold, 3)
    detail = f"{used} used, {foretold} {'counted' if counted else 'estimated'}"
    return Fact("yes", detail, ratio) if counted else Fact("no", f"it has no counter; {detail}", ratio)


def errors_fact(answer: Answer) -> Fact:
    """A model that does not exist is refused in the protocol's own words."""
    problem = answer.problem
    if problem is None:
        return Fact("no", "it answers whatever the model is called")
    said = f"{problem.http_status}: {problem.message[:120]}"
    return Fact("yes" if problem.kind in _LIKE_A_REFUSAL else "partly", said)


def _cancel(place: Place) -> Fact:
    protocol = place.endpoint.protocol
    left = send(place, questions.long(protocol), cut=_CUT)
    return cancel_fact(left, send(place, questions.short(protocol)))


def cancel_fact(left: Answer, after: Answer) -> Fact:
    """After a request was left in the middle, the next one is answered, and soon."""
    if left.problem is not None or after.problem is not None:
        return _refused(left if left.problem is not None else after)
    detail = f"the next answer came after {after.seconds:.1f} s"
    return Fact("yes" if after.seconds < _FREE_AGAIN else "partly", detail)


def _refused(answer: Answer) -> Fact:
    problem = incapable(answer.problem) if answer.problem is not None else None
    return Fact("no", f"{problem.http_status}: {problem.message[:160]}" if problem else "no answer")


def _calls(answer: Answer) -> list[ToolCall]:
    return [part for part in answer.response.parts if isinstance(part, ToolCall)] if answer.response else []


def _kept(parts: Sequence[Part]) -> list[Part]:
    """An answer's parts as history has them: what is empty is no part of it."""
    return [part for part in parts if not (isinstance(part, Text) and not part.text.strip())]


def _text(answer: Answer) -> str:
    parts = answer.response.parts if answer.response else ()
    return " ".join(part.text for part in parts if isinstance(part, Text | Reasoning))


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text or "{}"), dict)
    except (ValueError, RecursionError):
        return False

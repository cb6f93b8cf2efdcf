"""The stream read: chunks of an upstream in, neutral events out.

A finish reason does not end the parts at once: some vendors send one with every tool call, or before the last words. Parts end,
and `Finish` follows, when the stream says `[DONE]` or closes. A stream that closes after a finish reason is complete without
`[DONE]`; one that says `[DONE]` without a reason is complete without a `Finish`, unless it has called a tool.
"""

from typing import Any

from ...errors import ProtocolError
from ...types.events import End, Event, Failure, Finish, Foreign, Start, UsageUpdate
from ...types.messages import Usage
from ...types.problem import Problem
from ..raw import loads
from ..sse import Frame
from .deltas import Assembly
from .errors import error_in
from .parts import VENDOR
from .usage import read_finish, read_usage

_DONE = b"[DONE]"
KNOWN = frozenset({"id", "object", "created", "model", "choices", "usage", "error", "obfuscation", "x_groq"})


class Reader:
    """One stream. `feed` raises `ProtocolError` for a frame that is no JSON or that no answer could hold."""

    def __init__(self) -> None:
        self._parts = Assembly()
        self._started = False
        self._over = False
        self._word: str | None = None
        self._usage: Usage | None = None

    def feed(self, frame: Frame) -> list[Event]:
        data = frame.data.strip()
        if self._over or not data:
            return []
        if data == _DONE:
            return self.end()
        chunk = loads(data)
        if not isinstance(chunk, dict):
            return [Foreign(VENDOR, frame.name, frame.data)]
        events = self.take(chunk)
        return [Foreign(VENDOR, frame.name, frame.data)] if events is None else events

    def take(self, chunk: dict[str, Any]) -> list[Event] | None:
        """The events of one parsed chunk, or of a whole answer; None when it is neither."""
        choices = chunk.get("choices")
        if not isinstance(choices, list) or not choices:
            return self._aside(chunk)
        choice = choices[0]
        if not isinstance(choice, dict):
            raise ProtocolError("a choice in the upstream's answer is no object")
        out: list[Event] = []
        usage = _usage(chunk, choice)
        if not self._started:
            self._begin(chunk, usage, out)
        if choice.get("index") in (0, None):
            self._choice(choice, out)
        if choice.get("finish_reason") or "error" in chunk or "base_resp" in chunk:
            problem = error_in(chunk)
            if problem is not None:
                return [*out, *self._fail(problem)]
        self._count(usage, out)
        return out

    def close(self) -> list[Event]:
        """The upstream closed the stream."""
        if self._over:
            return []
        if self._word is not None:
            return self.end()
        text = (
            "The upstream closed its stream before the answer was complete."
            if self._started
            else "The upstream's stream was empty."
        )
        return self._fail(Problem(kind="upstream", message=text))

    def end(self) -> list[Event]:
        """Ends the parts and the stream."""
        self._over = True
        if not self._started:
            return [Failure(Problem(kind="upstream", message="The upstream's stream holds no answer."))]
        out: list[Event] = []
        self._parts.finish(out)
        if self._word is not None or self._parts.called:
            out.append(Finish(reason=read_finish(self._word, self._parts.called), raw_reason=self._word))
        return [*out, End()]

    def _aside(self, chunk: dict[str, Any]) -> list[Event] | None:
        """A chunk without a choice: an error, or the usage."""
        problem = error_in(chunk)
        if problem is not None:
            return self._fail(problem)
        usage = read_usage(chunk.get("usage"))
        if usage is None:
            return None
        out: list[Event] = []
        if not self._started:
            self._begin(chunk, usage, out)
        self._count(usage, out)
        return out

    def _begin(self, chunk: dict[str, Any], usage: Usage | None, out: list[Event]) -> None:
        self._started = True
        answer, model = chunk.get("id"), chunk.get("model")
        answer = answer if isinstance(answer, str) else ""
        extra = {key: value for key, value in chunk.items() if key not in KNOWN and value is not None}
        self._parts.seed = f"{answer}\0{chunk.get('created')}"
        self._usage = usage
        out.append(Start(id=answer, model=model if isinstance(model, str) else "", usage=usage, extra=extra or None))

    def _choice(self, choice: dict[str, Any], out: list[Event]) -> None:
        """The delta and the finish reason. A whole `message` counts where nothing was said: some repeat all at the end."""
        delta = choice.get("delta")
        message = choice.get("message")
        if not isinstance(delta, dict) or (not delta and message):
            delta = message if isinstance(message, dict) and not self._parts.said else {}
        if delta:
            self._parts.delta(delta, out)
        word = choice.get("finish_reason")
        if word and isinstance(word, str):
            self._word = word

    def _count(self, usage: Usage | None, out: list[Event]) -> None:
        """Usage that says something new; some vendors repeat it in every chunk."""
        if usage is not None and usage != self._usage:
            self._usage = usage
            out.append(UsageUpdate(usage))

    def _fail(self, problem: Problem) -> list[Event]:
        self._over = True
        return [Failure(problem)]


def _usage(chunk: dict[str, Any], choice: dict[str, Any]) -> Usage | None:
    """Usage in its place, inside the choice (Moonshot) or beside it (Groq). Most chunks have none."""
    usage = chunk.get("usage") or choice.get("usage")
    if not usage and "x_groq" in chunk:
        groq = chunk["x_groq"]
        usage = groq.get("usage") if isinstance(groq, dict) else None
    return read_usage(usage) if usage else None

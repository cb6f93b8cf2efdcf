"""The stream read: chunks of an upstream in, neutral events out. Each chunk is a whole response object with the next parts.

This protocol has no last word: a finish reason says that the answer is complete, but older models send one with every chunk, and
usage may follow it. So parts end, and `Finish` follows, when the stream closes; one that closes without a reason was cut off. A
prompt that was refused has no candidate: its `blockReason` is the reason.
"""

from typing import Any

from ...errors import ProtocolError
from ...types.events import End, Event, Failure, Finish, Foreign, Start, UsageUpdate
from ...types.messages import Usage
from ...types.problem import Problem
from ..raw import loads
from ..sse import Frame
from .assembly import Assembly
from .errors import error_in
from .fields import VENDOR
from .usage import read_finish, read_usage

_KNOWN = frozenset({"candidates", "usageMetadata", "modelVersion", "responseId", "promptFeedback", "error", "createTime"})


class Reader:
    """One stream. `feed` raises `ProtocolError` for a frame that is no JSON or that no answer could hold."""

    def __init__(self) -> None:
        self._parts = Assembly()
        self._started = self._over = self._blocked = False
        self._word: str | None = None
        self._usage: Usage | None = None

    def feed(self, frame: Frame) -> list[Event]:
        data = frame.data.strip()
        if self._over or not data or data == b"[DONE]":
            return []
        chunk = loads(data)
        if not isinstance(chunk, dict):
            return [Foreign(VENDOR, frame.name, frame.data)]
        events = self.take(chunk)
        return [Foreign(VENDOR, frame.name, frame.data)] if events is None else events

    def take(self, chunk: dict[str, Any]) -> list[Event] | None:
        """The events of one parsed chunk, or of a whole answer; None when it is neither."""
        if self._over:
            return []
        problem = error_in(chunk)
        if problem is not None:
            self._over = True
            return [Failure(problem)]
        if not ("candidates" in chunk or "promptFeedback" in chunk or "usageMetadata" in chunk):
            return None
        out: list[Event] = []
        usage = read_usage(chunk.get("usageMetadata"))
        if not self._started:
            self._begin(chunk, usage, out)
        self._candidate(chunk.get("candidates"), out)
        self._feedback(chunk.get("promptFeedback"))
        if usage is not None and usage != self._usage:
            self._usage = usage
            out.append(UsageUpdate(usage))
        return out

    def close(self) -> list[Event]:
        """The upstream closed the stream."""
        if self._over:
            return []
        self._over = True
        if self._word is None:
            text = (
                "The upstream closed its stream before the answer was complete."
                if self._started
                else "The upstream's stream was empty."
            )
            return [Failure(Problem(kind="upstream", message=text))]
        out: list[Event] = []
        self._parts.finish(out)
        reason = "content_filter" if self._blocked else read_finish(self._word, self._parts.called)
        return [*out, Finish(reason=reason, raw_reason=self._word), End()]

    def _begin(self, chunk: dict[str, Any], usage: Usage | None, out: list[Event]) -> None:
        self._started = True
        self._usage = usage
        answer, model = chunk.get("responseId"), chunk.get("modelVersion")
        answer = answer if isinstance(answer, str) else ""
        self._parts.seed = f"{answer}\0{chunk.get('createTime')}"
        extra = {key: value for key, value in chunk.items() if key not in _KNOWN and value is not None}
        out.append(Start(id=answer, model=model if isinstance(model, str) else "", usage=usage, extra=extra or None))

    def _candidate(self, candidates: Any, out: list[Event]) -> None:
        if candidates is not None and not isinstance(candidates, list):
            raise ProtocolError("the candidates of the upstream's answer are no list")
        if not candidates:
            return
        candidate = candidates[0]
        if not isinstance(candidate, dict):
            raise ProtocolError("a candidate of the upstream's answer is no object")
        self._parts.candidate(candidate, out)
        word = candidate.get("finishReason")
        if isinstance(word, str) and word and word != "FINISH_REASON_UNSPECIFIED":
            self._word = word

    def _feedback(self, feedback: Any) -> None:
        word = feedback.get("blockReason") if isinstance(feedback, dict) else None
        if isinstance(word, str) and word and word != "BLOCK_REASON_UNSPECIFIED":
            self._word, self._blocked = word, True

"""A request's seals, opened and sorted before anything else is done to it: a pure pass from request to request.

Per assistant message, in order: what the book keeps for its tool calls comes back (clients without a field for it strip it);
packed seals are opened; what was packed on a call's behalf goes to that call; what the target may not have leaves, and thinking
that stays without a seal stays only where the target takes foreign thinking back (`Quirks.replay_reasoning`).
"""

from msgspec.structs import replace

from ..types.messages import Message, Part, Protocol, Reasoning, Request, Seal, ToolCall
from .base import Losses, Target
from .facts import facts
from .seals import ON_CALL, Book, Judge


def arrive(request: Request, protocol: Protocol, target: Target, book: Book, losses: Losses, *, trust: bool = True) -> Request:
    """The request with the seals that its target may have, and no others. `losses` hears how many had to leave."""
    judge = Judge(protocol, target, book, trust=trust)
    keeps = target.quirks.replay_reasoning or protocol == "openai-chat"
    recalls = request.origin == "openai-chat"
    sorter = _Sorter(judge, book, keeps, recalls)
    about = facts(request.messages, target.memory)
    messages = tuple(
        [
            sorter.message(message) if message.role == "assistant" and (recalls or known.sealed) else message
            for message, known in zip(request.messages, about, strict=True)
        ]
    )
    report(judge, losses, trust=trust)
    same = all(new is old for new, old in zip(messages, request.messages, strict=True))
    return request if same else replace(request, messages=tuple(m for m in messages if m.parts))


def report(judge: Judge, losses: Losses, *, trust: bool) -> None:
    """One line on the receipt for all seals that stay behind."""
    if judge.refused and trust:
        losses.drop("messages", f"{judge.refused} seals of earlier thinking: only their maker can read them, and this is another")
    elif judge.refused:
        losses.drop(
            "messages", f"{judge.refused} seals of earlier thinking, which the upstream refused: it was asked again without"
        )


class _Sorter:
    def __init__(self, judge: Judge, book: Book, keeps: bool, recalls: bool) -> None:
        self._judge, self._book, self._keeps, self._recalls = judge, book, keeps, recalls

    def message(self, message: Message) -> Message:
        """The same message when nothing about it changes."""
        out: list[Part] = []
        waiting: dict[str | None, Seal] = {}
        for part in self._recalled(message.parts) if self._recalls else message.parts:
            if isinstance(part, Reasoning):
                out += self._thought(part, waiting)
            elif isinstance(part, ToolCall):
                out += self._call(part, waiting)
            else:
                out.append(part)
        same = len(out) == len(message.parts) and all(a is b for a, b in zip(out, message.parts, strict=True))
        return message if same else replace(message, parts=tuple(out))

    def _recalled(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """With what is kept for its calls. Thinking that the client sent itself gives way to the same with its seals."""
        calls = [part for part in parts if isinstance(part, ToolCall)]
        kept = {id(call): self._book.recall(call.id, call.arguments) for call in calls}
        thoughts = next((found.thoughts for found in kept.values() if found is not None and found.thoughts), ())
        if not any(kept.values()):
            return parts
        out: list[Part] = list(thoughts)
        for part in parts:
            found = kept.get(id(part))
            if isinstance(part, ToolCall) and found is not None and found.seal is not None:
                part = replace(part, seal=found.seal)
            if not (isinstance(part, Reasoning) and thoughts):
                out.append(part)
        return tuple(out)

    def _thought(self, part: Reasoning, waiting: dict[str | None, Seal]) -> list[Part]:
        if part.seal is None:
            return [part]
        seal, _ = self._judge.open(part.seal)
        if seal is not None and seal.kind.startswith(ON_CALL):
            waiting[seal.id] = replace(seal, kind=seal.kind.removeprefix(ON_CALL), id=None)
            return []
        return self._settled(part, seal)

    def _settled(self, part: Reasoning, seal: Seal | None) -> list[Part]:
        fitted = self._judge.fit(seal)
        if fitted == part.seal:
            return [part]
        if fitted is None and not (self._keeps and part.text):
            return []
        return [replace(part, seal=fitted)]

    def _call(self, part: ToolCall, waiting: dict[str | None, Seal]) -> list[Part]:
        given = waiting.pop(part.id, part.seal)
        if given is None:
            return [part]
        seal, text = self._judge.open(given)
        if text is not None and seal is not None:  # thinking that travelled on the call
            return [*self._settled(Reasoning(text=text, seal=given), seal), replace(part, seal=None)]
        fitted = self._judge.fit(seal)
        return [part if fitted == part.seal else replace(part, seal=fitted)]

"""Repairs a conversation so that every target takes it: compaction, rewinds and hand-made requests leave calls and results
without each other.

- A call's results stand in the message right after it, before anything else that the user says there.
- A result without a call becomes user text that says so; a call without a result gets one that says so. Both are losses.
- Neighbours of one role merge where the protocol wants roles to alternate (Chat: assistant messages only, so that parallel
  calls are one).
- Anthropic and Gemini begin with a user message.
"""

from msgspec.structs import replace

from ..types.messages import Message, Part, Protocol, Request, Role, Text, ToolCall, ToolResult
from .base import Losses
from .facts import facts
from .memory import Memory

NO_RESULT = "[no result: the conversation holds none for this call]"
BEGINNING = "[the conversation begins with the assistant's words]"
_MERGES: dict[Protocol, frozenset[Role]] = {
    "anthropic": frozenset({"user", "assistant"}),
    "gemini": frozenset({"user", "assistant"}),
    "openai-chat": frozenset({"assistant"}),
    "openai-responses": frozenset(),
}


def repair(request: Request, protocol: Protocol, losses: Losses, memory: Memory | None = None) -> Request:
    """The request with a history that obeys the rules above; the same object when it already does."""
    if protocol == "openai-chat" and _in_order(request.messages, memory):
        return request
    messages = merge(request.messages, _MERGES[protocol] & {"assistant"})
    if _has_tools(messages):
        messages = _paired(messages, losses)
    messages = merge(messages, _MERGES[protocol])
    if protocol in ("anthropic", "gemini") and messages and messages[0].role == "assistant":
        losses.change("messages[0]", "a user message was put first: the protocol wants one")
        messages = (Message(role="user", parts=(Text(text=BEGINNING),)), *messages)
    return request if messages == request.messages else replace(request, messages=messages)


def _in_order(messages: tuple[Message, ...], memory: Memory | None) -> bool:
    """Every call's result stands right after it, and the assistant never speaks twice in a row: most conversations."""
    due: tuple[str, ...] = ()
    before = ""
    for message, about in zip(messages, facts(messages, memory), strict=True):
        role = message.role
        if about.results != due or not about.results_first or role == before == "assistant":
            return False
        due = about.call_ids
        if due and (role != "assistant" or len(set(due)) != len(due)):
            return False
        before = role
    return not due


def merge(messages: tuple[Message, ...], roles: frozenset[Role]) -> tuple[Message, ...]:
    """Neighbours of one of these roles as one message, parts in order."""
    out: list[Message] = []
    for message in messages:
        if out and message.role in roles and out[-1].role == message.role:
            extra = {**(out[-1].extra or {}), **(message.extra or {})}
            out[-1] = replace(out[-1], parts=out[-1].parts + message.parts, extra=extra or None)
        else:
            out.append(message)
    return tuple(out)


def _has_tools(messages: tuple[Message, ...]) -> bool:
    return any(isinstance(part, ToolCall | ToolResult) for message in messages for part in message.parts)


_Place = tuple[int, int]


def _matches(messages: tuple[Message, ...]) -> dict[_Place, _Place]:
    """Where each answered call's result stands: place of the result -> place of the call. An id may be used again later."""
    waiting: dict[str, _Place] = {}
    found: dict[_Place, _Place] = {}
    for at, message in enumerate(messages):
        for index, part in enumerate(message.parts):
            if isinstance(part, ToolCall):
                waiting[part.id] = (at, index)
            elif isinstance(part, ToolResult) and part.call_id in waiting:
                found[(at, index)] = waiting.pop(part.call_id)
    return found


def _paired(messages: tuple[Message, ...], losses: Losses) -> tuple[Message, ...]:
    matches = _matches(messages)
    results: dict[int, list[Part]] = {}
    for (at, index), (call_at, _) in matches.items():
        results.setdefault(call_at, []).append(messages[at].parts[index])
    answered = set(matches.values())
    out: list[Message] = []
    due: list[Part] = []
    for at, message in enumerate(messages):
        rest = _others(message, at, matches, losses)
        if due and message.role == "user":
            rest, due = [*due, *rest], []
        elif due and rest:
            out.append(Message(role="user", parts=tuple(due)))
            due = []
        if rest:
            same = len(rest) == len(message.parts) and all(a is b for a, b in zip(rest, message.parts, strict=True))
            out.append(message if same else replace(message, parts=tuple(rest)))
        due += results.get(at, []) + _missing(message, at, answered, losses)
    return (*out, Message(role="user", parts=tuple(due))) if due else tuple(out)


def _others(message: Message, at: int, matches: dict[_Place, _Place], losses: Losses) -> list[Part]:
    """A message's parts without the results that follow their calls; orphans as text."""
    out: list[Part] = []
    for index, part in enumerate(message.parts):
        if not isinstance(part, ToolResult):
            out.append(part)
        elif (at, index) not in matches:
            losses.change(
                f"messages[{at}].content[{index}]", f"the tool result for {part.call_id} has no call before it: it became text"
            )
            out += [Text(text=f"[tool result for unknown call {part.call_id}]"), *part.parts]
    return out


def _missing(message: Message, at: int, answered: set[_Place], losses: Losses) -> list[Part]:
    out: list[Part] = []
    for index, part in enumerate(message.parts):
        if isinstance(part, ToolCall) and (at, index) not in answered:
            losses.change(
                f"messages[{at}].content[{index}]", f"the tool call {part.id} has no result: one that says so was added"
            )
            out.append(ToolResult(call_id=part.id, kind=part.kind, parts=(Text(text=NO_RESULT),)))
    return out

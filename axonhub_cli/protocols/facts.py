"""What a message holds, looked up once: calls and results, in order. Several steps of a request's way ask for it."""

from msgspec import Struct

from ..types.messages import Message, Reasoning, ToolCall, ToolResult
from .memory import Memory


class Facts(Struct, frozen=True, gc=False):
    """`calls` and `results` (the ids of the calls that they answer) in their order; `results_first`: before all else;
    `sealed`: there is thinking or a sealed call in it."""

    calls: tuple[ToolCall, ...]
    call_ids: tuple[str, ...]
    results: tuple[str, ...]
    results_first: bool
    sealed: bool


_NOTHING = Facts((), (), (), True, False)


def facts(messages: tuple[Message, ...], memory: Memory | None) -> list[Facts]:
    """The facts of each message."""
    if memory is None:
        return [_facts(message) for message in messages]
    if memory.latest[0] is messages:
        return memory.latest[1]  # type: ignore[no-any-return]  # put there below
    step = memory.step("facts", None)
    known = zip(step.each(messages), messages, strict=True)
    found: list[Facts] = [known or step.put(message, _facts(message)) for known, message in known]
    memory.latest = (messages, found)
    return found


def _facts(message: Message) -> Facts:
    parts = message.parts
    calls = tuple([part for part in parts if type(part) is ToolCall])
    results = tuple([part.call_id for part in parts if type(part) is ToolResult])
    if not calls and not results and not any([type(part) is Reasoning for part in parts]):
        return _NOTHING
    return Facts(
        calls=calls,
        call_ids=tuple([call.id for call in calls]),
        results=results,
        results_first=all([type(part) is ToolResult for part in parts[: len(results)]]),
        sealed=any([call.seal is not None for call in calls]) or any([type(part) is Reasoning for part in parts]),
    )

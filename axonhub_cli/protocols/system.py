"""Where system messages stand. Anthropic and Gemini have one place for them, before everything; OpenAI's protocols have them
anywhere.

Messages at the very beginning are the system prompt, whatever form the client gave them. A later one (Claude Code and Codex
send reminders that way) keeps its place, or a cached prefix would be worth nothing: as a message of its own where the target
takes it, else as user text in <system-reminder> tags, which models read as what it is.
"""

from msgspec.structs import replace

from ..types.messages import Message, Part, Protocol, Request, Text
from ..types.quirks import Quirks
from .base import Losses

SYSTEM = ("system", "developer")


def place_system(request: Request, protocol: Protocol, quirks: Quirks, losses: Losses) -> Request:
    """The request with every system message where the target can have it."""
    if not any(message.role in SYSTEM for message in request.messages):
        return request
    own = protocol == "anthropic" and request.origin == "anthropic" and quirks.late_system
    if own:
        return request
    lead = _leading(request.messages)
    hoists = protocol in ("anthropic", "gemini") or not quirks.late_system
    late = _wrapped if protocol in ("anthropic", "gemini") or not quirks.late_system else _kept
    head, rest = request.messages[:lead], request.messages[lead:]
    placed = tuple(late(message, protocol, losses, lead + at) for at, message in enumerate(rest))
    if not hoists:
        early = tuple(_early(message, protocol, quirks) for message in head)
        return request if early + placed == request.messages else replace(request, messages=early + placed)
    return _hoisted(request, head, placed, losses)


def _leading(messages: tuple[Message, ...]) -> int:
    return next((at for at, message in enumerate(messages) if message.role not in SYSTEM), len(messages))


def _hoisted(request: Request, head: tuple[Message, ...], rest: tuple[Message, ...], losses: Losses) -> Request:
    """Leading messages become system parts; of a request that has nothing else, the last one stays as the user's word."""
    if not rest and head:
        losses.change(f"messages[{len(head) - 1}].role", "a request needs one user message: the last system message became it")
        rest, head = (replace(head[-1], role="user"),), head[:-1]
    for at, message in enumerate(head):
        losses.extras(message.extra, f"messages[{at}]", "the system prompt")
    system = tuple(part for message in head for part in message.parts)
    return replace(request, system=request.system + system, messages=rest)


def _early(message: Message, protocol: Protocol, quirks: Quirks) -> Message:
    plain = protocol == "openai-chat" and message.role == "developer" and not quirks.developer_role
    return replace(message, role="system") if plain else message


def _kept(message: Message, protocol: Protocol, losses: Losses, at: int) -> Message:
    if message.role not in SYSTEM:
        return message
    role = "developer" if protocol == "openai-responses" else "system"
    return message if message.role == role else replace(message, role=role)


def _wrapped(message: Message, protocol: Protocol, losses: Losses, at: int) -> Message:
    if message.role not in SYSTEM:
        return message
    losses.change(f"messages[{at}].role", "a system message in mid-conversation became user text in <system-reminder> tags")
    parts: list[Part] = [_reminder(part) if isinstance(part, Text) else part for part in message.parts]
    return replace(message, role="user", parts=tuple(parts))


def _reminder(part: Text) -> Text:
    if part.text.lstrip().startswith("<system-reminder>"):
        return part
    return replace(part, text=f"<system-reminder>\n{part.text.strip()}\n</system-reminder>")

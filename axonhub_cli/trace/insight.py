"""The cache verdict: why a turn found less in the provider's prompt cache than the one before it had left there.

A provider's cache knows prefixes, in the order tools → system → messages. So the request is compared with the previous one of
its branch in that order, and the first difference is the cause; a switch of channel, secret or model comes before all, because
nothing of the cache is left then. When the client sent the same beginning, it was us (what went upstream differs), time, or the
vendor. There is one cause for a miss, in words a person can act on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import AxonHubError
from ..protocols.raw import loads
from ..types.messages import Usage
from .records import BodyKind

Cause = Literal["switched", "tools", "system", "history", "losses", "idle", "vendor"]
Bodies = Mapping[BodyKind, bytes]

LEAST_TOKENS = 512  # vendors cache in steps of up to that many: less is no miss
LEAST_SHARE = 0.05  # of what the cache held
SHORT, LONG = 300.0, 3600.0  # seconds that a cached prefix lives at most after its last use, by how it was written


@dataclass(frozen=True, slots=True)
class Turn:
    """One request as the verdict needs it. Times are Unix seconds; `bodies` reads them when they are needed."""

    started: float
    ended: float
    usage: Usage
    channel: str | None
    secret: str | None
    model: str | None
    bodies: Callable[[], Bodies]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why, in one word and in words; `tokens` of the prompt that the cache would have had."""

    cause: Cause
    text: str
    tokens: int


def judge(before: Turn, now: Turn) -> Verdict | None:
    """The verdict on `now`, or None when the cache did what could be expected of it."""
    tokens = _missed(before.usage, now.usage)
    if tokens == 0:
        return None
    cause, text = _switched(before, now) or _edited(before, now) or _waited(before, now)
    return Verdict(cause, text, tokens)


def left(usage: Usage) -> int:
    """Tokens that a request left in the cache: those that it read there, and those that it wrote."""
    return sum(filter(None, (usage.cache_read, usage.cache_write_5m, usage.cache_write_1h)))


def _missed(before: Usage, now: Usage) -> int:
    """Tokens that were in the cache and not read from it; 0 when they are too few, or the share of the prompt did not fall."""
    expected, read = left(before), now.cache_read or 0
    missed = min(expected, now.input or 0) - read
    if not before.input or not now.input or missed < max(LEAST_TOKENS, LEAST_SHARE * expected):
        return 0
    return missed if read / now.input < expected / before.input else 0


def _switched(before: Turn, now: Turn) -> tuple[Cause, str] | None:
    for what, old, new in (
        ("channel", before.channel, now.channel),
        ("key", before.secret, now.secret),
        ("model", before.model, now.model),
    ):
        if old != new:
            return "switched", f"{what} switched: {old or '-'} → {new or '-'}"
    return None


def _edited(before: Turn, now: Turn) -> tuple[Cause, str] | None:
    """The first difference between what was sent then and now, as the client sent it, else as we sent it on."""
    old, new = before.bodies(), now.bodies()
    found = _difference(_prefix(old.get("client_request")), _prefix(new.get("client_request")))
    if found is not None:
        return found
    sent = _difference(_prefix(old.get("upstream_request")), _prefix(new.get("upstream_request")))
    return ("losses", f"changed on the way by axonhub: {sent[1]}") if sent is not None else None


def _waited(before: Turn, now: Turn) -> tuple[Cause, str]:
    idle = now.started - before.ended
    if idle > (LONG if before.usage.cache_write_1h else SHORT):
        return "idle", f"idle for {_span(idle)}, longer than the cache lives"
    return "vendor", "the vendor's side: the same beginning was sent in time"


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True, slots=True)
class _Prefix:
    """What a cache knows of a body, in its order."""

    tools: list[Any]
    system: list[Any]
    messages: list[Any]


def _prefix(body: bytes | None) -> _Prefix | None:
    """The three parts of a body of any protocol, without what caches ignore; None when there is none to read."""
    if not body:
        return None
    try:
        fields = loads(body)
    except AxonHubError:
        return None
    if not isinstance(fields, dict):
        return None
    system = fields.get("system", fields.get("instructions", fields.get("systemInstruction")))
    messages = fields.get("messages", fields.get("input", fields.get("contents")))
    return _Prefix(*(_parts(value) for value in (fields.get("tools"), system, messages)))


def _parts(value: Any) -> list[Any]:
    parts = value if isinstance(value, list) else [value] if value else []
    return [_plain(part) for part in parts if not _is_billing(part)]


def _is_billing(part: Any) -> bool:
    """Claude Code's first system part differs each time; its vendor takes it off before the cache sees it."""
    return isinstance(part, dict) and str(part.get("text", "")).startswith("x-anthropic-billing-header")


def _plain(value: Any) -> Any:
    """A value without cache marks; content that is one text is written as one block, as clients do when they mark it."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {key: _plain(item) for key, item in value.items() if key != "cache_control"}
    if "role" in plain and isinstance(plain.get("content"), str):
        plain["content"] = [{"type": "text", "text": plain["content"]}]
    return plain


def _difference(old: _Prefix | None, new: _Prefix | None) -> tuple[Cause, str] | None:
    if old is None or new is None:
        return None
    if old.tools != new.tools:
        return "tools", f"tools changed: {_tools(old.tools, new.tools)}"
    if old.system != new.system:
        return "system", f"system prompt changed: {_system(old.system, new.system)}"
    return _history(old.messages, new.messages)


def _tools(old: list[Any], new: list[Any]) -> str:
    """`+Added -Removed ~Changed`, at most four of them, or that only their order changed."""
    before, after = ({_name(tool): tool for tool in tools} for tools in (old, new))
    words = [f"+{name}" for name in after if name not in before]
    words += [f"-{name}" for name in before if name not in after]
    words += [f"~{name}" for name in after if name in before and before[name] != after[name]]
    more = f" and {len(words) - 4} more" if len(words) > 4 else ""
    return " ".join(words[:4]) + more if words else "another order"


def _name(tool: Any) -> str:
    if not isinstance(tool, dict):
        return "?"
    function = tool.get("function")
    named = function if isinstance(function, dict) else tool
    return str(named.get("name") or tool.get("type") or "?")[:60]


def _system(old: list[Any], new: list[Any]) -> str:
    """Which part, and at which character of it."""
    index = _first(old, new)
    if index >= len(old) or index >= len(new):
        return f"{len(old)} parts became {len(new)}"
    at = _first(_text(old[index]), _text(new[index]))
    where = f"part {index + 1}, " if max(len(old), len(new)) > 1 else ""
    return f"{where}character {at + 1}: “{_cut(_text(old[index])[at:])}” became “{_cut(_text(new[index])[at:])}”"


def _history(old: list[Any], new: list[Any]) -> tuple[Cause, str] | None:
    """The history must go on where the last request ended."""
    index = _first(old, new)
    if index >= len(old):
        return None
    if index >= len(new):
        return "history", f"history shortened: {len(old)} messages became {len(new)}"
    if len(new) < len(old):
        return "history", f"history shortened at message {index + 1}: {len(old)} messages became {len(new)}"
    return "history", f"history edited at message {index + 1} of {len(old)}"


def _first(old: Any, new: Any) -> int:
    """Where two sequences begin to differ; the length of the shorter one when they do not."""
    return next((index for index, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _text(part: Any) -> str:
    text = part.get("text", part) if isinstance(part, dict) else part
    return text if isinstance(text, str) else str(text)


def _cut(text: str) -> str:
    line = " ".join(text[:80].split())
    return line if len(line) <= 24 else f"{line[:23]}…"

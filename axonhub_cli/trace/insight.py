"""The cache verdict: why a turn found less in the provider's prompt cache than the one before it had left there.

A provider's cache knows prefixes, in the order tools → system → messages. So the request is compared with the previous one of
its branch in that order, and the first difference is the cause; a switch of channel, secret or model comes before all, because
nothing of the cache is left then. What counts is what went upstream: where that begins alike, nobody edited anything. When it
does not, and the client's own request does, it was us. When both do, it was time, the marks, or the vendor.

There is one cause for a miss, in words a person can act on. Where the bodies are not kept nothing can be compared, and the
verdict says so instead of blaming anybody.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..types.messages import Usage
from .prefix import Prefix, prefix
from .records import BodyKind

Cause = Literal["switched", "tools", "system", "settings", "history", "losses", "marks", "idle", "vendor", "unknown"]
Bodies = Mapping[BodyKind, bytes]

LEAST_TOKENS = 512  # vendors cache in steps of up to that many: less is no miss
LEAST_SHARE = 0.05  # of what the cache held
LOOKBACK = 20  # blocks before a mark in which Anthropic looks for a prefix that it keeps
# Seconds that a prefix is kept after its last use. Anthropic says 5 minutes, or an hour where a mark asks for it, counted from
# the beginning of the request that used it; OpenAI 5 to 10 minutes, or a day (prompt_cache_retention); DeepSeek hours to days
# (https://api-docs.deepseek.com/guides/kv_cache); others promise nothing.
SHORT, LONG, HOURS, DAY = 300.0, 3600.0, 7200.0, 86_400.0

_WORD = 12  # characters of a word that are shown before its difference
_Found = tuple[Cause, str]
_ORDER: tuple[Cause, ...] = ("tools", "system", "settings", "history")


@dataclass(slots=True, eq=False)
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
    cause, text = _switched(before, now) or _compared(before, now)
    return Verdict(cause, text, tokens)


def judge_among(turns: Sequence[Turn], now: Turn) -> Verdict | None:
    """The same where several conversations share a branch: of the turns, the newest first, the one that `now` goes on from is
    what it is compared with; the newest when it goes on from none."""
    verdict = judge(turns[0], now) if turns else None
    if verdict is None or verdict.cause not in _ORDER or len(turns) == 1:
        return verdict
    mine = prefix(now.bodies().get("client_request"))
    for other in turns[1:]:
        theirs = prefix(other.bodies().get("client_request"))
        if mine is not None and theirs is not None and theirs.messages and not any(_differences(theirs, mine)):
            return judge(other, now)
    return verdict


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


def _switched(before: Turn, now: Turn) -> _Found | None:
    for what, old, new in (
        ("channel", before.channel, now.channel),
        ("key", before.secret, now.secret),
        ("model", before.model, now.model),
    ):
        if old != new and (what == "key" or (old and new)):  # an answer may not say its model
            return "switched", f"{what} switched: {old or '-'} → {new or '-'}"
    return None


def _compared(before: Turn, now: Turn) -> _Found:
    """What the bodies and the clock say."""
    asked = [prefix(turn.bodies().get("client_request")) for turn in (before, now)]
    sent = [prefix(turn.bodies().get("upstream_request")) for turn in (before, now)]
    sent = [ours or theirs for ours, theirs in zip(sent, asked, strict=True)]
    if sent[0] is None or sent[1] is None:
        return _waited(before, now, None) or ("unknown", "unknown: the bodies that could be compared are not kept")
    found = _edited(asked, sent[0], sent[1])
    return found or _waited(before, now, sent[0]) or _by_vendor(sent[0], sent[1], now.model or "")


def _edited(asked: list[Prefix | None], old: Prefix, new: Prefix) -> _Found | None:
    """The first difference of what was sent; in the client's words where it made one there or before, else it is ours."""
    sent = next(_differences(old, new), None)
    if sent is None or asked[0] is None or asked[1] is None:
        return sent
    wanted = list(_differences(asked[0], asked[1]))
    early = [found for found in wanted if _ORDER.index(found[0]) <= _ORDER.index(sent[0])]
    if not early:
        return "losses", f"changed on the way by axonhub: {sent[1]}"
    return next((found for found in early if found[0] == sent[0]), early[0])


def _waited(before: Turn, now: Turn, sent: Prefix | None) -> _Found | None:
    lives, promised = _lifetime(before, sent)
    if now.started - before.started <= lives:
        return None
    idle = now.started - before.ended
    what = f"idle for {_span(idle)}" if idle > lives else f"last used {_span(now.started - before.started)} before"
    return "idle", f"{what}, longer than {'the cache lives' if promised else 'its vendor says that a cache lives'}"


def _lifetime(turn: Turn, sent: Prefix | None) -> tuple[float, bool]:
    """How long a prefix is kept, and whether that is promised."""
    model = (turn.model or "").lower()
    if "deepseek" in model:
        return HOURS, False
    marks = sent.marks if sent is not None else []
    hour = marks[-1].hour if marks else bool(turn.usage.cache_write_1h)
    if hour or "claude" in model or turn.usage.cache_write_5m:
        return LONG if hour else SHORT, True
    return DAY if sent is not None and sent.retention == "24h" else SHORT, False


def _by_vendor(old: Prefix, new: Prefix, model: str) -> _Found:
    """The same beginning was sent in time: what is known of how the vendor looks for it."""
    if old.partial or new.partial:
        return "unknown", "unknown: the vendor keeps the history, so it cannot be compared"
    if "claude" in model.lower() and old.marks:
        if not new.marks:
            return "marks", "no cache marks were sent, so nothing was looked for"
        ahead = [mark.block - old.marks[-1].block for mark in new.marks if mark.block >= old.marks[-1].block]
        if ahead and min(ahead) > LOOKBACK:
            return "marks", f"{min(ahead)} blocks came since the last cache mark: the vendor looks back {LOOKBACK}"
        if _forgets(model) and _thinks(old) and _speaks(new.messages[len(old.messages) :]):
            return "vendor", "the vendor's side: this model's thinking leaves the prompt when the user speaks again"
    return "vendor", "the vendor's side: the same beginning was sent in time"


def _forgets(model: str) -> bool:
    """Models before Opus 4.5 and Sonnet 4.6, and all Haikus, lose their earlier thinking with a new message of the user."""
    found = re.search(r"(haiku|sonnet|opus)-(\d+)(?:[-.](\d)(?!\d))?", model.lower())
    if found is None:
        return False
    version = (int(found[2]), int(found[3] or 0))
    return found[1] == "haiku" or version < ((4, 5) if found[1] == "opus" else (4, 6))


def _thinks(sent: Prefix) -> bool:
    return any(part.get("type") == "thinking" for message in sent.messages for part in _blocks(message))


def _speaks(messages: list[Any]) -> bool:
    """Whether a message of the user is no mere tool result."""
    said = [message for message in messages if isinstance(message, dict) and message.get("role") == "user"]
    return any(part.get("type") != "tool_result" for message in said for part in _blocks(message))


def _blocks(message: Any) -> list[dict[str, Any]]:
    content = message.get("content") if isinstance(message, dict) else None
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _differences(old: Prefix, new: Prefix) -> Iterator[_Found]:
    """What differs, in the cache's order."""
    if old.tools != new.tools:
        yield "tools", f"tools changed: {_tools(old.tools, new.tools)}"
    if old.system != new.system:
        yield "system", f"system prompt changed: {_system(old.system, new.system)}"
    if old.settings != new.settings:
        yield "settings", f"settings changed: {_settings(old.settings, new.settings)}"
    history = None if old.partial or new.partial else _history(old.messages, new.messages)
    if history is not None:
        yield "history", history


def _settings(old: dict[str, str], new: dict[str, str]) -> str:
    """`NAME old → new`, at most three of them; what is long is cut."""
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    words = [f"{name} {_cut(old.get(name, '-'))} → {_cut(new.get(name, '-'))}" for name in names]
    return ", ".join(words[:3]) + (f" and {len(words) - 3} more" if len(words) > 3 else "")


def _tools(old: list[Any], new: list[Any]) -> str:
    """`+Added -Removed ~Changed`, at most four of them, or that only their order changed."""
    before, after = (_named(tools) for tools in (old, new))
    words = [f"+{name}" for name in after if name not in before]
    words += [f"-{name}" for name in before if name not in after]
    words += [f"~{name}" for name in after if name in before and before[name] != after[name]]
    more = f" and {len(words) - 4} more" if len(words) > 4 else ""
    return " ".join(words[:4]) + more if words else "another order"


def _named(tools: list[Any]) -> dict[str, list[Any]]:
    """Tools by their names; several may share one."""
    named: dict[str, list[Any]] = {}
    for tool in tools:
        function = tool.get("function") if isinstance(tool, dict) else None
        what = function if isinstance(function, dict) else tool if isinstance(tool, dict) else {}
        named.setdefault(str(what.get("name") or what.get("type") or next(iter(what), "?"))[:60], []).append(tool)
    return named


def _system(old: list[Any], new: list[Any]) -> str:
    """Which part, and at which character of it."""
    index = _first(old, new)
    if index >= len(old) or index >= len(new):
        return f"{len(old)} parts became {len(new)}"
    where = f"part {index + 1}, " if max(len(old), len(new)) > 1 else ""
    return f"{where}{_change(_text(old[index]), _text(new[index]))}"


def _history(old: list[Any], new: list[Any]) -> str | None:
    """The history must go on where the last request ended: with a message, or with more in its last one."""
    index = _first(old, new)
    if index >= len(old) or (index == len(old) - 1 and index < len(new) and _goes_on(old[index], new[index])):
        return None
    if index >= len(new):
        return f"history shortened: {len(old)} messages became {len(new)}"
    if len(new) < len(old):
        return f"history shortened at message {index + 1}: {len(old)} messages became {len(new)}"
    return f"history edited at message {index + 1} of {len(old)}{_edit(old[index], new[index])}"


def _goes_on(old: Any, new: Any) -> bool:
    """Whether a message is the other one and more."""
    before, after = _blocks(old), _blocks(new)
    return bool(before) and after[: len(before)] == before and {**old, "content": 0} == {**new, "content": 0}


def _edit(old: Any, new: Any) -> str:
    """What an edit did to a message, where that can be said in a few words."""
    ours, theirs = _blocks(old), _blocks(new)
    spoken = [part for part in ours if part.get("type") not in ("thinking", "redacted_thinking")]
    if spoken == theirs and spoken != ours:
        return ": its thinking was taken out"
    at = _first(ours, theirs)
    if ours == theirs:
        return ""
    if at >= len(ours) or at >= len(theirs):
        return f": {len(ours)} parts became {len(theirs)}"
    before, after = _text(ours[at]), _text(theirs[at])
    return f", {_change(before, after)}" if before != after else ""


def _change(old: str, new: str) -> str:
    """Where two texts begin to differ, and what stands there, from the beginning of that word."""
    at = _first(old, new)
    word = max(old.rfind(" ", 0, at), old.rfind("\n", 0, at)) + 1
    start = word if at - word < _WORD else at
    return f"character {at + 1}: “{_cut(old[start:])}” became “{_cut(new[start:])}”"


def _first(old: Any, new: Any) -> int:
    """Where two sequences begin to differ; the length of the shorter one when they do not."""
    return next((index for index, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _text(part: Any) -> str:
    """The words of a part: of a message's first block, where it is a message."""
    for block in [part, *_blocks(part)]:
        text = block.get("text", block.get("content")) if isinstance(block, dict) else block
        if isinstance(text, str):
            return text
    inner = _blocks(part)
    return _text(inner[0]) if inner else str(part)


def _cut(text: str) -> str:
    line = " ".join(text[:80].split())
    return line if len(line) <= 24 else f"{line[:23]}…"

"""What of a filter SQLite can say by itself: a condition on `requests`, with `texts` where it looks for words, which all rows
fulfil that fit, and perhaps a few more.

The filter has the last word on each row; the condition only spares it rows, which is what makes a filter over a hundred thousand
requests quick. None is a condition that says nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rough:
    """A condition in SQL, and its values."""

    sql: str
    values: tuple[str | float, ...] = ()


_TEXTS = {
    "model": "asked_model || char(10) || coalesce(model, '')",
    "client": "client",
    "profile": "profile",
    "tool": "tools",
    "kind": "kind",
    "agent": "agent",
    "thread": "thread",
    "trace": "trace_id",
    "id": "requests.id",
    "lane": "lane",
    "stop": "finish",
}
_FLAGS = {
    "err": "outcome IN ('error', 'interrupted')",
    "ok": "outcome = 'ok'",
    "running": "outcome = 'running'",
    "cancelled": "outcome = 'cancelled'",
    "loss": "losses != '[]'",
    "miss": "verdict IS NOT NULL",
    "side": "kind != 'turn'",
    "stream": "stream",
}
_NUMBERS = {
    "cost": "cost", "in": "input", "out": "output", "reasoning": "reasoning", "status": "status", "ttft": "first_token_ms",
    "ttfb": "first_byte_ms", "time": "duration_ms",
}  # fmt: skip
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_.:@")  # what JSON writes as it is
_MANY = 18  # parts side by side: SQLite takes expressions of a thousand, and filters may be fifty deep
# All that `filter_words.words_of` looks into. SQLite itself knows no case but ASCII's.
WORDS = """says(?, requests.prompt, texts.prompt, texts.answer, error, verdict, client, profile, agent, thread, requests.id,
    requests.trace_id, finish, asked_model, model, channel, attempts, tools)"""


def says(wanted: str, *texts: str | None) -> bool:
    """The function that a condition on a word calls: whether one of the texts has it, whatever its case. `wanted` is folded, and
    has no line's end in it."""
    return wanted in "\n".join(filter(None, texts)).casefold()


def word(value: str) -> Rough | None:
    """A bare word or words in quotes; none that JSON writes in another way, or that is no text for SQLite."""
    return Rough(WORDS, (value.casefold(),)) if value.isprintable() and not {'"', "\\"} & set(value) else None


def text(name: str, value: str) -> Rough | None:
    """`~NAME value`, whatever its case. Only plain characters: what else is written in other ways in the file."""
    if name not in _TEXTS or not value or not _PLAIN.issuperset(value):
        return None
    return Rough(f"instr(lower({_TEXTS[name]}), ?)", (value.lower(),))


def flag(name: str) -> Rough | None:
    """`~NAME`."""
    return Rough(_FLAGS[name]) if name in _FLAGS else None


def number(name: str, compare: str, value: float) -> Rough | None:
    """`~NAME>value`; the comparison is one of the language's own."""
    return Rough(f"{_NUMBERS[name]} {compare} ?", (value,)) if name in _NUMBERS else None


def both(parts: Sequence[Rough | None]) -> Rough | None:
    """What all of them say; of very many, the first."""
    return _joined(" AND ", [part for part in parts if part is not None][:_MANY])


def either(parts: Sequence[Rough | None]) -> Rough | None:
    """What one of them says: nothing, when one says nothing."""
    known = [part for part in parts if part is not None]
    return _joined(" OR ", known) if len(known) == len(parts) <= _MANY else None


def _joined(word: str, parts: list[Rough]) -> Rough | None:
    if not parts:
        return None
    return Rough(word.join(f"({part.sql})" for part in parts), tuple(value for part in parts for value in part.values))

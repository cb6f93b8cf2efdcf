"""The words of the filter language: what each asks of a request. `filter` puts them together.

text      ~model opus        a part of it, whatever its case; /…/ is a regular expression; alone (~agent): there is one
flag      ~err               yes or no
number    ~cost>0.1          < <= > >= = != with a number; what is not known fits no number
status    ~status 429        a code, or a class of them: 4xx
time      ~since 10m         how long ago, or a date
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime

from .subject import Subject

Texts = Callable[[Subject], Iterable[str | None]]

TEXTS: dict[str, Texts] = {
    "model": lambda subject: subject.models,
    "channel": lambda subject: subject.channels,
    "client": lambda subject: (subject.client,),
    "profile": lambda subject: (subject.profile,),
    "tool": lambda subject: subject.tools,
    "kind": lambda subject: (subject.kind,),
    "agent": lambda subject: (subject.agent,),
    "thread": lambda subject: (subject.thread,),
    "trace": lambda subject: (subject.trace,),
    "id": lambda subject: (subject.id,),
    "lane": lambda subject: (subject.lane,),
    "stop": lambda subject: (subject.finish,),
    "effort": lambda subject: (subject.effort,),
    "prompt": lambda subject: (subject.prompt,),
    "why": lambda subject: (subject.error, subject.verdict),
}
FLAGS: dict[str, Callable[[Subject], bool]] = {
    "err": lambda subject: subject.outcome in ("error", "interrupted"),
    "ok": lambda subject: subject.outcome == "ok",
    "running": lambda subject: subject.outcome == "running",
    "cancelled": lambda subject: subject.outcome == "cancelled",
    "loss": lambda subject: subject.losses > 0,
    "retry": lambda subject: subject.attempts > 1,
    "failover": lambda subject: len(set(subject.channels)) > 1,
    "miss": lambda subject: subject.verdict is not None,
    "side": lambda subject: subject.kind != "turn",
    "stream": lambda subject: subject.stream,
}
NUMBERS: dict[str, Callable[[Subject], float | None]] = {
    "cost": lambda subject: subject.cost,
    "tokens": lambda subject: None if subject.input is subject.output is None else (subject.input or 0) + (subject.output or 0),
    "in": lambda subject: subject.input,
    "out": lambda subject: subject.output,
    "reasoning": lambda subject: subject.reasoning,
    "cached": lambda subject: None if not subject.input or subject.cached is None else 100 * subject.cached / subject.input,
    "speed": lambda subject: _speed(subject),
    "attempts": lambda subject: subject.attempts,
    "losses": lambda subject: subject.losses,
}
TIMES: dict[str, Callable[[Subject], float | None]] = {
    "ttft": lambda subject: subject.first_token,
    "ttfb": lambda subject: subject.first_byte,
    "time": lambda subject: subject.duration,
}
NAMES = ("since", "status", *TEXTS, *FLAGS, *NUMBERS, *TIMES)

HELP = (
    ("~model ~channel ~client ~profile ~tool X", "a part of it; /reg.ex/ works too"),
    ("~agent ~thread ~trace ~id ~kind ~lane", "the same; alone: has one"),
    ("~stop ~effort ~prompt ~why", "the same; ~why: error, verdict"),
    ("~err ~miss ~loss ~retry ~failover", "failed, cache missed, losses, …"),
    ("~ok ~running ~cancelled ~side ~stream", "how it went, what it was"),
    ("~cost>0.1 ~tokens>10k ~cached<50%", "< <= > >= = !=; ~in ~out ~reasoning"),
    ("~speed<20 ~attempts>1 ~losses>2", "tok/s, and counts"),
    ("~ttft>2s ~ttfb>500ms ~time>1m", "first token, first byte, the whole"),
    ("~status 429  ~status 5xx  ~since 10m", "HTTP status; since when"),
    ('word  "two words"  /reg.ex/', "in prompt, answer, names, error"),
    ("! & | ( )", "not, and (or a space), or"),
)  # fmt: skip

_SCALES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "%": 1.0}
_SPANS = {"ms": 1.0, "s": 1e3, "": 1e3, "m": 6e4, "h": 3.6e6, "d": 8.64e7, "w": 6.048e8}


def words_of(subject: Subject) -> Iterable[str | None]:
    """All texts in which a bare word is looked for."""
    yield from (subject.prompt, subject.error, subject.verdict, subject.client, subject.profile, subject.agent, subject.thread)
    yield from (subject.id, subject.trace, subject.finish, *subject.models, *subject.channels, *subject.tools)
    yield from subject.said()


def amount(text: str) -> float | None:
    """`10k`, `$0.1`, `50%` as a number; None when it is none."""
    found = re.fullmatch(r"\$?(\d+(?:\.\d*)?|\.\d+)([kmg%]?)", text.lower())
    return float(found[1]) * _SCALES[found[2]] if found else None


def span(text: str) -> float | None:
    """`2s`, `500ms`, `1.5m` in milliseconds; a bare number is seconds; None when it is none."""
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)(ms|[smhdw]?)", text.lower())
    return float(found[1]) * _SPANS[found[2]] if found else None


def instant(text: str) -> tuple[bool, float] | None:
    """A point in time: (True, seconds ago) or (False, Unix time); None when it is none."""
    ago = span(text) if re.search(r"[a-z]$", text.lower()) else None
    if ago is not None:
        return True, ago / 1000
    try:
        return False, datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _speed(subject: Subject) -> float | None:
    if not subject.output or subject.duration is None or subject.first_token is None:
        return None
    took = subject.duration - subject.first_token
    return subject.output / took * 1000 if took >= 50 else None

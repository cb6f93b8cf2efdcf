"""Which rows the tree has: tree and what the user folded → rows, in order, with their guides. Little text is made here, so that a
tree of two thousand requests costs little; `paint` makes the few rows that are seen.

By itself the outline opens what is alive: traces that run or spoke a moment ago, and the latest one; in them the last turn; of a
long turn the latest entries. Everything else is one line. What the user opened or shut stays as the user left it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias

from .glyphs import UNICODE, Glyphs
from .model import Tree
from .nodes import FAILED, Attempt, Branch, Key, Request, Totals, Trace
from .sieve import Sieve
from .ui import Ui
from .wrap import wrap

_AWAKE = 30.0  # s after its last event for which a trace stays open by itself
THINKING_LABEL = "thinking  "
_KEY = re.compile(r'"(\w{1,40})"\s*:\s*')
_LATEST = 8  # entries of a long turn that stay in sight
_SAID_LAST = 2  # lines that stay in sight of the answer that a turn ended with
_SAID_OPEN = 14  # lines of output below a request that the user opened

Kind: TypeAlias = Literal["trace", "turn", "agent", "request", "bundle", "attempt", "miss", "error", "note", "output", "space"]


@dataclass(slots=True)
class Bundle:
    """Several requests as one line: side requests of one kind, or the earlier ones of a long turn (`kind` None)."""

    key: Key
    kind: str | None
    requests: list[Request]

    def totals(self) -> Totals:
        totals = Totals(requests=len(self.requests), running=len(self.requests))
        for request in self.requests:
            totals.end(request)
        return totals


Node: TypeAlias = Trace | Branch | Request | Bundle | Attempt | tuple[str, str] | str | None
Entry: TypeAlias = Request | Branch | Bundle


@dataclass(slots=True)
class Row:
    """One line to be. `key`: what the cursor stands on (None: it passes over); `open`: None where nothing can be folded."""

    kind: Kind
    node: Node
    prefix: str = ""
    key: Key | None = None
    open: bool | None = None
    live: bool = False


@dataclass(slots=True)
class Outline:
    """Makes the rows of one moment. `width`: cells of the body; `now`: Unix time; `said`: lines of output below what runs."""

    tree: Tree
    ui: Ui
    width: int
    now: float
    glyphs: Glyphs = UNICODE
    said: int = 5

    @property
    def sieve(self) -> Sieve:
        """What is left out."""
        return self.ui.sieve

    def rows(self) -> list[Row]:
        """All rows, newest trace last."""
        latest = self.tree.latest()
        rows: list[Row] = []
        for trace in self.tree.traces.values():
            if self.sieve.active and not any(self.sieve.any(trace, turn.children, self.now) for turn in trace.turns):
                continue
            alive = trace is latest or trace.totals.running > 0 or self.now - trace.last < _AWAKE
            shown = self.opened(trace.key, alive or self.sieve.active)
            if rows and (shown or rows[-1].kind != "trace"):
                rows.append(Row("space", None))
            rows.append(Row("trace", trace, key=trace.key, open=shown))
            if shown:
                rows.extend(self._turns(trace))
        return rows

    def opened(self, key: Key, default: bool) -> bool:
        return self.ui.opened.get(key, default)

    def _turns(self, trace: Trace) -> Iterator[Row]:
        for turn in trace.turns:
            if self.sieve.active and not self.sieve.any(trace, turn.children, self.now):
                continue
            shown = self.opened(turn.key, turn is trace.turns[-1] or turn.totals.running > 0 or self.sieve.active)
            yield Row("turn", turn, "  ", turn.key, shown)
            if shown:
                yield from self._children(trace, turn, "  ")

    def _children(self, trace: Trace, branch: Branch, prefix: str) -> Iterator[Row]:
        entries = self._entries(trace, branch)
        for position, entry in enumerate(entries):
            last = position == len(entries) - 1
            lead = prefix + (self.glyphs.corner if last else self.glyphs.tee)
            below = prefix + (self.glyphs.gap if last else self.glyphs.bar)
            if isinstance(entry, Request):
                yield from self._request(entry, lead, below, newest=last and branch.kind == "turn")
            elif isinstance(entry, Branch):
                shown = self.opened(entry.key, entry.totals.running > 0 or _is_latest(branch, entry) or self.sieve.active)
                yield Row("agent", entry, lead, entry.key, shown)
                if shown:
                    yield from self._children(trace, entry, below)
            else:
                yield Row("bundle", entry, lead, entry.key, self.opened(entry.key, False))

    def _entries(self, trace: Trace, branch: Branch) -> list[Entry]:
        """What hangs below a branch: filtered, side requests bundled, the earlier part of a long one folded."""
        children: Iterable[Request | Branch] = branch.children
        if self.sieve.active:
            children = [child for child in children if self.sieve.any(trace, (child,), self.now)]
        entries = [entry for group in _grouped(children) for entry in self._bundled(group)]
        hidden = entries[:-_LATEST]
        if len(hidden) < 3 or any(_alive(entry) for entry in hidden):
            return entries
        bundle = Bundle(("earlier", *branch.key), None, list(_requests(hidden)))
        return [bundle, *(entries if self.opened(bundle.key, False) else entries[-_LATEST:])]

    def _bundled(self, group: list[Request] | Branch) -> list[Entry]:
        if isinstance(group, Branch):
            return [group]
        if len(group) < 3:
            return list(group)
        bundle = Bundle(("bundle", group[0].id), group[0].kind, group)
        return [bundle, *(group if self.opened(bundle.key, False) else ())]

    def _request(self, request: Request, lead: str, below: str, *, newest: bool) -> Iterator[Row]:
        shown, live = self.opened(request.key, False), request.running
        room = max(self.width - len(below) - 3, 10)
        yield Row("request", request, lead, request.key, shown, live)
        for attempt in request.attempts.values():
            if attempt.outcome in (*FAILED, "skipped") and len(request.attempts) > 1:
                yield Row("attempt", attempt, below, live=live)
        if request.verdict and not request.failed:
            yield Row("miss", request, below)
        if request.failed:
            message = wrap(request.error or "", room, head=6 if shown else 2, cut=self.glyphs.cut)
            yield from (Row("error", line, below) for line in message)
        if shown:
            notes = [details(request), *request.losses, *request.overrides]
            yield from (Row("note", line, below) for note in notes for line in wrap(note, room, head=2, cut=self.glyphs.cut))
        said = _SAID_OPEN if shown else self.said if live else min(self.said, _SAID_LAST) if newest else 0
        yield from (Row("output", line, below, live=live) for line in self._output(request, room, said))

    def _output(self, request: Request, room: int, limit: int) -> list[tuple[str, str]]:
        """The last lines of what a request says, as (kind, line)."""
        lines: list[tuple[str, str]] = []
        for part in reversed(request.stream.parts):
            if len(lines) >= limit:
                break
            if part.kind == "tool":
                lines.insert(0, ("tool", f"{part.name}\0{_arguments(part.text)}"))
                continue
            label = THINKING_LABEL if part.kind == "thinking" else ""
            broken = wrap(part.text, room - len(label), tail=limit - len(lines))
            lines[:0] = [(part.kind, (" " * len(label) if number else label) + line) for number, line in enumerate(broken)]
        return lines


def _arguments(text: str) -> str:
    """A tool's arguments without the furniture of JSON: `command: "ls", timeout: 5`. They may be cut anywhere."""
    return _KEY.sub(r"\1: ", text.strip().removeprefix("{").removesuffix("}"))


def details(request: Request) -> str:
    """What else is known of a request, for the one that the user unfolded."""
    effort = (
        request.effort
        if request.effort_sent in (None, request.effort)
        else f"{request.effort or '-'}, sent {request.effort_sent}"
    )
    facts = [request.id, request.kind, request.lane, f"effort {effort}" if effort else None]
    facts.append(f"profile {request.profile}" if request.profile else None)
    facts.append(f"{request.reasoning} reasoning tokens" if request.reasoning else None)
    return "  ".join(fact for fact in facts if fact)


def _grouped(children: Iterable[Request | Branch]) -> Iterator[list[Request] | Branch]:
    """Neighbours that may become one line: side requests of one kind that went well."""
    for is_branch, group in groupby(children, lambda child: isinstance(child, Branch)):
        if is_branch:
            yield from (child for child in group if isinstance(child, Branch))
            continue
        for kind, same in groupby((child for child in group if isinstance(child, Request)), _bundle_kind):
            requests = list(same)
            yield from [requests] if kind else [[request] for request in requests]


def _bundle_kind(request: Request) -> str | None:
    return request.kind if request.side and request.outcome == "ok" else None


def _alive(entry: Entry) -> bool:
    return entry.running if isinstance(entry, Request) else isinstance(entry, Branch) and entry.totals.running > 0


def _is_latest(branch: Branch, entry: Branch) -> bool:
    return branch.children[-1] is entry


def _requests(entries: Iterable[Entry]) -> Iterator[Request]:
    for entry in entries:
        if isinstance(entry, Request):
            yield entry
        elif isinstance(entry, Branch):
            yield from _requests(entry.children)
        else:
            yield from entry.requests

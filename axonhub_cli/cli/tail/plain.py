"""Without a screen: a line for each event that means something, every event as JSON, and the summary that the screen leaves."""

import json
import time
from collections.abc import Iterator
from typing import Any

from . import facts, figures
from .figures import plural, short
from .glyphs import Glyphs
from .model import Tree
from .nodes import FAILED, Request, Totals
from .sieve import Sieve

_SUMMARY_TRACES = 5


def json_line(event: Any) -> str | None:
    """An event as one line of ASCII JSON; the server's pings are not events."""
    if not isinstance(event, dict) or event.get("type") == "ping":
        return None
    return json.dumps(event, default=str)


class Lines:
    """Turns events into lines, remembering as much of each request as its last line needs."""

    def __init__(self, glyphs: Glyphs, *, banner: bool = True, sieve: Sieve | None = None) -> None:
        self.tree = Tree(max_requests=500)
        self.sieve = sieve or Sieve()
        self._glyphs = glyphs
        self._banner = banner
        self._told: set[tuple[str, int]] = set()  # failed attempts that have had their line

    def feed(self, event: Any) -> Iterator[str]:
        """The lines that an event is worth: a start, a failover, an end with figures, an error, a message; mostly none."""
        if not isinstance(event, dict):
            return
        before = self.tree.requests.get(facts.text(event, "id") or "")
        was_running = before is None or before.running
        if not self.tree.apply(event):
            return
        if not self.fits(event):
            return
        stamp = _stamp(facts.number(event, "t"))
        for words in self._words(event, known=before is not None, was_running=was_running):
            yield f"{stamp} {words}".rstrip()

    def fits(self, event: Any) -> bool:
        """Whether an event that was fed is about a request that is shown now, or about none."""
        name = facts.text(event, "id") if isinstance(event, dict) else None
        request = self.tree.requests.get(name or "")
        if not self.sieve.active or request is None:
            return not self.sieve.active or name is None
        return self.sieve.shows(self.tree.places[request.id][0], request, self.tree.clock)

    def _words(self, event: facts.Event, *, known: bool, was_running: bool) -> Iterator[str]:
        kind = event.get("type")
        request = self.tree.requests.get(facts.text(event, "id") or "")
        if kind == "hello" and self._banner:
            yield f"axonhub   {_hello(self.tree)}"
        elif kind == "log":
            log = self.tree.logs[-1]
            yield f"{log.level:<9} {log.message}"
        elif request is not None and kind in ("request", "attempt", "end"):
            if not known and kind == "request":
                yield f"request   {self._start(request)}"
            yield from self._failovers(request)
            if kind == "end" and was_running:
                yield self._end(request)
                self._told = {key for key in self._told if key[0] != request.id}

    def _start(self, request: Request) -> str:
        trace, _ = self.tree.places[request.id]
        words = [request.id, trace.client or "unknown", short(trace.id), request.asked or "?"]
        words += [f"agent {request.agent}"] if request.agent else []
        words += [f"({request.kind})"] if request.side else []
        return " ".join(words)

    def _failovers(self, request: Request) -> Iterator[str]:
        for attempt in request.attempts.values():
            key = (request.id, attempt.index)
            if attempt.outcome in (*FAILED, "skipped") and key not in self._told and request.running:
                self._told.add(key)
                reason = " ".join(word for word in (str(attempt.status or ""), attempt.reason) if word)
                yield f"failover  {request.id} @{attempt.channel or '?'} {reason or 'failed'}"

    def _end(self, request: Request) -> str:
        arrow = self._glyphs.arrow
        models = f"{request.asked or '?'}" + (f" {arrow} {request.model}" if request.model not in (None, request.asked) else "")
        words = [request.id, models, f"@{request.channel}" if request.channel else "", *_figures(request)]
        if request.failed:
            words = [*words[:3], str(request.status or ""), request.error or request.outcome]
        label = "error" if request.failed else "done" if request.outcome == "ok" else request.outcome
        return f"{label:<9} {' '.join(word for word in words if word)}"


def _figures(request: Request) -> list[str]:
    first, speed = figures.duration(request.first_token), figures.rate(request.output, request.duration, request.first_token)
    cached = figures.percent(request.cached, request.input)
    return [
        figures.duration(request.duration),
        f"first {first}" if first else "",
        f"{speed} tok/s" if speed else "",
        f"in {figures.count(request.input)}" if request.input is not None else "",
        f"({cached} cached)" if cached else "",
        f"out {figures.count(request.output)}" if request.output is not None else "",
        figures.money(request.cost),
        request.lane or "",
        request.finish or "",
        plural(len(request.losses), "loss") if request.losses else "",
    ]


def _stamp(moment: float | None) -> str:
    try:
        return time.strftime("%H:%M:%S", time.localtime(moment)) if moment else "--:--:--"
    except (OverflowError, OSError, ValueError):
        return "--:--:--"


def _hello(tree: Tree) -> str:
    server = tree.server
    words = [server.version, server.url if server.port else None]
    words += [f"profile {server.profile}" if server.profile else None]
    words += [f"channels {', '.join(server.channels)}" if server.channels else None, "DEMO" if server.demo else None]
    return "  ".join(word for word in words if word)


def summary(tree: Tree, glyphs: Glyphs, *, stopped: bool, width: int) -> list[str]:
    """What the screen leaves in the normal buffer: one line of totals, one for each of the last traces."""
    if not tree.totals.requests:
        return ["axonhub: server stopped."] if stopped else []
    start = "axonhub: server stopped. " if stopped else "axonhub: "
    lines = [start + f"{plural(tree.totals.requests, 'request')} in {plural(tree.traces_seen, 'trace')}{_sums(tree.totals)}"]
    for trace in list(tree.traces.values())[-_SUMMARY_TRACES:]:
        mark = glyphs.outcome("error" if trace.totals.errors else "running" if trace.totals.running else "ok", 0)[0]
        title = trace.turns[-1].title if trace.turns else None
        words = f"  {mark} {trace.client or 'unknown'} {short(trace.id)}  {plural(trace.totals.requests, 'request')}"
        lines.append(f"{words}{_sums(trace.totals)}{f'  {title}' if title else ''}")
    cut = glyphs.cut
    lines = [line if len(line) < width else line[: width - 2] + cut for line in lines]
    return [line.encode("ascii", "replace").decode() for line in lines] if glyphs.ascii else lines


def _sums(totals: Totals) -> str:
    cached = figures.percent(totals.cached, totals.input)
    words = [
        f"{totals.errors} failed" if totals.errors else "",
        f"{totals.running} still running" if totals.running else "",
        f"{figures.count(totals.input)} in" + (f" ({cached} cached)" if cached else "") if totals.input is not None else "",
        f"{figures.count(totals.output)} out" if totals.output is not None else "",
        figures.money(totals.cost, totals.unpriced),
    ]
    return "".join(f", {word}" for word in words if word)

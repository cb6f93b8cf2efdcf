"""The detail view: all that is known of a request, then what was said in it. Of a turn, a sub-agent or a trace it is the
conversation as `axonhub trace show` prints it.

What the live feed told is there at once; the conversation comes from the store, a moment after the request has ended, or from
what was heard of a running one. `Detail` is pure but for the `Archive` that it is given.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from rich.console import Console
from rich.text import Text

from .. import trace_sheet, trace_show
from .figures import short
from .find import matching
from .glyphs import BOLD, DIM
from .nodes import Branch, Key, Request, Trace
from .stream import Part

Row = dict[str, Any]
_LABEL = 10  # cells of the labels
_AGAIN = 3.0  # s for which an ended request is looked for in the store


class Archive(Protocol):
    """Where stored traces are read. `trace` gives a trace with `turns` and `requests`, and what was said by request id; None when
    it is not stored."""

    def trace(self, name: str) -> tuple[Row, dict[str, list[Any]]] | None: ...


@dataclass(slots=True)
class Detail:
    """One node in full. `top` is the first line that is seen; `find` what is looked for."""

    key: Key
    top: int = 0
    lines: list[Text] = field(default_factory=list)
    title: str = ""
    find: str = ""
    _made: tuple[Any, ...] = ()
    _looked: tuple[Any, ...] = ()
    _stored: "tuple[Row, dict[str, list[Any]]] | None" = None
    _until: float = 0.0

    def update(self, trace: Trace, node: "Trace | Branch | Request", archive: Archive, width: int, now: float) -> None:
        """Make the lines anew when something of it has changed."""
        requests = list(_requests(node))
        ended = tuple(request.id for request in requests if not request.running)
        if self._looked != ended:
            self._looked, self._until, self._stored = ended, now + _AGAIN, archive.trace(trace.id)
        elif now < self._until and not self._complete(ended):
            self._stored = archive.trace(trace.id)
        state = (width, sum(request.changes for request in requests), ended, self._complete(ended))
        if state != self._made:
            self._made = state
            self.title = _title(trace, node)
            self.lines = (
                self._request(trace, node, width) if isinstance(node, Request) else self._conversation(node, requests, width)
            )

    def _complete(self, ended: Iterable[str]) -> bool:
        stored = (
            {request["id"] for request in self._stored[0]["requests"] if request["outcome"] != "running"} if self._stored else ()
        )
        return all(name in stored for name in ended)

    def _request(self, trace: Trace, request: Request, width: int) -> list[Text]:
        lines = [line for label, words in trace_sheet.sheet(row_of(trace, request)) for line in _labelled(label, words, width)]
        spoken = self._stored[1].get(request.id, []) if self._stored and not request.running else []
        lines.append(Text())
        if not spoken:
            return lines + _heard(request, width)

        def show(console: Console) -> None:
            for each in spoken:
                trace_show.say(console, each, " ", full=True)

        return lines + _printed(show, width)

    def _conversation(self, node: "Trace | Branch", requests: list[Request], width: int) -> list[Text]:
        if self._stored is None:
            return [Text(" Nothing of it is stored yet.", DIM)]
        wanted = {request.id for request in requests}
        trace, spoken = self._stored
        if isinstance(node, Branch):
            turns = [{**turn, "requests": [name for name in turn["requests"] if name in wanted]} for turn in trace["turns"]]
            trace = {**trace, "turns": [turn for turn in turns if turn["requests"]]}
        return _printed(trace_show.conversation(trace, spoken), width)

    def search(self, wanted: str, step: int) -> bool:
        """Go to the next line (or the one before) that holds it; says whether there is one."""
        found = [index for index, line in enumerate(self.lines) if matching(line.plain, wanted)]
        if not found:
            return False
        ahead = (
            [index for index in found if index > self.top] if step > 0 else [index for index in found if index < self.top][::-1]
        )
        self.top = (ahead or (found if step > 0 else found[::-1]))[0]
        return True


def _requests(node: "Trace | Branch | Request") -> Iterable[Request]:
    if isinstance(node, Request):
        yield node
        return
    for child in node.turns if isinstance(node, Trace) else node.children:
        yield from _requests(child)


def _title(trace: Trace, node: "Trace | Branch | Request") -> str:
    words = f"{trace.client or 'unknown'} {short(trace.id)}"
    if isinstance(node, Request):
        return f"{words} › {node.id}"
    return words if isinstance(node, Trace) else f"{words} › {'agent ' + short(node.name) if node.kind == 'agent' else 'turn'}"


def _labelled(label: str, words: list[tuple[str, str]], width: int) -> list[Text]:
    """A label and its words, wrapped beside it."""
    line = Text()
    for word, style in words:
        line.append("  " if line else "").append(word, style)
    room = max(width - _LABEL - 3, 16)
    parts = line.wrap(Console(width=room, file=io.StringIO()), room)
    return [
        Text().append(f" {label if number == 0 else '':>{_LABEL}}  ", DIM).append_text(part) for number, part in enumerate(parts)
    ]


def _heard(request: Request, width: int) -> list[Text]:
    """What came over the feed: the prompt, and the end of what was said."""
    parts = [Part("text", request.prompt or "", "you")] if request.prompt else []
    lines = []
    for part in [*parts, *request.stream.parts]:
        label = part.name if part.kind == "tool" else "thinking" if part.kind == "thinking" else part.name or "model"
        style = DIM if part.kind == "thinking" else BOLD if part.name == "you" else ""
        lines += _labelled(label[:_LABEL], [(part.text.strip("\n"), style)], width)
    return lines


def _printed(show: Any, width: int) -> list[Text]:
    """What a view prints to a console, as lines."""
    out = io.StringIO()
    show(Console(file=out, force_terminal=True, width=width, color_system="standard", highlight=False, markup=False, emoji=False,
                 legacy_windows=False, no_color=False))  # fmt: skip
    return [Text.from_ansi(line) for line in out.getvalue().rstrip("\n").split("\n")]


def row_of(trace: Trace, request: Request) -> Row:
    """A request of the tree in the form in which the store gives one."""
    usage = {
        "input": request.input, "output": request.output, "cache_read": request.cached, "cache_write_5m": request.written_5m,
        "cache_write_1h": request.written_1h, "reasoning": request.reasoning,
    }  # fmt: skip
    attempts = [
        {"index": each.index, "channel": each.channel, "model": each.model, "protocol": each.protocol, "lane": each.lane,
         "secret": each.secret, "outcome": each.outcome, "status": each.status, "duration_ms": each.duration,
         "reason": each.reason}
        for each in request.attempts.values()
    ]  # fmt: skip
    return {
        "id": request.id, "trace_id": trace.id, "thread": trace.thread, "client": trace.client,
        "client_version": trace.client_version, "kind": request.kind, "agent": request.agent, "protocol": request.protocol,
        "path": request.path, "stream": request.streamed, "key": request.local_key, "profile": request.profile,
        "asked_model": request.asked, "model": request.model, "channel": request.channel, "lane": request.lane,
        "effort": request.effort, "effort_sent": request.effort_sent, "status": request.status, "outcome": request.outcome,
        "error": request.error, "finish": request.finish, "first_byte_ms": request.first_byte,
        "first_token_ms": request.first_token, "duration_ms": request.duration, "bytes_in": request.bytes_in,
        "bytes_out": request.bytes_out, "cost": request.cost, "verdict": request.verdict, "missed_tokens": request.missed,
        "missed_cost": request.missed_cost, "tools": request.tools, "attempts": attempts,
        "losses": [_loss(line) for line in (*request.losses, *request.overrides)],
        "usage": usage if any(value is not None for value in usage.values()) else None,
    }  # fmt: skip


def _loss(line: str) -> Row:
    """A loss from its line in the tree: `path action: why`."""
    thing, _, why = line.partition(": ")
    path, _, action = thing.rpartition(" ")
    return {"path": path, "action": action, "why": why}

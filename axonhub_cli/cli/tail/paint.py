"""Row → one line of text in a given width. What it says is ordered by worth: where there is no room, the least goes first."""

from dataclasses import dataclass
from typing import cast

from rich.text import Text

from . import figures
from .columns import Columns, beside, put, request_values, total_values
from .figures import plural, short
from .glyphs import ACCENT, AGENT, BAD, BOLD, CHANNEL, DIM, THINKING, TOOL, WARN, Glyphs
from .nodes import Attempt, Branch, Request, Totals, Trace
from .outline import THINKING_LABEL, Bundle, Row
from .wrap import cells_of, fit

_QUIET_FINISH = (None, "stop", "stop_sequence", "tool_calls")
_LEAST_ASKED = 8  # cells below which a cut name says nothing
_LEAST_CHANNEL = 5
_BEATS = 10  # steps of the wheel in a second


@dataclass(frozen=True, slots=True)
class Painter:
    """Paints rows for a width, a moment and a set of glyphs."""

    width: int
    now: float
    columns: Columns
    glyphs: Glyphs

    def line(self, row: Row, *, selected: bool = False, marked: bool = False) -> Text:
        """One row as it is shown; the first cell is the cursor's and the mark's."""
        line = Text(end="", no_wrap=True)
        sign = (self.glyphs.both if selected else self.glyphs.mark) if marked else self.glyphs.cursor if selected else " "
        line.append(sign, ACCENT if selected else WARN if marked else "")
        line.append_text(self._body(row))
        if selected:
            line.stylize("bold")
        return line

    def _body(self, row: Row) -> Text:
        match row.kind:
            case "trace":
                return self._trace(row, cast(Trace, row.node))
            case "turn":
                return self._turn(row, cast(Branch, row.node))
            case "agent":
                return self._agent(row, cast(Branch, row.node))
            case "request":
                return self._request(row, cast(Request, row.node))
            case "bundle":
                return self._bundle(row, cast(Bundle, row.node))
            case "attempt":
                return self._attempt(row, cast(Attempt, row.node))
            case "miss":
                return self._miss(row, cast(Request, row.node))
            case "output":
                return self._output(row, *cast(tuple[str, str], row.node))
            case "error" | "note":
                line = self._start(row)
                self._put(line, cast(str, row.node), BAD if row.kind == "error" else DIM)
                return self._beside(line)
        return Text(end="")

    def _start(self, row: Row) -> Text:
        line = Text(end="", no_wrap=True)
        line.append(row.prefix, DIM)
        return line

    def _put(self, line: Text, words: str, style: str = "", room: int | None = None) -> None:
        put(line, words, style, room=room, glyphs=self.glyphs)

    def _beside(self, left: Text, values: dict[str, str] | None = None, style: str = "") -> Text:
        right = self.columns.words(values, style) if values else Text(end="")
        return beside(left, right, self.width - 1, self.glyphs)

    def _room(self, line: Text, *, sums: bool = False) -> int:
        cells = self.columns.cells_of_sums if sums else self.columns.cells
        return max(self.width - 1 - cells - cells_of(line.plain), 0)

    def _trace(self, row: Row, trace: Trace) -> Text:
        line = self._start(row)
        mark, style = self.glyphs.client(trace.client)
        self._put(line, f"{self.glyphs.open if row.open else self.glyphs.shut} ", DIM)
        self._put(line, f"{mark} ", style)
        self._put(line, trace.client or "unknown", f"bold {style}" if row.open else style)
        self._put(line, f" {short(trace.id)}", "")
        if trace.thread:
            self._put(line, f" {trace.thread}", AGENT, 20)
        running = trace.totals.running > 0
        age = figures.age(self.now - (trace.started if running else trace.last))
        self._put(line, f"  {age}" if running else f"  {age} ago", DIM)
        line.append_text(self._state(trace.totals, row))
        title = None if row.open else next((turn.title for turn in reversed(trace.turns) if turn.title), None)
        if title:
            self._put(line, f"  {title}", DIM, self._room(line, sums=True))
        else:
            self._put(line, f"  {plural(trace.totals.requests, 'request')}", DIM)
        return self._beside(line, total_values(trace.totals), BOLD if row.open else "")

    def _state(self, totals: Totals, row: Row) -> Text:
        """What runs and what went wrong; of a node that is open, its rows say the rest."""
        line, glyphs = Text(end="", no_wrap=True), self.glyphs
        running = 0 if row.kind == "turn" or (row.kind == "agent" and row.open) else totals.running
        spin, style = glyphs.outcome("running", self._beat)
        shut = not row.open
        for mark, number, colour in (
            (spin, running, style),
            (glyphs.error, totals.errors, BAD),
            (glyphs.retry, totals.failovers * shut, WARN),
            (glyphs.miss, totals.misses * shut, WARN),
        ):
            if number > 0:
                self._put(line, f"  {mark} {number}", colour)
        return line

    @property
    def _beat(self) -> int:
        return int(self.now * _BEATS)

    def _turn(self, row: Row, turn: Branch) -> Text:
        line = self._start(row)
        self._put(line, f"{self.glyphs.prompt} ", ACCENT if row.open else DIM)
        if row.open:
            self._put(line, turn.title or "(no prompt)", BOLD if turn.title else DIM, self.width - 3 - cells_of(line.plain))
            return line
        note = f"  {plural(turn.totals.requests, 'request')}"
        state = self._state(turn.totals, row)
        self._put(line, turn.title or "(no prompt)", "", max(self._room(line, sums=True) - len(note) - cells_of(state.plain), 10))
        self._put(line, note, DIM)
        line.append_text(state)
        return self._beside(line, total_values(turn.totals), DIM)

    def _agent(self, row: Row, agent: Branch) -> Text:
        line = self._start(row)
        self._put(line, f"{self.glyphs.open if row.open else self.glyphs.shut} ", DIM)
        self._put(line, f"agent {short(agent.name)}", AGENT)
        line.append_text(self._state(agent.totals, row))
        if not row.open:
            self._put(line, f"  {plural(agent.totals.requests, 'request')}", DIM)
        if agent.title:
            self._put(line, f"  {agent.title}", "", self._room(line, sums=True))
        return self._beside(line, total_values(agent.totals), DIM)

    def _bundle(self, row: Row, bundle: Bundle) -> Text:
        line = self._start(row)
        mark = self.glyphs.open if row.open else self.glyphs.shut
        label = (
            f"{bundle.kind} {'x' if self.glyphs.ascii else '×'}{len(bundle.requests)}"
            if bundle.kind
            else f"{len(bundle.requests)} earlier"
        )
        self._put(line, f"{mark} {label}", DIM)
        totals = bundle.totals()
        line.append_text(self._state(totals, row))
        return self._beside(line, total_values(totals), DIM)

    def _request(self, row: Row, request: Request) -> Text:
        line = self._start(row)
        mark, style = self.glyphs.outcome(request.outcome, self._beat)
        self._put(
            line,
            f"{self.glyphs.side if request.side and request.outcome == 'ok' else mark} ",
            DIM if request.side and request.outcome == "ok" else style,
        )
        if request.side:
            self._put(line, f"{request.kind} ", DIM)
        flags = _flags(request)
        urgent = sum(cells_of(words) + 2 for words, _, must in flags if must)
        self._models(line, request, max(self._room(line) - urgent, 12))
        for words, flag_style, must in flags:
            if must or cells_of(words) + 2 <= self._room(line) - urgent:
                self._put(line, f"  {words}", flag_style)
                urgent -= cells_of(words) + 2 if must else 0
        return self._beside(line, request_values(request, self.now), DIM if request.side else "")

    def _models(self, line: Text, request: Request, room: int) -> None:
        """`asked → real @channel`, in so many cells. What was asked gives way first."""
        asked, real = request.asked or "?", request.model or ""
        channel = f" @{request.channel}" if request.channel else ""
        quiet = DIM if request.side else ""
        if real and real != asked:
            left = room - cells_of(real) - cells_of(channel) - 3
            if left < cells_of(asked):
                asked = fit(asked.removeprefix("claude-"), left, self.glyphs.cut) if left >= _LEAST_ASKED else ""
            self._put(line, f"{asked} {self.glyphs.arrow} ".lstrip(), DIM)
            room -= cells_of(asked) + (3 if asked else 2)
            asked = real
        name = fit(asked, max(room - cells_of(channel), 8), self.glyphs.cut)
        self._put(line, name, quiet or (BOLD if request.running else ""))
        if room - cells_of(name) >= min(_LEAST_CHANNEL, cells_of(channel)):
            self._put(line, channel, quiet or CHANNEL, room - cells_of(name))

    def _attempt(self, row: Row, attempt: Attempt) -> Text:
        line = self._start(row)
        self._put(line, f"{self.glyphs.retry} ", WARN)
        self._put(line, f"@{attempt.channel or '?'} ", CHANNEL)
        words = " ".join(word for word in (str(attempt.status or ""), attempt.reason or attempt.outcome) if word)
        self._put(line, words, WARN, self._room(line))
        return self._beside(line, {"time": figures.duration(attempt.duration)}, DIM)

    def _miss(self, row: Row, request: Request) -> Text:
        """Why the prompt cache was missed, and what that cost."""
        line = self._start(row)
        again = f"{figures.count(request.missed)} tokens" if request.missed else ""
        lost = ", ".join(filter(None, (again, figures.money(request.missed_cost))))
        self._put(line, f"{self.glyphs.miss} cache missed", WARN)
        self._put(line, f" ({lost} more)" if lost else "", WARN)
        self._put(line, f": {request.verdict or ''}", DIM, max(self.width - 2 - cells_of(line.plain), 0))
        return line

    def _output(self, row: Row, kind: str, words: str) -> Text:
        line = self._start(row)
        self._put(line, f"{self.glyphs.stream} ", DIM)
        room = self.width - 2 - cells_of(line.plain)
        if kind == "tool":
            name, _, arguments = words.partition("\0")
            self._put(line, name or "tool", TOOL, room)
            self._put(line, f" {arguments}", DIM, max(self.width - 2 - cells_of(line.plain), 0))
        elif kind == "thinking":
            self._put(line, words[: len(THINKING_LABEL)], DIM)
            self._put(line, words[len(THINKING_LABEL) :], THINKING, room - len(THINKING_LABEL))
        else:
            self._put(line, words, "", room)
        return line


def _flags(request: Request) -> list[tuple[str, str, bool]]:
    """Words behind the models, as (words, style, whether they must be seen), the most telling first."""
    flags: list[tuple[str, str, bool]] = []
    if request.failed:
        flags.append((f"{request.status or ''} {request.outcome}".strip(), BAD, True))
    elif request.outcome == "cancelled":
        flags.append(("cancelled", WARN, True))
    elif request.finish not in _QUIET_FINISH:
        flags.append((request.finish or "", WARN, True))
    if request.losses:
        flags.append((plural(len(request.losses), "loss"), WARN, True))
    if request.tools:
        flags.append((_tools(request.tools), TOOL, False))
    if request.lane:
        flags.append((request.lane, DIM, False))
    told_by_tools = request.finish == "tool_calls" and request.tools
    if request.finish in _QUIET_FINISH and request.finish and not request.failed and not told_by_tools:
        flags.append((request.finish, DIM, False))
    if request.effort:
        flags.append((request.effort, DIM, False))
    return flags


def _tools(tools: list[str]) -> str:
    """`Read ×3, Bash`."""
    counts: dict[str, int] = {}
    for tool in tools:
        counts[tool] = counts.get(tool, 0) + 1
    return ", ".join(name if number == 1 else f"{name} ×{number}" for name, number in counts.items())

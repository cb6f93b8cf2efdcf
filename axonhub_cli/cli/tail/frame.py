"""One screen: header, a window of the tree's rows, footer. Pure: the same tree, choices, size and moment give the same lines.

Small screens lose the header; the rows that run stay. While the screen follows, the window is where what runs is in sight; the
trace that the window begins in stays pinned to its first line.
"""

from dataclasses import dataclass, field

from rich.text import Text

from . import figures
from .columns import Columns, beside, columns, put, total_values
from .figures import plural
from .glyphs import ACCENT, BAD, BADGE, BOLD, DIM, GOOD, UNICODE, WARN, Glyphs
from .model import Tree
from .nodes import Trace
from .outline import Outline, Row, Ui
from .paint import Painter

_PINNED = 2  # lines at the top of the window that the trace and the turn may take
_OUTER = ("space", "trace", "turn")
_DEMO_HINT = "A built-in demo model answers, offline and free. Next: axonhub channel add"
_LEVELS = {"error": BAD, "warning": WARN}
_SAID = 5  # lines of output shown below a request that runs, where there is room
_LOG_SHOWN = 120.0  # s for which a message stays at the bottom; errors stay until the next one


@dataclass(slots=True)
class Frame:
    """The lines of one screen, exactly as many as it is high, and what the keys need to know of it."""

    lines: list[Text]
    rows: list[Row] = field(default_factory=list)
    body: int = 0  # lines of the window


@dataclass(slots=True)
class Composer:
    """Draws one screen of `width` times `height` cells at the moment `now` (Unix seconds)."""

    tree: Tree
    ui: Ui
    width: int
    height: int
    now: float
    glyphs: Glyphs = UNICODE
    banner: bool = True
    keys: bool = True  # whether there is a keyboard

    def frame(self) -> Frame:
        """The screen. The window's place in `ui` is brought up to date."""
        columns_ = columns(self.width)
        head, foot = self._head(columns_), self._foot()
        body = max(self.height - len(head) - len(foot), 1)
        said = min(max((body - 4) // (2 * max(self.tree.totals.running, 1)), 1), _SAID)
        rows = Outline(self.tree, self.ui, self.width - 1, self.now, self.glyphs, said).rows()
        if self.ui.help:
            shown = self._help()[:body]
        elif rows:
            self.ui.top = window(rows, self.ui, body, self.tree.latest())
            shown = self._window(rows, body, Painter(self.width, self.now, columns_, self.glyphs))
        else:
            shown = self._empty()[:body]
        shown += [self._text() for _ in range(body - len(shown))]
        return Frame([self._cut(line) for line in (head + shown + foot)[: self.height]], rows, body)

    def _window(self, rows: list[Row], body: int, painter: Painter) -> list[Text]:
        top = self.ui.top
        seen = rows[top : top + body]
        for place, kind in enumerate(("trace", "turn")):
            if body > 4 * place + 2 and top and seen[place].kind not in _OUTER[: place + 2]:
                seen[place] = next((row for row in reversed(rows[: top + place]) if row.kind == kind), seen[place])
        return [painter.line(row, selected=row.key is not None and row.key == self.ui.cursor) for row in seen]

    def _text(self, *pieces: tuple[str, str]) -> Text:
        line = Text(end="", no_wrap=True)
        for words, style in pieces:
            put(line, words, style, glyphs=self.glyphs)
        return line

    def _cut(self, line: Text) -> Text:
        if line.cell_len > self.width:
            line.truncate(self.width, overflow="crop")
        return line

    def _head(self, shown: Columns) -> list[Text]:
        lines = []
        if self.banner and self.height >= 12:
            lines.append(self._brand())
            if self.tree.server.demo:
                lines.append(self._text((f" {self.tree.server.hint or _DEMO_HINT}", WARN)))
        if self.height >= 8:
            lines.append(self._totals(shown))
        if self.height >= 10:
            lines.append(shown.labels(self.glyphs.rule, self.width))
        return lines

    def _brand(self) -> Text:
        server = self.tree.server
        line = self._text((" axonhub", ACCENT), (f" {server.version or ''}", DIM))
        if server.port:
            line.append_text(self._text((f"  {server.url}", BOLD)))
        if server.profile:
            line.append_text(self._text(("  profile ", DIM), (server.profile, BOLD)))
        if server.channels:
            label = "  channel " if len(server.channels) == 1 else "  channels "
            line.append_text(self._text((label, DIM), (", ".join(server.channels), "")))
        badge = self._text((" DEMO ", BADGE)) if server.demo else Text(end="")
        return beside(line, badge, self.width, self.glyphs)

    def _totals(self, shown: Columns) -> Text:
        totals = self.tree.totals
        words = f" {plural(self.tree.traces_seen, 'trace')} {self.glyphs.dot} {plural(totals.requests, 'request')}"
        line = self._text((words, ""))
        if totals.running:
            line.append_text(self._text((f" {self.glyphs.dot} ", ""), (f"{totals.running} running", "cyan")))
        if totals.errors:
            line.append_text(self._text((f" {self.glyphs.dot} ", ""), (f"{totals.errors} failed", BAD)))
        if self.ui.errors_only:
            line.append_text(self._text(("  errors only", BADGE)))
        return beside(line, shown.words(total_values(totals), BOLD), self.width, self.glyphs)

    def _foot(self) -> list[Text]:
        lines = []
        log = self.tree.logs[-1] if self.tree.logs else None
        if log and self.height >= 6 and (log.level == "error" or self.now - log.time < _LOG_SHOWN):
            mark = (
                self.glyphs.error
                if log.level == "error"
                else self.glyphs.interrupted
                if log.level == "warning"
                else self.glyphs.side
            )
            style = _LEVELS.get(log.level, DIM)
            words = self._text((f" {mark} ", style), (log.message, style))
            lines.append(beside(words, self._text((f"{figures.age(self.now - log.time)} ago ", DIM)), self.width, self.glyphs))
        if self.height >= 4:
            lines.append(self._hints())
        return lines

    def _hints(self) -> Text:
        if not self.keys:
            return self._text((" Ctrl-C quit", DIM))
        if self.ui.help:
            return self._text((" any key goes back", DIM))
        line = self._text()
        state = "following" if self.ui.follow else "follow"
        for key, words in (
            ("q", "quit"),
            (self.glyphs.arrows, "move"),
            ("enter", "open"),
            ("F", state),
            ("e", "errors"),
            ("?", "help"),
        ):
            style = GOOD if words == "following" else DIM
            line.append_text(self._text((f" {key}", BOLD), (f" {words} ", style)))
        return line

    def _empty(self) -> list[Text]:
        if self.ui.errors_only and self.tree.traces:
            return [self._text(), self._text(("  No request has failed.", "")), self._text(("  e shows everything again.", DIM))]
        lines = [self._text(), self._text(("  Waiting for the first request.", BOLD)), self._text()]
        for what, command in (
            ("Claude Code", 'eval "$(axonhub setup claude-code)" && claude'),
            ("Codex", "axonhub setup codex"),
            ("", 'eval "$(axonhub setup codex --env)" && codex'),
            ("anything else", f"base URL {self.tree.server.url}/v1, key: axonhub key create NAME"),
        ):
            lines.append(self._text((f"  {what:<15}", DIM), (command, "")))
        return lines

    def _help(self) -> list[Text]:
        marks = self.glyphs
        lines = [self._text()]
        for key, words in (
            (f"{marks.arrows if not marks.ascii else 'arrows'} j k", "move; PgUp PgDn g G by pages, to the top, to the end"),
            ("enter space", "open or shut; an open request shows its id, losses and output"),
            ("F", "follow what runs; moving stops it"),
            ("e", "only what failed"),
            ("Ctrl-L", "draw the screen again"),
            ("q Ctrl-C", "quit"),
        ):
            lines.append(self._text((f"  {key:<12}", BOLD), (words, "")))
        legend = f"{marks.ok} done  {marks.error} failed  {marks.cancelled} cancelled  {marks.interrupted} interrupted"
        legend += f"  {marks.retry} failed over  {marks.side} side request"
        lines += [self._text(), self._text((f"  {legend}", ""))]
        lines.append(self._text((f"  asked {marks.arrow} real @channel; first: to the first token; cost +: some unknown", DIM)))
        logs = [
            self._text((f"  {figures.age(self.now - log.time):>4} ago  {log.message}", _LEVELS.get(log.level, DIM)))
            for log in self.tree.logs
        ]
        return [*lines, self._text(), *logs[-8:]]


def window(rows: list[Row], ui: Ui, body: int, latest: Trace | None) -> int:
    """The first row of the window: kept where it is unless what must be seen would be out of sight."""
    end = max(len(rows) - body, 0)
    if not ui.follow:
        at = next((index for index, row in enumerate(rows) if row.key is not None and row.key == ui.cursor), ui.top)
        return min(max(min(ui.top, at - _PINNED), at - body + 2, 0), end)
    live = [index for index, row in enumerate(rows) if row.live] or _rows_of(rows, latest)[-1:]
    if not live:
        return end
    if live[-1] - live[0] + _PINNED >= body:
        return min(max(live[-1] - body + 1, 0), end)
    return min(max(live[0] - _PINNED, 0), end)


def _rows_of(rows: list[Row], trace: Trace | None) -> list[int]:
    start = next((index for index, row in enumerate(rows) if row.node is trace), None) if trace else None
    if start is None:
        return []
    end = next((index for index in range(start + 1, len(rows)) if rows[index].kind == "trace"), len(rows))
    return [index for index in range(start, end) if rows[index].kind != "space"]

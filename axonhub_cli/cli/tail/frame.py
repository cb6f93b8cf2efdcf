"""One screen: header, a window of the tree's rows, footer. Pure: the same tree, choices, size and moment give the same lines.

Small screens lose the header; the rows that run stay. While the screen follows, the window is where what runs is in sight; the
trace that the window begins in stays pinned to its first line.
"""

from dataclasses import dataclass, field

from rich.text import Text

from . import views
from .columns import Columns, beside, columns, put, total_values
from .detail import Detail
from .figures import plural
from .glyphs import ACCENT, BAD, BADGE, BOLD, DIM, HIT, UNICODE, WARN, Glyphs
from .model import Tree
from .nodes import Trace
from .outline import Outline, Row
from .paint import Painter
from .ui import Ui
from .wrap import cells_of

_PINNED = 2  # lines at the top of the window that the trace and the turn may take
_OUTER = ("space", "trace", "turn")
_DEMO_HINT = "A built-in demo model answers, offline and free. Next: axonhub channel add"
_SAID = 5  # lines of output shown below a request that runs, where there is room


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
        if self.ui.detail is not None and not self.ui.help:
            return self._detail(self.ui.detail)
        head, foot = self._head(columns_), views.foot(self)
        body = max(self.height - len(head) - len(foot), 1)
        rows = self._rows(body)
        if self.ui.help:
            shown = views.scrolled(views.help_lines(self), self.ui, body)
        elif rows:
            self.ui.top = window(rows, self.ui, body, self.tree.latest())
            shown = self._window(rows, body, Painter(self.width, self.now, columns_, self.glyphs))
        else:
            shown = views.empty(self)[:body]
        return self._framed(head, shown, foot, rows)

    def _rows(self, body: int) -> list[Row]:
        """The tree's rows, with as many lines of output below each request that runs as let all that runs be in sight."""
        running = max(self.tree.totals.running, 1)
        said = min(max((body - 4) // (2 * running), 1), _SAID)
        rows = Outline(self.tree, self.ui, self.width - 1, self.now, self.glyphs, said).rows()
        live = [index for index, row in enumerate(rows) if row.live]
        over = live[-1] - live[0] + 1 + _PINNED - body if live else 0
        if over <= 0 or said == 1:
            return rows
        said = max(said + -over // running, 1)  # the next lower, where it does not come out even
        return Outline(self.tree, self.ui, self.width - 1, self.now, self.glyphs, said).rows()

    def _detail(self, detail: Detail) -> Frame:
        """One node in full, with its own head."""
        head = [views.detail_head(self, detail)] if self.height >= 4 else []
        head += [self.text((self.glyphs.rule * self.width, DIM))] if self.height >= 8 else []
        foot = views.foot(self)
        body = max(self.height - len(head) - len(foot), 1)
        detail.top = max(min(detail.top, len(detail.lines) - body), 0)
        shown = [self._own(line) for line in detail.lines[detail.top : detail.top + body]]
        return self._framed(head, shown, foot, [])

    def _own(self, line: Text) -> Text:
        """A line of another view, which can be changed; in the glyphs' alphabet."""
        if not self.glyphs.ascii or line.plain.isascii():
            return line.copy()
        return Text(line.plain.encode("ascii", "replace").decode("ascii"), end="", no_wrap=True)

    def _framed(self, head: list[Text], shown: list[Text], foot: list[Text], rows: list[Row]) -> Frame:
        body = max(self.height - len(head) - len(foot), 1)
        if self.ui.find:
            for line in shown:
                _highlight(line, self.ui.find)
        shown += [self.text() for _ in range(body - len(shown))]
        return Frame([self._cut(line) for line in (head + shown + foot)[: self.height]], rows, body)

    def _window(self, rows: list[Row], body: int, painter: Painter) -> list[Text]:
        top = self.ui.top
        seen = rows[top : top + body]
        for place, kind in enumerate(("trace", "turn")):
            if body > 4 * place + 2 and top and seen[place].kind not in _OUTER[: place + 2]:
                seen[place] = next((row for row in reversed(rows[: top + place]) if row.kind == kind), seen[place])
        cursor, marked = self.ui.cursor, self.ui.marked
        return [painter.line(row, selected=row.key is not None and row.key == cursor, marked=row.key in marked) for row in seen]

    def text(self, *pieces: tuple[str, str]) -> Text:
        """A line of words that are harmless already, with their styles."""
        line = Text(end="", no_wrap=True)
        for words, style in pieces:
            put(line, words, style, glyphs=self.glyphs)
        return line

    def _cut(self, line: Text) -> Text:
        if cells_of(line.plain) > self.width:
            line.truncate(self.width, overflow="crop")
        return line

    def _head(self, shown: Columns) -> list[Text]:
        lines = []
        if self.banner and self.height >= 12:
            lines.append(self._brand())
            if self.tree.server.demo:
                lines.append(self.text((f" {self.tree.server.hint or _DEMO_HINT}", WARN)))
        if self.height >= 8:
            lines.append(self._totals(shown))
        if self.height >= 10:
            lines.append(shown.labels(self.glyphs.rule, self.width))
        return lines

    def _brand(self) -> Text:
        server = self.tree.server
        line = self.text((" axonhub", ACCENT), (f" {server.version or ''}", DIM))
        if server.port:
            line.append_text(self.text((f"  {server.url}", BOLD)))
        if server.profile:
            line.append_text(self.text(("  profile ", DIM), (server.profile, BOLD)))
        if server.channels:
            label = "  channel " if len(server.channels) == 1 else "  channels "
            line.append_text(self.text((label, DIM), (", ".join(server.channels), "")))
        badge = self.text((" DEMO ", BADGE)) if server.demo else Text(end="")
        return beside(line, badge, self.width, self.glyphs)

    def _totals(self, shown: Columns) -> Text:
        totals = self.tree.totals
        words = f" {plural(self.tree.traces_seen, 'trace')} {self.glyphs.dot} {plural(totals.requests, 'request')}"
        line = self.text((words, ""))
        if totals.running:
            line.append_text(self.text((f" {self.glyphs.dot} ", ""), (f"{totals.running} running", "cyan")))
        if totals.errors:
            line.append_text(self.text((f" {self.glyphs.dot} ", ""), (f"{totals.errors} failed", BAD)))
        if self.ui.sieve.active:
            kept = ([self.ui.filter.text] if self.ui.filter else []) + (["errors only"] if self.ui.errors_only else [])
            fitting = self.ui.sieve.counted(self.tree, self.now)
            line.append_text(self.text(("  ", ""), (f" {' & '.join(kept)} ", BADGE), (f" {fitting} shown", DIM)))
        return beside(line, shown.words(total_values(totals), BOLD), self.width, self.glyphs)


def _highlight(line: Text, wanted: str) -> None:
    """Mark what is looked for, as it stands in a line."""
    words, at, size = line.plain.lower(), 0, len(wanted)
    while size and (at := words.find(wanted.lower(), at)) >= 0:
        line.stylize(HIT, at, at + size)
        at += size


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

"""What stands around the tree, or in its place: the footer with its line to type in, the help, the empty screen."""

from typing import TYPE_CHECKING

from rich.text import Text

from ...trace.filter_words import HELP
from . import figures
from .columns import beside, put
from .controls import FORMS
from .detail import Detail
from .entry import Entry
from .glyphs import ACCENT, BAD, BOLD, DIM, GOOD, HIT, WARN
from .ui import Ui
from .wrap import cells_of, wrap

if TYPE_CHECKING:
    from .frame import Composer
    from .model import Log

_LEVELS = {"error": BAD, "warning": WARN}
_LOG_SHOWN = 120.0  # s for which a message stays at the bottom; errors stay until the next one
_ENTRY_HINTS = {
    "filter": "~model ~channel ~tool ~err ~miss ~retry ~cost>0.1 ~ttft>2s ~since 10m word ! & | ( )",
    "search": "n next  N previous  esc ends it",
}


def foot(screen: "Composer") -> list[Text]:
    """The last lines: what was said, then what is typed, asked or offered."""
    lines = _log(screen) if screen.ui.entry is None else []
    if screen.ui.notice and screen.height >= 3:
        words, failed = screen.ui.notice
        lines = [screen.text((f" {screen.glyphs.error if failed else screen.glyphs.ok} ", BAD if failed else GOOD), (words, ""))]
    if screen.ui.entry is not None:
        return [*lines, *_entry(screen, screen.ui.entry)]
    return [*lines, _hints(screen)] if screen.height >= 4 or screen.ui.exporting else lines


def _log(screen: "Composer") -> list[Text]:
    log = screen.tree.logs[-1] if screen.tree.logs else None
    if not log or screen.height < 6 or (log.level != "error" and screen.now - log.time >= _LOG_SHOWN):
        return []
    marks = {"error": screen.glyphs.error, "warning": screen.glyphs.interrupted}
    style = _LEVELS.get(log.level, DIM)
    words = screen.text((f" {marks.get(log.level, screen.glyphs.side)} ", style), (log.message, style))
    age = screen.text((f"{figures.age(screen.now - log.time)} ago ", DIM))
    return [beside(words, age, screen.width, screen.glyphs)]


def _entry(screen: "Composer", entry: Entry) -> list[Text]:
    """The line that is typed, with its cursor, and under it what is wrong with it or what may be typed."""
    label = f" {entry.label}: "
    room = max(screen.width - len(label) - 1, 4)
    start = max(entry.at - room + 1, 0)
    while cells_of(entry.text[start : entry.at + 1]) > room:
        start += 1
    line = screen.text((label, ACCENT), (entry.text[start : entry.at], ""))
    put(line, entry.text[entry.at : entry.at + 1] or " ", HIT, glyphs=screen.glyphs)
    put(line, entry.text[entry.at + 1 :], "", room=max(screen.width - cells_of(line.plain), 0), glyphs=screen.glyphs)
    if screen.height < 3:
        return [line]
    if entry.error is None:
        return [line, screen.text((f" {_ENTRY_HINTS.get(entry.label, '')}", DIM))]
    words, at = entry.error
    column = min(len(label) + cells_of(entry.text[start:at]), screen.width - 1)
    lead = " " * column + "^ " if column + 2 + cells_of(words) <= screen.width else " "
    return [line, screen.text((lead, BAD), (words, BAD))]


def _hints(screen: "Composer") -> Text:
    ui = screen.ui
    if not screen.keys:
        return screen.text((" Ctrl-C quit", DIM))
    if ui.exporting:
        what = f"the {len(ui.marked)} marked" if ui.marked else "this"
        pairs = [*FORMS.items(), ("esc", "no")]
        return _pairs(screen, pairs, screen.text((f" export {what} as", ACCENT)))
    if ui.help:
        return _pairs(screen, [("any key", "goes back"), (screen.glyphs.arrows, "scroll")])
    if ui.detail is not None:
        return _pairs(
            screen, [("esc", "back"), (screen.glyphs.arrows, "scroll"), ("/", "search"), ("x", "export"), ("?", "help")]
        )
    follow = "following" if ui.follow else "follow"
    pairs = [
        ("q", "quit"), (screen.glyphs.arrows, "move"), ("enter", "open"), ("F", follow), ("f", "filter"), ("/", "search"),
        ("e", "errors"), ("x", "export"), ("?", "help"),
    ]  # fmt: skip
    return _pairs(screen, pairs)


def _pairs(screen: "Composer", pairs: list[tuple[str, str]], line: Text | None = None) -> Text:
    """Keys and what they do, as many as there is room for; the last one, the way out or the help, is always there."""
    line = line or screen.text()
    last = sum(map(len, pairs[-1])) + 3
    for index, (key, words) in enumerate(pairs):
        needed = cells_of(f" {key} {words} ") + (0 if index == len(pairs) - 1 else last)
        if index == len(pairs) - 1 or cells_of(line.plain) + needed <= screen.width:
            style = GOOD if words == "following" else DIM
            line.append_text(screen.text((f" {key}", BOLD), (f" {words} ", style)))
    return line


def detail_head(screen: "Composer", detail: Detail) -> Text:
    """What is open, and how far down."""
    arrow = ">" if screen.glyphs.ascii else "›"
    line = screen.text((f" {detail.title.replace('›', arrow)}", BOLD))
    below = len(detail.lines)
    where = f"{min(detail.top + 1, below)}/{below} " if below else ""
    return beside(line, screen.text((where, DIM)), screen.width, screen.glyphs)


def scrolled(lines: list[Text], ui: Ui, body: int) -> list[Text]:
    """A window on the help."""
    ui.help_top = max(min(ui.help_top, len(lines) - body), 0)
    return lines[ui.help_top : ui.help_top + body]


def empty(screen: "Composer") -> list[Text]:
    """The screen when there is nothing to show."""
    if screen.ui.sieve.active and screen.tree.traces:
        said = "No request has failed." if screen.ui.filter is None else "No request fits the filter."
        back = "e shows everything again." if screen.ui.filter is None else "esc takes it away, f changes it."
        return [screen.text(), screen.text((f"  {said}", "")), screen.text((f"  {back}", DIM))]
    lines = [screen.text(), screen.text(("  Waiting for the first request.", BOLD)), screen.text()]
    for what, command in (
        ("Claude Code", 'eval "$(axonhub setup claude-code)" && claude'),
        ("Codex", "axonhub setup codex"),
        ("", 'eval "$(axonhub setup codex --env)" && codex'),
        ("anything else", f"base URL {screen.tree.server.url}/v1, key: axonhub key create NAME"),
    ):
        lines.append(screen.text((f"  {what:<15}", DIM), (command, "")))
    return lines


_KEYS = (
    ("{arrows} j k", "move; PgUp PgDn g G by pages, to the top, to the end"),
    ("enter", "all of it: conversation, attempts, receipt, cache verdict"),
    ("space l h", "open or shut it in the tree"),
    ("F", "follow what runs; moving stops it"),
    ("f", "filter, in the language below"),
    ("e", "only what failed"),
    ("/ n N", "search; next and previous hit"),
    ("m M", "mark; go to the next mark"),
    ("x", "export what is selected, or what is marked, into this folder"),
    ("esc", "take back: search, then filter, then selection"),
    ("Ctrl-L", "draw the screen again"),
    ("q Ctrl-C", "quit"),
)


def help_lines(screen: "Composer") -> list[Text]:
    """Keys, marks, the filter language, the last messages."""
    marks, room = screen.glyphs, max(screen.width - 17, 10)
    arrows = "arrows" if marks.ascii else marks.arrows
    lines = []
    for key, words in _KEYS:
        for number, part in enumerate(wrap(words, room, head=3)):
            lines.append(screen.text((f"  {key.format(arrows=arrows) if number == 0 else '':<13}", BOLD), (part, "")))
    legend = (
        f"{marks.ok} done  {marks.error} failed  {marks.cancelled} cancelled  {marks.interrupted} interrupted",
        f"{marks.retry} failed over  {marks.side} side request  {marks.miss} cache missed  {marks.mark} marked",
        f"asked {marks.arrow} real @channel; first: to the first token; cost +: some unknown",
    )
    lines += [
        screen.text(),
        *(screen.text((f"  {part}", DIM)) for words in legend for part in wrap(words, screen.width - 3, head=3)),
    ]
    lines.append(screen.text())
    for words, meaning in HELP:
        for number, part in enumerate(wrap(meaning, max(screen.width - 43, 10), head=3)):
            lines.append(screen.text((f"  {words if number == 0 else '':<40} ", BOLD), (part, "")))
    return [*lines, screen.text(), *(line for log in list(screen.tree.logs)[-8:] for line in _logged(screen, log))]


def _logged(screen: "Composer", log: "Log") -> list[Text]:
    age = f"  {figures.age(screen.now - log.time):>4} ago  "
    parts = wrap(log.message, max(screen.width - len(age) - 1, 10), head=3, cut=screen.glyphs.cut)
    style = _LEVELS.get(log.level, DIM)
    return [screen.text((age if number == 0 else " " * len(age), style), (part, style)) for number, part in enumerate(parts)]

"""Keys → choices. A key changes what is selected, folded, marked or filtered, opens a view or a line to type in, or leaves a wish
for the driver (`quit`, `redraw`, `find`, `next mark`, `export`).

What is in front takes the keys first: the line that is typed, the choice of an export, the help, the detail view, then the tree.
"""

from ...trace.filter import FilterError, parse
from .detail import Detail
from .entry import Entry
from .outline import Row
from .ui import Ui

KEYS = {
    "k": "up", "j": "down", "l": "right", "h": "left", "g": "home", "G": "end", " ": "toggle", "q": "quit", "Q": "quit",
    "ctrl-c": "quit", "ctrl-d": "quit", "ctrl-l": "redraw", "F": "follow", "f": "filter", "/": "search", "n": "next",
    "N": "previous", "e": "errors", "m": "mark", "M": "next mark", "x": "export", "?": "help",
}  # fmt: skip
FORMS = {"h": "html", "j": "jsonl", "a": "har", "o": "otlp", "c": "curl"}
_MOVES = ("up", "down", "page up", "page down", "home", "end")


def press(key: str, ui: Ui, rows: list[Row], body: int) -> None:
    """Let one key do its work on the choices; `rows` and `body` (lines of the window) are those of the screen that was seen."""
    if ui.entry is not None:
        _type(key, ui, ui.entry)
        return
    name = KEYS.get(key, key)
    ui.notice = None
    if ui.exporting:
        ui.exporting = False
        if key in FORMS:
            ui.wish = ("export", FORMS[key])
    elif ui.help:
        _help(name, ui, body, leave=key.startswith("ctrl-"))
    elif name in ("quit", "redraw") and (ui.detail is None or key != "q"):
        ui.wish = (name,)
    elif ui.detail is not None:
        _detail(name, ui, ui.detail, body)
    else:
        _tree(name, ui, rows, body)


def _type(key: str, ui: Ui, entry: Entry) -> None:
    outcome = entry.press(key)
    if outcome is None:
        return
    ui.entry = None
    if outcome and entry.label == "filter":
        text = entry.text.strip()
        ui.filter, ui.top = parse(text) if text else None, 0
    elif outcome:
        ui.find = entry.text
        ui.wish = ("find", "1") if entry.text else ()


def check(text: str) -> tuple[str, int] | None:
    """What is wrong with a filter, and where."""
    try:
        parse(text)
    except FilterError as error:
        return f"{error.words}. {error.hint}", error.at
    return None


def _open_entry(name: str, ui: Ui) -> None:
    if name == "filter":
        ui.entry = Entry("filter", ui.filter.text if ui.filter else "", ui.filters, check)
    else:
        ui.entry = Entry("search", "", ui.finds)


def _help(name: str, ui: Ui, body: int, *, leave: bool) -> None:
    if name in _MOVES:
        ui.help_top = _scrolled(name, ui.help_top, body)
    else:
        ui.help, ui.help_top = False, 0
        ui.wish = (name,) if leave and name in ("quit", "redraw") else ()


def _scrolled(name: str, top: int, body: int) -> int:
    """Where a view begins after a key; the frame holds it inside."""
    step = {"up": -1, "down": 1, "page up": -body + 1, "page down": body - 1, "home": -1_000_000, "end": 1_000_000}[name]
    return max(top + step, 0)


def _detail(name: str, ui: Ui, detail: Detail, body: int) -> None:
    match name:
        case "escape" | "left" | "enter" | "quit" | "backspace":
            ui.detail = None
        case "toggle":
            detail.top = _scrolled("page down", detail.top, body)
        case "right" | "follow":
            detail.top = _scrolled("end", detail.top, body)
        case "search":
            _open_entry("search", ui)
        case "next" | "previous" if ui.find:
            ui.wish = ("find", "1" if name == "next" else "-1")
        case "export" | "help" | "mark":
            _common(name, ui)
        case _ if name in _MOVES:
            detail.top = _scrolled(name, detail.top, body)


def _tree(name: str, ui: Ui, rows: list[Row], body: int) -> None:
    match name:
        case "errors":
            ui.errors_only, ui.top = not ui.errors_only, 0
        case "follow":
            ui.follow, ui.cursor = True, None
        case "escape":
            _escape(ui)
        case "filter" | "search":
            _open_entry(name, ui)
        case "next" | "previous" if ui.find:
            ui.wish = ("find", "1" if name == "next" else "-1")
        case "enter":
            _enter(ui, rows, body)
        case "toggle" | "left" | "right":
            _fold(name, ui, rows)
        case "export" | "help" | "mark" | "next mark":
            _select(ui, rows, body)
            _common(name, ui)
        case _ if name in _MOVES:
            _move(name, ui, rows, body)


def _common(name: str, ui: Ui) -> None:
    match name:
        case "help":
            ui.help = True
        case "export":
            ui.exporting = ui.cursor is not None or bool(ui.marked)
        case "next mark":
            ui.wish = ("next mark",)
        case "mark" if ui.cursor in ui.marked:
            del ui.marked[ui.cursor]
        case "mark" if ui.cursor is not None:
            ui.marked[ui.cursor] = None


def _escape(ui: Ui) -> None:
    """Take back one thing: what is looked for, then the filter, then the selection."""
    if ui.find:
        ui.find = ""
    elif ui.filter is not None or ui.errors_only:
        ui.filter, ui.errors_only, ui.top = None, False, 0
    else:
        ui.follow, ui.cursor = True, None


def _enter(ui: Ui, rows: list[Row], body: int) -> None:
    """Open what is selected in full; a bundle of several requests is only unfolded."""
    _select(ui, rows, body)
    row = _selected(ui, rows)
    if row is not None and row.kind == "bundle":
        _fold("toggle", ui, rows)
    elif row is not None and row.key is not None:
        ui.detail, ui.follow = Detail(row.key), False


def _select(ui: Ui, rows: list[Row], body: int) -> None:
    """Select the last row in sight, if none is."""
    if _selected(ui, rows) is None:
        seen = [row.key for row in rows[ui.top : ui.top + body] if row.key is not None]
        ui.cursor = seen[-1] if seen else ui.cursor


def _selected(ui: Ui, rows: list[Row]) -> Row | None:
    return next((row for row in rows if row.key is not None and row.key == ui.cursor), None)


def _move(name: str, ui: Ui, rows: list[Row], body: int) -> None:
    stops = [index for index, row in enumerate(rows) if row.key is not None]
    if not stops:
        return
    at = next((index for index in stops if rows[index].key == ui.cursor), None)
    if at is None:  # nothing selected yet: begin with the last row in sight
        seen = [index for index in stops if ui.top <= index < ui.top + body]
        target = seen[-1] if seen else stops[-1]
        target = {"home": stops[0], "end": stops[-1]}.get(name, target)
    else:
        step = {"up": -1, "down": 1, "page up": -body + 1, "page down": body - 1, "home": -len(rows), "end": len(rows)}[name]
        target = _stop(stops, at, step)
    ui.follow, ui.cursor = False, rows[target].key


def _stop(stops: list[int], at: int, step: int) -> int:
    """The row to stand on after so many rows; one step goes to the neighbour, however far away it is."""
    if abs(step) == 1:
        place = stops.index(at) + step
        return stops[min(max(place, 0), len(stops) - 1)]
    return min(stops, key=lambda index: abs(index - (at + step)))


def _fold(name: str, ui: Ui, rows: list[Row]) -> None:
    row = _selected(ui, rows)
    if row is None or row.key is None or row.open is None:
        return
    ui.opened[row.key] = not row.open if name == "toggle" else name == "right"

"""Keys → choices. Bytes of the keyboard become key names; a key changes what is selected, folded or filtered."""

import re

from .outline import Row, Ui

_NAMED = {
    b"\x1b[A": "up", b"\x1bOA": "up", b"k": "up", b"\x1b[B": "down", b"\x1bOB": "down", b"j": "down",
    b"\x1b[C": "right", b"\x1bOC": "right", b"l": "right", b"\x1b[D": "left", b"\x1bOD": "left", b"h": "left",
    b"\x1b[5~": "page up", b"\x1b[6~": "page down", b"\x02": "page up", b"\x06": "page down",
    b"\x1b[H": "home", b"\x1bOH": "home", b"\x1b[1~": "home", b"g": "home",
    b"\x1b[F": "end", b"\x1bOF": "end", b"\x1b[4~": "end", b"G": "end",
    b" ": "toggle", b"\r": "toggle", b"\n": "toggle", b"F": "follow", b"f": "follow", b"e": "errors", b"?": "help",
    b"q": "quit", b"Q": "quit", b"\x03": "quit", b"\x04": "quit", b"\x0c": "redraw", b"\x1b": "escape",
}  # fmt: skip
_KEY = re.compile(rb"\x1b(?:\[[0-9;?<]*[@-~]|O[@-~])?|[\x00-\x7f]", re.DOTALL)


def names(typed: bytes) -> list[str]:
    """The keys in what was typed; what has no meaning here is left out."""
    return [_NAMED[key] for key in _KEY.findall(typed) if key in _NAMED]


def press(name: str, ui: Ui, rows: list[Row], body: int) -> None:
    """Let one key do its work on the choices; `rows` and `body` (lines of the window) are those of the screen that was seen."""
    if ui.help:
        ui.help = False
        return
    match name:
        case "help":
            ui.help = True
        case "errors":
            ui.errors_only, ui.top = not ui.errors_only, 0
        case "follow" | "escape":
            ui.follow, ui.cursor = True, None
        case "toggle" | "left" | "right":
            _fold(name, ui, rows)
        case "up" | "down" | "page up" | "page down" | "home" | "end":
            _move(name, ui, rows, body)


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
    row = next((row for row in rows if row.key is not None and row.key == ui.cursor), None)
    if row is None or row.key is None or row.open is None:
        return
    ui.opened[row.key] = not row.open if name == "toggle" else name == "right"

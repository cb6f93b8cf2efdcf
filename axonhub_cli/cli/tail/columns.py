"""The columns of figures at the right edge: which there are at a width; lines with words at the left and figures at the right."""

from dataclasses import dataclass

from rich.text import Text

from . import figures
from .glyphs import DIM, GOOD, Glyphs
from .nodes import Request, Totals
from .wrap import cells_of, fit

# name, cells, the width of the screen from which it is shown
_COLUMNS = (("time", 5, 0), ("first", 5, 104), ("tok/s", 5, 112), ("in", 5, 0), ("cache", 5, 64), ("out", 5, 0), ("cost", 7, 56))


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are shown, by name and cells."""

    shown: tuple[tuple[str, int], ...]
    space: int = 1  # cells before each

    @property
    def cells(self) -> int:
        return sum(cells + self.space for _, cells in self.shown)

    @property
    def cells_of_sums(self) -> int:
        """Of those that a sum fills: it has no times."""
        return sum(cells + self.space for name, cells in self.shown if name not in _TIMES)

    def words(self, values: dict[str, str], style: str = "") -> Text:
        """Values under their columns, for the right edge of a line; it begins with the first value that there is."""
        line = Text(end="", no_wrap=True)
        for name, cells in self.shown:
            line.append(" " * self.space + values.get(name, "").rjust(cells), style or _STYLES.get(name, ""))
        return line[len(line.plain) - len(line.plain.lstrip()) :]

    def labels(self, rule: str, width: int) -> Text:
        """The line above the tree: a rule that carries the columns' names."""
        words = list(rule * width)
        end = width
        for name, cells in reversed(self.shown):
            start = end - len(name)
            words[start - 1 : end + 1] = f" {name} " if end < width else f" {name}"
            end -= cells + self.space
        line = Text(end="", no_wrap=True)
        line.append("".join(words), DIM)
        return line


_TIMES = ("time", "first", "tok/s")
_STYLES = {"first": DIM, "tok/s": DIM, "cost": GOOD}


def columns(width: int) -> Columns:
    """The columns for a screen that is so many cells wide."""
    shown = tuple((name, cells) for name, cells, least in _COLUMNS if width >= max(least, 40))
    return Columns(shown, 2 if width >= 120 else 1)


def request_values(request: Request, now: float) -> dict[str, str]:
    """The figures of one request; of a running one its age, and how much it has said by the usual four characters a token."""
    if request.running:
        said = request.stream.length // 4
        elapsed = max(now - request.started, 0.0) * 1000 if request.started else None
        return {
            "time": figures.duration(elapsed),
            "first": figures.duration(request.first_token),
            "tok/s": _about(figures.rate(said, elapsed, request.first_token)),
            "out": _about(figures.count(said or None)),
        }
    return {
        "time": figures.duration(request.duration),
        "first": figures.duration(request.first_token),
        "tok/s": figures.rate(request.output, request.duration, request.first_token),
        "in": figures.count(request.input),
        "cache": figures.percent(request.cached, request.input),
        "out": figures.count(request.output),
        "cost": figures.money(request.cost),
    }


def _about(number: str) -> str:
    return f"~{number}" if number else ""


def total_values(totals: Totals) -> dict[str, str]:
    """The figures of a sum."""
    return {
        "in": figures.count(totals.input),
        "cache": figures.percent(totals.cached, totals.input),
        "out": figures.count(totals.output),
        "cost": figures.money(totals.cost, totals.unpriced),
    }


def beside(left: Text, right: Text, width: int, glyphs: Glyphs) -> Text:
    """Words at the left, cut where they must be, and figures at the right edge."""
    room = width - cells_of(right.plain) - 1 if right else width
    if cells_of(left.plain) > room:
        left = _shorten(left, room, glyphs.cut)
    if right:
        left.append(" " * (width - cells_of(left.plain) - cells_of(right.plain)))
        left.append_text(right)
    return left


def _shorten(line: Text, cells: int, cut: str) -> Text:
    kept = fit(line.plain, max(cells, 0), cut)
    shorter = line[: len(kept) - len(cut)] if kept else Text(end="")
    shorter.append(cut[: cells if cells > 0 else 0])
    shorter.append(" " * max(cells - cells_of(shorter.plain), 0))
    return shorter


def put(line: Text, words: str, style: str = "", *, room: int | None = None, glyphs: Glyphs) -> int:
    """Append words that are harmless already, on one line, cut to the room, in the glyphs' alphabet; gives their cells."""
    words = " ".join(words.split("\n")).expandtabs(1)
    if glyphs.ascii:
        words = words.encode("ascii", "replace").decode("ascii")
    if room is not None:
        words = fit(words, room, glyphs.cut)
    line.append(words, style)
    return cells_of(words)

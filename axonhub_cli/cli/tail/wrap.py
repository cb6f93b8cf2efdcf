"""Lines of a given width in cells: foreign text may hold wide characters, which `textwrap` counts as one.

Most text is ASCII, where a character is a cell; that is worth a way of its own, for lines are measured many times a second.
"""

import re

from rich.cells import cell_len, set_cell_size

_NARROW = re.compile("[ -~…─│├└▾▸❯✓✗⊘·↷→┊▌●◉◐◓◑◒✻◆■✦○×↑↓]*")  # our own glyphs: a cell each


def cells_of(text: str) -> int:
    """How many cells a text takes."""
    return len(text) if text.isascii() or _NARROW.fullmatch(text) else cell_len(text)


def fit(text: str, cells: int, cut: str = "…") -> str:
    """The text in at most so many cells; what is cut is marked."""
    if len(text) <= cells and text.isascii():
        return text
    text = text[: cells + 1] if text.isascii() else text[: 4 * cells + 1]
    if cells_of(text) <= cells:
        return text
    return set_cell_size(text, cells - 1) + cut if cells > 1 else cut[:cells]


def wrap(text: str, cells: int, *, head: int = 0, tail: int = 0, cut: str = "…") -> list[str]:
    """The first (`head`) or last (`tail`) lines of a text, broken at words where that is possible; `cut` marks a missing end.

    Empty lines are left out.
    """
    paragraphs = [line for line in text.expandtabs(4).split("\n") if line.strip()]
    lines: list[str] = []
    for paragraph in paragraphs if head else reversed(paragraphs):
        broken = _break(paragraph.rstrip(), cells)
        lines = lines + broken if head else broken + lines
        if len(lines) > (head or tail):
            break
    if head and len(lines) > head:
        lines[head - 1] = set_cell_size(lines[head - 1], cells - 1).rstrip() + cut
    return lines[:head] if head else lines[-tail:]


def _break(text: str, cells: int) -> list[str]:
    return _break_ascii(text, cells) if text.isascii() else _break_wide(text, cells)


def _break_ascii(text: str, cells: int) -> list[str]:
    lines, at, end = [], 0, len(text)
    while end - at > cells:
        stop = at + cells
        if text[stop] != " " and (space := text.rfind(" ", at + cells // 2, stop)) > at:
            stop = space
        lines.append(text[at:stop].rstrip())
        at = stop
        while at < end and text[at] == " ":
            at += 1
    return [*lines, text[at:]] if at < end else lines


def _break_wide(text: str, cells: int) -> list[str]:
    lines = []
    while len(text) > 2 * cells + 1 or cell_len(text) > cells:
        line = set_cell_size(text[: cells + 1], cells).rstrip()
        space = line.rfind(" ", cells // 2)
        if space > 0 and not text[len(line) : len(line) + 1].isspace():
            line = line[:space]
        line = line or text[:1]
        lines.append(line.rstrip())
        text = text[len(line) :].lstrip()
    return [*lines, text] if text else lines

"""Lines of a given width in cells: foreign text may hold wide characters, which `textwrap` counts as one."""

from rich.cells import cell_len, set_cell_size


def fit(text: str, cells: int, cut: str = "…") -> str:
    """The text in at most so many cells; what is cut is marked."""
    text = text[: cells + 1] if text.isascii() else text[: 4 * cells + 1]
    if cell_len(text) <= cells:
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
    lines = []
    while cell_len(text) > cells:
        line = set_cell_size(text[: cells + 1], cells).rstrip()
        space = line.rfind(" ", cells // 2)
        if space > 0 and not text[len(line) : len(line) + 1].isspace():
            line = line[:space]
        line = line or text[:1]
        lines.append(line.rstrip())
        text = text[len(line) :].lstrip()
    return [*lines, text] if text else lines

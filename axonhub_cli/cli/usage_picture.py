"""The picture of `axonhub usage --png`: bars on white, twice as fine as a screen, drawn with Pillow (extra `plot`).

Pillow is the lightest that draws text well: it brings a font with it and needs nothing of the system.
"""

import io
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .output import clean
from .tail.figures import count, money, percent

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

Row = dict[str, Any]

_SCALE = 2
_WIDE, _ROW, _EDGE = 960, 34, 32  # points
_NAME, _SAID = 250, 230  # points for a name, and for the figures behind a bar
_INK, _SOFT, _BAR, _WELL = "#1d2127", "#6a727d", "#3f83d8", "#eef0f3"


def picture(title: str, rows: list[Row]) -> bytes:
    """A PNG: a bar for each row, its cost or, where nothing has a price, its tokens. Raises `UsageError` without Pillow."""
    try:
        from PIL import Image, ImageDraw
    except ImportError:
        raise UsageError(
            "A PNG needs Pillow, which is not installed.",
            hint="Add it: pip install 'axonhub-cli[plot]'. Or write a page, which needs nothing: --html FILE",
        ) from None
    size = (_WIDE * _SCALE, (2 * _EDGE + 48 + _ROW * max(1, len(rows))) * _SCALE)
    image = Image.new("RGB", size, "white")
    _draw(ImageDraw.Draw(image), title, rows)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _draw(draw: "ImageDraw", title: str, rows: list[Row]) -> None:
    _write(draw, _EDGE, _EDGE, title, 20, _INK)
    if not rows:
        _write(draw, _EDGE, _EDGE + 48, "Nothing was used in that time.", 14, _SOFT)
        return
    what = measure(rows)
    largest = max((row[what] or 0) for row in rows) or 1
    for index, row in enumerate(rows):
        _row(draw, _EDGE + 52 + index * _ROW, row, (row[what] or 0) / largest)


def measure(rows: list[Row]) -> str:
    """What the bars show: the cost, or the tokens where nothing has a price."""
    return "cost" if any(row["cost"] for row in rows) else "input_tokens"


def _row(draw: "ImageDraw", top: int, row: Row, share: float) -> None:
    left, room = _EDGE + _NAME, _WIDE - 2 * _EDGE - _NAME - _SAID
    _write(draw, _EDGE, top, _fitting(draw, clean(str(row["name"]), 80)), 14, _INK)
    _box(draw, left, top, room, _WELL)
    if share > 0:
        _box(draw, left, top, max(3, round(room * share)), _BAR)
    cached = percent(row["cached_tokens"], row["input_tokens"])
    figures = f"{count(row['input_tokens']) or '-'} in" + (f" ({cached} cached)" if cached else "")
    _write(draw, left + room + 14, top, money(row["cost"], row["unpriced"]) or "-", 14, _INK)
    _write(draw, left + room + 84, top + 1, figures, 12, _SOFT)


def _box(draw: "ImageDraw", left: int, top: int, wide: int, colour: str) -> None:
    box = [value * _SCALE for value in (left, top, left + wide, top + 18)]
    draw.rounded_rectangle(box, radius=4 * _SCALE, fill=colour)


def _write(draw: "ImageDraw", left: int, top: int, text: str, size: int, colour: str) -> None:
    draw.text((left * _SCALE, top * _SCALE), text, fill=colour, font=_font(size))


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size * _SCALE)


def _fitting(draw: "ImageDraw", text: str) -> str:
    """The text, or as much of it as there is room for."""
    font, room = _font(14), (_NAME - 16) * _SCALE
    while draw.textlength(text, font=font) > room and len(text) > 1:
        text = text[:-2].rstrip("…") + "…"
    return text

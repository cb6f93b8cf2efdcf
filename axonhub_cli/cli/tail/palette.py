"""Words of style → what the terminal is told, for a dark or a light background.

On a dark background the styles name the terminal's own sixteen colours, which follow its theme. On a light one, yellow, cyan and
green of many themes cannot be read on white, so darker ones of the 256 are taken where the terminal has them. Nothing is said by
colour alone. Lines are turned into escape sequences here and not by a rich Console, which takes ten times as long.
"""

import os
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

from rich.color import Color, ColorSystem
from rich.style import Style
from rich.text import Text

Theme = Literal["dark", "light"]

_LIGHT = {"green": 28, "yellow": 130, "cyan": 30, "magenta": 90, "blue": 25, "red": 124}
_PALE = ("yellow", "cyan", "green")  # where there are only sixteen colours they are left out: words and marks say the same
_REPLY = re.compile(rb"\x1b\]11;rgb:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})(?:\x07|\x1b\\)")


class Palette:
    """The styles of one theme on one kind of terminal. `colors`: None where there are none."""

    def __init__(self, theme: Theme = "dark", colors: ColorSystem | None = ColorSystem.STANDARD) -> None:
        self.theme = theme
        self._colors = colors
        self._codes: dict[str, str] = {}

    def of(self, theme: Theme) -> "Palette":
        """The same for another theme."""
        return self if theme == self.theme else Palette(theme, self._colors)

    def ansi(self, line: Text) -> str:
        """A line with its styles as escape sequences; every style is ended in it."""
        plain, spans = line.plain, [span for span in line.spans if span.style]
        cuts = sorted({0, len(plain), *(span.start for span in spans), *(span.end for span in spans)})
        pieces = []
        for start, end in pairwise(cuts):
            styles = [str(span.style) for span in spans if span.start <= start and span.end >= end]
            code = self._code(" ".join(styles)) if styles else ""
            pieces.append(f"\x1b[{code}m{plain[start:end]}\x1b[0m" if code else plain[start:end])
        return "".join(pieces)

    def _code(self, style: str) -> str:
        code = self._codes.get(style)
        if code is None:
            code = self._codes[style] = self._made(Style.parse(style))
        return code

    def _made(self, style: Style) -> str:
        name = style.color.name if style.color is not None and self.theme == "light" else ""
        if name in _LIGHT and self._colors not in (None, ColorSystem.STANDARD):
            style += Style(color=Color.from_ansi(_LIGHT[name]))
        elif name in _PALE:
            style = style.without_color
        if self._colors is None:
            style = style.without_color
        shown = style.render("x", color_system=self._colors or ColorSystem.STANDARD)
        return shown[2 : shown.index("m")] if shown.startswith("\x1b[") else ""


def colors(environ: Mapping[str, str] = os.environ) -> ColorSystem | None:
    """What the terminal can show, by its own word; None when nobody wants colours."""
    if environ.get("NO_COLOR"):
        return None
    term = environ.get("TERM", "")
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or "256" in term or "kitty" in term or "direct" in term:
        return ColorSystem.EIGHT_BIT
    return ColorSystem.STANDARD


def guess(environ: Mapping[str, str] = os.environ) -> Theme:
    """Dark, unless COLORFGBG (`0;15`: foreground, background) says otherwise."""
    background = environ.get("COLORFGBG", "").rpartition(";")[2]
    return "light" if background in ("7", "15") else "dark"


def replied(typed: bytes) -> Theme | None:
    """The theme in a terminal's answer to the question for its background (OSC 11), if there is one among what was typed."""
    found = _REPLY.search(typed)
    if found is None:
        return None
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in found.groups())
    return "light" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5 else "dark"

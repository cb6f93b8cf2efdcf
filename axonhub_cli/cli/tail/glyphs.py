"""What everything is drawn with: the characters, in a Unicode and an ASCII set, and the words of style.

Styles name the terminal's own sixteen colours and attributes, so that they follow its theme, light or dark; nothing is said by
colour alone.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

BOLD, DIM, GOOD, BAD, WARN = "bold", "dim", "green", "red", "yellow"
CHANNEL, THINKING, TOOL, AGENT, ACCENT = "blue", "dim italic", "cyan", "magenta", "bold cyan"
BADGE, HIT = "bold reverse yellow", "reverse"


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of characters; each is one cell wide, but for the guides (three cells)."""

    tee: str = "├─ "
    corner: str = "└─ "
    bar: str = "│  "
    gap: str = "   "
    open: str = "▾"
    shut: str = "▸"
    prompt: str = "❯"
    ok: str = "✓"
    error: str = "✗"
    cancelled: str = "⊘"
    interrupted: str = "!"
    side: str = "·"
    retry: str = "↷"
    arrow: str = "→"
    cut: str = "…"
    rule: str = "─"
    dot: str = "·"
    stream: str = "┊"
    cursor: str = "▌"
    mark: str = "●"
    both: str = "◉"  # the cursor on a mark
    miss: str = "○"
    arrows: str = "↑↓"
    spin: str = "◐◓◑◒"
    ascii: bool = False

    def client(self, name: str | None) -> tuple[str, str]:
        """A client's mark and its style."""
        mark, style = _CLIENTS.get(name or "", ("○", "cyan"))
        return ("*" if self.ascii else mark, style)

    def outcome(self, outcome: str, beat: int) -> tuple[str, str]:
        """The mark of an outcome and its style; `beat` turns the wheel of what is running."""
        return {
            "running": (self.spin[beat % len(self.spin)], "cyan"),
            "ok": (self.ok, GOOD),
            "cancelled": (self.cancelled, WARN),
            "interrupted": (self.interrupted, BAD),
        }.get(outcome, (self.error, BAD))


_CLIENTS = {"claude-code": ("✻", "yellow"), "codex": ("◆", "cyan"), "opencode": ("■", "magenta"), "gemini-cli": ("✦", "blue")}

UNICODE = Glyphs()
ASCII = Glyphs(
    tee="|- ", corner="`- ", bar="|  ", open="v", shut=">", prompt=">", ok="+", error="x", cancelled="-", side=".", retry="~",
    arrow=">", cut="~", rule="-", dot="-", stream=":", cursor="#", mark="*", both="@", miss="o",
    arrows="jk", spin="|/-\\", ascii=True,
)  # fmt: skip


def choose(encoding: str | None, environ: Mapping[str, str] = os.environ) -> Glyphs:
    """The set that the terminal can show: ASCII in the C locale or with an encoding that is not UTF-8.

    Python itself turns the C locale into `C.UTF-8` by setting LC_CTYPE, so that value does not count as the user's word.
    """
    if not (encoding or "").lower().replace("-", "").startswith("utf"):
        return ASCII
    ctype = environ.get("LC_CTYPE", "")
    locale = environ.get("LC_ALL") or ("" if ctype == "C.UTF-8" else ctype) or environ.get("LANG") or ""
    return ASCII if locale in ("C", "POSIX") else UNICODE

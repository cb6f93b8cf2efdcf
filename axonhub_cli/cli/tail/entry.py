"""The line in which a filter or a search is typed: editing, history, and where it goes wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field

_LONGEST = 500  # characters of a line
_KEPT = 50  # lines of history

# Gives a message and the place it is about when a text cannot be used, else None.
Check = Callable[[str], tuple[str, int] | None]


@dataclass(slots=True)
class Entry:
    """One line that is being typed. `at` is the cursor, `label` what it is for; `history` the earlier ones, oldest first."""

    label: str
    text: str = ""
    history: list[str] = field(default_factory=list)
    check: Check = lambda text: None
    at: int = 0
    error: tuple[str, int] | None = None
    _back: int = 0  # how far back in the history it is
    _draft: str = ""  # what was typed before going back

    def __post_init__(self) -> None:
        self.at = len(self.text)

    def press(self, key: str) -> bool | None:
        """Let a key do its work. True: the line is done and good; False: given up; None: it goes on."""
        match key:
            case "enter":
                return self._done()
            case "escape" | "ctrl-c":
                return False
            case "backspace" if not self.text:
                return False
            case "up" | "down":
                self._recall(1 if key == "up" else -1)
            case _:
                self._edit(key)
        self.error = self.check(self.text) if self.error else None
        return None

    def _done(self) -> bool | None:
        self.error = self.check(self.text)
        if self.error:
            return None
        if self.text.strip():
            self.history[:] = [*(text for text in self.history if text != self.text), self.text][-_KEPT:]
        return True

    def _edit(self, key: str) -> None:
        before, after = self.text[: self.at], self.text[self.at :]
        match key:
            case "left" | "right":
                self.at = min(max(self.at + (1 if key == "right" else -1), 0), len(self.text))
            case "home" | "ctrl-a" | "end" | "ctrl-e":
                self.at = 0 if key in ("home", "ctrl-a") else len(self.text)
            case "backspace":
                self._set(before[:-1], after)
            case "delete":
                self._set(before, after[1:])
            case "ctrl-u" | "ctrl-k":
                self._set("" if key == "ctrl-u" else before, after if key == "ctrl-u" else "")
            case "ctrl-w":
                words = before.rstrip()
                self._set(words[: words.rfind(" ") + 1], after)
            case _ if len(key) == 1 or key.startswith("paste:"):
                self._set(before + " ".join(key.removeprefix("paste:").split("\n")), after)

    def _set(self, before: str, after: str) -> None:
        shown = "".join(character for character in before if character.isprintable())[:_LONGEST]
        self.text, self.at = (shown + after)[:_LONGEST], len(shown)

    def _recall(self, step: int) -> None:
        back = min(max(self._back + step, 0), len(self.history))
        if self._back == 0:
            self._draft = self.text
        self._back = back
        self.text = self.history[-back] if back else self._draft
        self.at = len(self.text)

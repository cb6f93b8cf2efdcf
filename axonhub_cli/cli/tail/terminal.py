"""The real terminal: its modes, its signals, and the writing of what changed.

The screen is the alternate buffer without line wrap, so that a line which the terminal finds wider than we do is cut at the edge
and cannot push the next one down. Every line is placed by its number and cleared before it is written. Signals and the reader
only wake the loop; Ctrl-Z alone is obeyed at once, for the shell takes the terminal at once. In the background nothing is
written, read or set. Whatever way the program leaves, the terminal is as it was.
"""

import os
import select
import signal
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rich.text import Text

from .palette import Palette, Theme, colors, guess, replied

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[2J"  # the other buffer, no cursor, no line wrap, pastes marked
_LEAVE = "\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l"
_ASK = "\x1b]11;?\x07"  # which colour is your background?
_ANSWER = 0.1  # s that an answer may take; it must not reach the shell
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"  # synchronised output: the terminal shows the frame as a whole
_QUIT = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")


class Terminal:
    """One terminal, entered with `with`. `caught` holds the names of signals that came and were not dealt with."""

    def __init__(self, theme: Theme | None = None) -> None:
        self.palette = Palette(theme or guess(), colors())
        self.caught: set[str] = set()
        self._out = sys.stdout.fileno()
        self._encoding = sys.stdout.encoding or "utf-8"
        self._in: int | None = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        os.set_blocking(self._woken, False)
        self._ask = theme is None and self._in is not None and os.environ.get("TERM") != "linux"
        self._asked: float | None = None  # when the background was asked for, until it is told
        self._shown: list[Text | None] = []
        self._modes: Any = None
        self._inside = False
        self._writing = False
        self._stop_asked = False  # Ctrl-Z came in the middle of a write
        self._handlers: dict[int, object] = {}

    @property
    def keys(self) -> bool:
        """Whether there is a keyboard to listen to."""
        return self._in is not None

    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        try:
            columns, lines = os.get_terminal_size(self._out)
        except OSError:
            columns, lines = 0, 0
        return columns or 80, lines or 24

    @contextmanager
    def entered(self) -> Iterator["Terminal"]:
        """The terminal as the screen needs it, and as it was afterwards."""
        sys.stdout.flush()
        try:
            self._catch()
            yield self
        finally:
            self._leave()
            self._release()
            os.close(self._woken)
            os.close(self._waker)

    def wake(self) -> None:
        """End a `wait` that is going on, or the next one. Any thread may call it, and a signal handler too."""
        try:
            os.write(self._waker, b".")
        except OSError:
            pass  # full: it is awake already; closed: nobody waits any more

    def wait(self, seconds: float | None, *, wakeable: bool = True) -> bytes:
        """Sleep until a key, a signal, `wake` or the time is up; gives what was typed. Not `wakeable`: `wake` has to wait."""
        keyboard = self._in if self._inside else None
        watched = [fd for fd in (keyboard, self._woken if wakeable else None) if fd is not None]
        if self.caught:
            seconds = 0.0
        ready, _, _ = select.select(watched, [], [], seconds)
        if self._woken in ready:
            self._drain()
        return self._typed(keyboard) if keyboard is not None and keyboard in ready else b""

    def _drain(self) -> None:
        try:
            while len(os.read(self._woken, 4096)) == 4096:
                pass
        except BlockingIOError:
            pass  # somebody else's read took it; awake is awake

    def _typed(self, keyboard: int) -> bytes:
        try:
            typed = os.read(keyboard, 1024)
        except OSError:
            typed = b""
        if not typed:  # hung up: without this the loop would turn for ever
            self._in = None
            self.caught.add("SIGHUP")
        theme = replied(typed)
        if theme is not None:
            self._asked = None
            self.palette = self.palette.of(theme)
            self._shown = []
        return typed

    def draw(self, lines: list[Text]) -> None:
        """Show these lines; only those that differ from what is there are written, in one go."""
        if len(self._shown) != len(lines):
            self._shown = [None] * len(lines)
        changed = [(number, line) for number, line in enumerate(lines) if line != self._shown[number]]
        if not changed:
            return
        # Cleared first: after a full line the cursor still stands on its last cell, and clearing then would eat it.
        pieces = [f"\x1b[{number + 1};1H\x1b[K{self.palette.ansi(line)}" for number, line in changed]
        self._write(_BEGIN + "".join(pieces) + _END)
        self._shown = list(lines)

    def forget(self) -> None:
        """Draw everything the next time: the screen was cleared, resized or written over by others."""
        self._shown = []
        self._write("\x1b[2J")

    def ready(self) -> bool:
        """Whether the terminal is ours to draw on: in the foreground, and entered (again, after Ctrl-Z and `fg`)."""
        if not self._foreground():
            return False
        if not self._inside:
            self._enter()
        return True

    def _foreground(self) -> bool:
        try:
            return os.tcgetpgrp(self._out) == os.getpgrp()
        except OSError:
            return True  # not our session's terminal: nobody else claims it

    def _suspend(self) -> None:
        """Give the terminal back and stop; what follows happens when the shell says so."""
        self._leave()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._on_signal)

    def _write(self, words: str) -> None:
        rest = words.encode(self._encoding, "replace")
        self._writing = True
        while rest:
            rest = rest[os.write(self._out, rest) :]
        self._writing = False
        if self._stop_asked:
            self._stop_asked = False
            self._suspend()

    def _enter(self) -> None:
        if self._in is not None:
            self._modes = termios.tcgetattr(self._in)
            modes = termios.tcgetattr(self._in)
            modes[3] &= ~(termios.ECHO | termios.ICANON)
            modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
            termios.tcsetattr(self._in, termios.TCSANOW, modes)
        self._shown, self._inside = [], True
        self._write(_ENTER + (_ASK if self._ask else ""))
        if self._ask:
            self._ask, self._asked = False, time.monotonic()

    def _leave(self) -> None:
        if not self._inside:
            return
        self._inside = False
        if self._asked is not None and self._in is not None and time.monotonic() - self._asked < 10 * _ANSWER:
            select.select([self._in], [], [], _ANSWER)
            termios.tcflush(self._in, termios.TCIFLUSH)
        try:
            self._write(_LEAVE)
        except OSError:
            pass  # the terminal is gone; its modes may still be put back
        if self._in is not None and self._modes is not None and self._foreground():
            try:
                termios.tcsetattr(self._in, termios.TCSANOW, self._modes)
            except (OSError, termios.error):
                pass  # gone with its modes

    def _catch(self) -> None:
        for name in (*_QUIT, "SIGTSTP", "SIGCONT", "SIGWINCH"):
            number = getattr(signal, name)
            self._handlers[number] = signal.signal(number, self._on_signal)

    def _release(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal gave is what it takes

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGTSTP:
            self._stop_asked = self._writing
            if not self._writing:
                self._suspend()
        self.caught.add(signal.Signals(number).name)
        self.wake()

    def asked_to_quit(self) -> bool:
        """Whether a signal asked the program to end."""
        return any(name in self.caught for name in _QUIT)

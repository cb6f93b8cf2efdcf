"""The thin part. Events come in on a thread of their own and are folded at once; the screen is drawn when something changed, at
most ten times a second, and less often where a frame takes long, so that drawing never takes more than a small part of a core. In
between everything sleeps.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from ...trace.filter import Filter
from . import commands
from .detail import Archive
from .frame import Composer, Frame
from .glyphs import Glyphs, choose
from .keyboard import Keyboard
from .model import Tree
from .palette import Theme
from .plain import Lines, json_line, summary
from .sieve import Sieve
from .ui import Ui

_FRAME = 0.1  # s between two frames at least
_BEAT = 0.5  # s between two frames while something runs and says nothing
_AWAY = 1.0  # s between two looks whether we are in the foreground again
_CALM = 15.0  # s between two frames when only ages change
_SHARE = 0.03  # of a core that drawing may take
_SLOWEST = 1.0  # s between two frames at most, however slow the machine


def follow(
    events: Iterator[dict[str, Any]],
    *,
    json: bool = False,
    banner: bool = True,
    fits: Filter | None = None,
    theme: Theme | None = None,
    archive: Archive | None = None,
) -> int:
    """See `axonhub_cli.cli.tail.follow`."""
    _tolerate(sys.stdout)
    glyphs = choose(getattr(sys.stdout, "encoding", None))
    try:
        if json or not _screen():
            return _print(events, Lines(glyphs, banner=banner, sieve=Sieve(fits)), json=json)
        return Screen(events, glyphs, banner=banner, ui=Ui(filter=fits), theme=theme, archive=archive).run()
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:
        _abandon_stdout()
        return 0


def _screen() -> bool:
    """Whether stdout is a terminal that can show a screen, on a system whose terminals we know."""
    if not sys.stdout.isatty() or os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        return False
    return sys.platform != "win32"


def _tolerate(stream: Any) -> None:
    """What the encoding cannot say becomes a question mark, never an error."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")


def _abandon_stdout() -> None:
    """Nobody reads any more: let the interpreter's last flush go nowhere instead of failing."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        pass  # not a real file: nothing to flush
    finally:
        os.close(nowhere)


def _print(events: Iterator[dict[str, Any]], lines: Lines, *, json: bool) -> int:
    for event in events:
        said = list(lines.feed(event)) if lines.sieve.active or not json else []
        line = json_line(event) if json and lines.fits(event) else None
        for text in [line] if line else () if json else said:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
    return 0


class Screen:
    """The tree in a terminal, from the first event until the user or the server ends it."""

    def __init__(
        self,
        events: Iterator[dict[str, Any]],
        glyphs: Glyphs,
        *,
        banner: bool,
        ui: Ui,
        theme: Theme | None,
        archive: Archive | None,
    ) -> None:
        from .terminal import Terminal

        self._events = events
        self._glyphs = glyphs
        self._banner = banner
        self._tree = Tree()
        self._ui = ui
        self._keyboard = Keyboard()
        self._archive = archive or commands.Nothing()
        self._lock = threading.Lock()  # the tree is folded by the reader and read by the screen
        self._changed = threading.Event()
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        self._terminal = Terminal(theme)
        self._frame = Frame([])
        self._quit = False

    def run(self) -> int:
        """Show the screen until the end, then leave the summary in the normal buffer."""
        with self._terminal.entered():
            threading.Thread(target=self._read, name="axonhub-tail-reader", daemon=True).start()
            self._loop()
        if self._error is not None:
            raise self._error
        with self._lock:
            lines = summary(self._tree, self._glyphs, stopped=self._stopped.is_set(), width=self._terminal.size()[0])
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
        return 0

    def _read(self) -> None:
        """The reader's thread: fold each event; wake the screen only when it has drawn what was there before."""
        try:
            for event in self._events:
                with self._lock:
                    changed = self._tree.apply(event)
                if changed and not self._changed.is_set():
                    self._changed.set()
                    self._terminal.wake()
        except OSError:
            pass  # the connection broke: that is the server's end
        except BaseException as error:  # noqa: BLE001  # raised again by `run`, in the thread that can report it
            self._error = error
        finally:
            self._stopped.set()
            self._terminal.wake()

    def _loop(self) -> None:
        """Draw, then sleep: before the next frame is due only keys wake, after it news do too."""
        while not self._quit:
            self._changed.clear()
            begun = time.thread_time()
            pause = self._draw()
            rest = min(max(_FRAME, (time.thread_time() - begun) / _SHARE), _SLOWEST)
            due = time.monotonic() + rest
            self._keys(self._terminal.wait(rest, wakeable=False))
            if self._quit or self._stopped.is_set():
                break
            left = due - time.monotonic()
            if left <= 0 and not self._changed.is_set():
                self._keys(self._terminal.wait(max(pause - rest, 0.0)))
            self._quit = self._quit or self._stopped.is_set()

    def _draw(self) -> float:
        """Draw one frame; gives the seconds after which the next one is due even when nothing happens."""
        if not self._terminal.ready():
            return _AWAY
        columns, lines = self._terminal.size()
        now = time.time()
        with self._lock:
            commands.update_detail(self._tree, self._ui, self._archive, columns, now)
            self._frame = Composer(
                self._tree, self._ui, columns, lines, now, self._glyphs, banner=self._banner, keys=self._terminal.keys
            ).frame()
            running = self._tree.totals.running > 0
        self._terminal.draw(self._frame.lines)
        return _BEAT if running or self._ui.detail is not None else _CALM

    def _keys(self, typed: bytes) -> None:
        self._signals()
        for key in self._keyboard.feed(typed):
            with self._lock:
                wish = commands.press(key, self._tree, self._ui, self._frame, time.time())
            self._quit = self._quit or wish == "quit"
            if wish == "redraw":
                self._terminal.forget()

    def _signals(self) -> None:
        if self._terminal.asked_to_quit():
            self._quit = True
        elif "SIGWINCH" in self._terminal.caught:
            self._terminal.forget()
        self._terminal.caught.clear()

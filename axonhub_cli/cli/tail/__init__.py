"""The live tree: what the server's feed says, as a picture in the terminal, as plain lines, or as JSON lines.

    facts.py      the gate: every foreign value enters here, typed, capped and harmless
    stream.py     the tail of one request's output
    nodes.py      the tree's nodes: trace, branch (turn, sub-agent), request, attempt; their totals
    model.py      folds events into the tree
    sieve.py      what the filter lets through
    find.py       searching the tree
    glyphs.py     the characters and the words of style that everything is drawn with
    palette.py    words of style → escape sequences, for dark and light backgrounds
    figures.py    numbers as short words
    ui.py         what the user chose
    outline.py    tree → rows: what is shown, in which order, folded or not
    paint.py      row → line of text in a given width
    detail.py     one node in full
    frame.py      header, window of rows, footer → the lines of one screen; views.py: what stands around the tree
    keyboard.py   bytes → keys
    entry.py      the line in which filters and searches are typed
    controls.py   keys → choices; commands.py: those that need the tree or the store
    terminal.py   the real terminal: modes, signals, writing what changed
    plain.py      one line an event; the summary at the end
    driver.py     reads events in a thread, draws at most ten times a second

Everything but `commands`, `terminal` and `driver` is pure: no clock, no terminal. rich is imported by these modules and not here,
so that a command which only mentions `follow` does not pay for it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ...trace.filter import Filter
    from .detail import Archive

__all__ = ["follow"]


def follow(
    events: Iterator[dict[str, Any]],
    *,
    json: bool = False,
    banner: bool = True,
    fits: "Filter | None" = None,
    theme: Literal["dark", "light"] | None = None,
    archive: "Archive | None" = None,
) -> int:
    """Show feed events until they end or the user has seen enough; gives the exit code.

    In a terminal this is the full-screen tree; elsewhere one line for each significant event, and with `json` every event as one
    JSON line. `banner`: say first who is speaking. `fits`: show only what this filter lets through; an event is shown when its
    request fits at that moment. `theme`: of the terminal's background, None to find out. `archive`: where the detail view reads
    what was said. An error of `events` is raised here, once the terminal is itself again; an OSError is the server's end.
    """
    from . import driver

    return driver.follow(events, json=json, banner=banner, fits=fits, theme=theme, archive=archive)

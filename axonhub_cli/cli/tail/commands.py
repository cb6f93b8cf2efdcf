"""Commands that need the tree or the store: searching, going to marks, opening details, exporting."""

from pathlib import Path
from typing import Any

from ...errors import AxonHubError
from . import controls, find
from .detail import Row
from .figures import plural
from .frame import Frame
from .model import Tree
from .nodes import Branch, Request, Trace
from .ui import Ui


class Nothing:
    """An archive without traces."""

    def trace(self, name: str) -> "tuple[Row, dict[str, list[Any]]] | None":
        return None


class Stored:
    """The trace store as an archive. What cannot be read is not there."""

    def trace(self, name: str) -> "tuple[Row, dict[str, list[Any]]] | None":
        from .. import trace_show
        from ..trace import open_reader

        try:
            with open_reader() as traces:
                found = traces.trace(name)
                return (found, trace_show.said(found, traces)) if found else None
        except AxonHubError:
            return None


def press(key: str, tree: Tree, ui: Ui, frame: Frame, now: float) -> str:
    """Let one key do its work; gives what is left for the driver: `quit`, `redraw` or nothing."""
    controls.press(key, ui, frame.rows, frame.body)
    wish, ui.wish = ui.wish, ()
    match wish:
        case ("find", step):
            _find(tree, ui, int(step), now)
        case ("next mark",):
            _next_mark(tree, ui, now)
        case ("export", form):
            _export(tree, ui, form)
        case (name,):
            return name
    return ""


def update_detail(tree: Tree, ui: Ui, archive: Any, width: int, now: float) -> None:
    """Bring the detail view up to date; shut it when its node is forgotten."""
    if ui.detail is None:
        return
    found = find.node(tree, ui.detail.key)
    if found is None:
        ui.detail, ui.notice = None, ("That request is too long ago to be shown here: axonhub trace show has it.", True)
        return
    ui.detail.update(*found, archive, width, now)


def _find(tree: Tree, ui: Ui, step: int, now: float) -> None:
    if ui.detail is not None:
        found = ui.detail.search(ui.find, step)
    else:
        all_places = list(find.places(tree, ui.sieve, now))
        hits = [place for place in all_places if find.matching(place.text, ui.find)]
        found = _go(ui, find.following(hits, ui.cursor, [place.key for place in all_places], step))
        if found:
            ui.notice = (f"{plural(len(hits), 'hit')} for {ui.find!r}; n and N go on, esc ends it.", False)
    if not found:
        ui.notice = (f"Nothing here says {ui.find!r}.", True)


def _next_mark(tree: Tree, ui: Ui, now: float) -> None:
    all_places = list(find.places(tree, ui.sieve, now))
    marked = [place for place in all_places if place.key in ui.marked]
    if not _go(ui, find.following(marked, ui.cursor, [place.key for place in all_places], 1)):
        ui.notice = ("Nothing is marked; m marks.", True)


def _go(ui: Ui, place: "find.Place | None") -> bool:
    if place is None:
        return False
    ui.opened.update(dict.fromkeys(place.above, True))
    ui.cursor, ui.follow = place.key, False
    return True


def _export(tree: Tree, ui: Ui, form: str) -> None:
    """Write what is marked, or what is selected or open, each trace into a file of its own."""
    front = ui.detail.key if ui.detail is not None else ui.cursor
    wanted: dict[str, set[str] | None] = {}
    for key in list(ui.marked) or ([front] if front is not None else []):
        found = find.node(tree, key)
        if found is not None:
            _want(wanted, *found)
    try:
        written = [path for trace, requests in wanted.items() for path in _written(form, trace, requests)]
    except (AxonHubError, OSError) as error:
        ui.notice = (str(error), True)
        return
    ui.notice = (f"Wrote {', '.join(path.name for path in written)}", False) if written else ("There is nothing to export.", True)


def _want(wanted: dict[str, set[str] | None], trace: Trace, node: "Trace | Branch | Request") -> None:
    """Add a node to what is wanted of its trace; None is all of it."""
    if isinstance(node, Trace):
        wanted[trace.id] = None
    elif (known := wanted.setdefault(trace.id, set())) is not None:
        known.update(_ids(node))


def _ids(node: "Branch | Request") -> set[str]:
    return {node.id} if isinstance(node, Request) else set().union(*(_ids(child) for child in node.children))


def _written(form: str, trace: str, requests: set[str] | None) -> list[Path]:
    from .. import trace_export

    if form != "curl":
        return [trace_export.write(form, trace, requests, Path())]
    if requests is None:
        raise AxonHubError("curl is about one request.", hint="Select or mark requests, not a trace.")
    return [trace_export.write(form, name, {name}, Path()) for name in sorted(requests)]

"""The items of a stream that is being read: which event means which item, and what has been said of it so far.

Upstreams leave out or shift `item_id`, `output_index`, `content_index` and whole events. So an event finds its item by id, else
by index, else it means the last open item of its kind; ids that clearly say otherwise are believed, unless only one item is
open.
"""

from typing import Any

from .fields import number, text_or_none


class Piece:
    """One neutral part in the making. `index` is None until it has started; `key` is its content or summary index."""

    __slots__ = ("_text", "announced", "ended", "extras", "index", "key", "kind")

    def __init__(self, kind: str, key: int | None = None, *, announced: bool = False) -> None:
        self.kind, self.key, self.announced = kind, key, announced
        self.index: int | None = None
        self.ended = False
        self.extras: dict[str, int] = {}  # list name: how many of its entries have gone out
        self._text: list[str] = []

    def add(self, delta: str) -> None:
        self._text.append(delta)

    @property
    def text(self) -> str:
        """Everything so far."""
        if len(self._text) > 1:
            self._text = ["".join(self._text)]
        return self._text[0] if self._text else ""

    @property
    def empty(self) -> bool:
        return not self._text

    def missing(self, whole: str) -> str:
        """What a whole text adds to the deltas; nothing when it contradicts them or is empty: what was streamed stands."""
        have = self.text
        return whole[len(have) :] if whole.startswith(have) else ""


class Item:
    """One output item. `raw` is it as announced; `done` means that nothing more of it is believed."""

    __slots__ = ("call_id", "done", "id", "index", "kind", "paragraph", "pieces", "raw")

    def __init__(self, kind: str, raw: dict[str, Any], index: int | None) -> None:
        self.kind, self.raw, self.index = kind, raw, index
        self.id = text_or_none(raw, "id")
        self.call_id = text_or_none(raw, "call_id")
        self.pieces: list[Piece] = []
        self.done = False
        self.paragraph = False  # reasoning: the next text begins a new paragraph

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


class Items:
    """All items so far, in the order in which they came up."""

    def __init__(self) -> None:
        self.all: list[Item] = []
        self._by_id: dict[str, Item] = {}
        self._by_index: dict[int, Item] = {}

    def new(self, kind: str, raw: dict[str, Any], index: int | None) -> Item:
        item = Item(kind, raw, index)
        self.all.append(item)
        if item.id is not None:
            self._by_id[item.id] = item
        if index is not None:
            self._by_index[index] = item
        return item

    def implied(self, kind: str, fields: dict[str, Any]) -> Item:
        """The item of an event that nothing announced."""
        item_id = text_or_none(fields, "item_id")
        return self.new(kind, {"id": item_id} if item_id else {}, number(fields, "output_index"))

    def known(self, raw: dict[str, Any], kind: str) -> Item | None:
        """The item that has this id or call id."""
        found = self._by_id.get(text_or_none(raw, "id") or "")
        call_id = text_or_none(raw, "call_id")
        if found is None and call_id is not None:
            found = next((item for item in self.all if item.call_id == call_id), None)
        return found if found is not None and found.kind == kind else None

    def of_event(self, fields: dict[str, Any], kind: str) -> Item | None:
        """The open item that a delta means."""
        item_id, index = text_or_none(fields, "item_id"), number(fields, "output_index")
        for found in (self._by_id.get(item_id or ""), self._at(index)):
            if found is not None and found.kind == kind and not found.done:
                return found
        return self._last(kind, item_id, index)

    def of_done(self, raw: dict[str, Any], kind: str, index: int | None, whole: str) -> Item | None:
        """The item that a finished one completes. `whole` is its text: without an id or index, what was streamed must fit it."""
        found = self.known(raw, kind)
        if found is not None:
            return found if not found.done or index is None or found.index in (None, index) else None
        at = self._at(index)
        if at is None or at.kind != kind or at.done:
            at = self._last(kind, text_or_none(raw, "id"), index)
            if at is None or (whole and not whole.startswith(at.text)):
                return None
        call_id = text_or_none(raw, "call_id")
        return None if call_id and at.call_id and call_id != at.call_id else at

    def _at(self, index: int | None) -> Item | None:
        return None if index is None else self._by_index.get(index)

    def _last(self, kind: str, item_id: str | None, index: int | None) -> Item | None:
        waiting = [item for item in self.all if not item.done]
        for item in reversed(waiting):
            if item.kind == kind:
                other_id = item_id is not None and item.id is not None and item_id != item.id
                other_index = index is not None and item.index is not None and index != item.index
                return None if other_id and other_index and len(waiting) > 1 else item
        return None

"""The text of a stream that is being read: message items and their content parts."""

from typing import Any

from ...types.events import Event, OpaqueDelta, PartEnd, PartStart, Start, TextDelta
from ...types.messages import Part, Refusal, Text
from ..raw import unknown
from .content import NAME
from .fields import mapping, number, objects, text
from .stream_items import Item, Items, Piece

TEXTS = {"output_text": "text", "refusal": "refusal"}  # content type: the key of its text
_ABOUT_KNOWN = frozenset({"type", "role", "content", "status"})
_LISTS = ("annotations", "logprobs")


class Sink:
    """Where readers of items put events: counts parts, and sees to it that `Start` comes first."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.started = False
        self.text_last = False  # the last part was text: another item's text must say that a new item begins
        self._parts = 0

    def begin(self, response: dict[str, Any]) -> None:
        if not self.started:
            self.started = True
            self.events.append(Start(id=text(response, "id"), model=text(response, "model")))

    def part(self, part: Part) -> int:
        """Starts a part; gives its index."""
        self.begin({})
        index, self._parts = self._parts, self._parts + 1
        self.text_last = isinstance(part, Text | Refusal)
        self.events.append(PartStart(index, part))
        return index

    def end(self, piece: Piece) -> None:
        if piece.index is not None and not piece.ended:
            self.events.append(PartEnd(piece.index))
        piece.ended = True

    def take(self) -> list[Event]:
        events, self.events = self.events, []
        return events


class Messages:
    """Message items. Each later telling of a text adds what the earlier ones left out."""

    def __init__(self, sink: Sink, items: Items) -> None:
        self._sink, self._items = sink, items
        self.refused = False
        self._last: tuple[Any, Any, str, Piece] | None = None  # where the last delta went: the next one mostly goes there too

    def delta(self, fields: dict[str, Any], kind: str) -> None:
        words = fields.get("delta")
        if isinstance(words, str) and words:
            item_id, key, last = fields.get("item_id"), fields.get("content_index"), self._last
            if last is None or item_id != last[0] or key != last[1] or kind != last[2] or last[3].ended:
                last = (item_id, key, kind, self._piece(fields, kind))
                self._last = last if isinstance(item_id, str) and item_id else None
            self._say(last[3], words)

    def added(self, fields: dict[str, Any], kind: str) -> None:
        """`content_part.added`."""
        self._new(self._item(fields), kind, number(fields, "content_index"), announced=True)

    def text_done(self, fields: dict[str, Any], kind: str) -> None:
        """`output_text.done`, `refusal.done`: the whole text."""
        piece = self._told(fields, kind)
        if piece is not None:
            self._say(piece, piece.missing(text(fields, TEXTS[kind])))

    def part_done(self, fields: dict[str, Any], kind: str) -> None:
        """`content_part.done`: the whole part."""
        piece = self._told(fields, kind)
        if piece is not None:
            part = mapping(fields, "part")
            self._say(piece, piece.missing(text(part, TEXTS[kind])))
            self._lists(piece, part)
            self._sink.end(piece)

    def annotation(self, fields: dict[str, Any]) -> None:
        if fields.get("annotation") is not None:
            piece = self._piece(fields, "output_text")
            self._extra(piece, "annotations", fields["annotation"])

    def complete(self, item: Item, raw: dict[str, Any]) -> None:
        """`output_item.done`: the whole item."""
        if not item.pieces:
            item.raw = {**item.raw, **raw}
        contents = [part for part in objects(raw, "content") if text(part, "type") in TEXTS]
        before = item.text
        told = "".join(_words(part) for part in contents)
        fits = told.startswith(before)
        for at, part in enumerate(contents):
            if at >= len(item.pieces) and fits:
                self._new(item, text(part, "type"), at, announced=True)
            if at < len(item.pieces) and not item.pieces[at].ended:
                piece = item.pieces[at]
                self._say(piece, piece.missing(_words(part)) if fits and told != before else "")
                self._lists(piece, part)
        for piece in item.pieces:
            self._sink.end(piece)

    def _say(self, piece: Piece, words: str) -> None:
        if words and piece.index is not None:
            piece.add(words)
            self._sink.events.append(TextDelta(piece.index, words))

    def _item(self, fields: dict[str, Any]) -> Item:
        return self._items.of_event(fields, "message") or self._items.implied("message", fields)

    def _piece(self, fields: dict[str, Any], kind: str) -> Piece:
        """The open content part that a delta means; a new one when there is none."""
        item, key = self._item(fields), number(fields, "content_index")
        return _open(item, kind, key) or self._new(item, kind, key, announced=False)

    def _told(self, fields: dict[str, Any], kind: str) -> Piece | None:
        """The open part whose whole text is told; a new one only when its item has none of it."""
        item, key = self._item(fields), number(fields, "content_index")
        piece = _open(item, kind, key)
        if piece is None and not any(other.kind == kind and other.key == key for other in item.pieces):
            return self._new(item, kind, key, announced=False)
        return piece

    def _new(self, item: Item, kind: str, key: int | None, *, announced: bool) -> Piece:
        for piece in item.pieces:
            self._sink.end(piece)
        about = None if item.pieces else unknown(item.raw, _ABOUT_KNOWN) or ({} if self._sink.text_last else None)
        extra = None if about is None else {"item": about}
        piece = Piece(kind, key, announced=announced)
        item.pieces.append(piece)
        self.refused = self.refused or kind == "refusal"
        piece.index = self._sink.part(Refusal(text="", extra=extra) if kind == "refusal" else Text(text="", extra=extra))
        return piece

    def _lists(self, piece: Piece, part: dict[str, Any]) -> None:
        for key in _LISTS:
            told = part.get(key)
            for raw in told[piece.extras.get(key, 0) :] if isinstance(told, list) else ():
                self._extra(piece, key, raw)

    def _extra(self, piece: Piece, key: str, raw: Any) -> None:
        if piece.index is not None:
            piece.extras[key] = piece.extras.get(key, 0) + 1
            self._sink.events.append(OpaqueDelta(piece.index, NAME, key, raw))


def _words(part: dict[str, Any]) -> str:
    return text(part, TEXTS[text(part, "type")])


def _open(item: Item, kind: str, key: int | None) -> Piece | None:
    """The open part of that content index; one that was announced also takes deltas whose index is off."""
    if not item.pieces or item.pieces[-1].ended or item.pieces[-1].kind != kind:
        return None
    piece = item.pieces[-1]
    return piece if piece.announced or key is None or piece.key is None or piece.key == key else None

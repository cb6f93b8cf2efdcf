"""The thinking and the tool calls of a stream that is being read."""

from typing import Any

from msgspec.structs import replace

from ...types.events import ArgumentsDelta, ReasoningDelta, SealDelta
from .fields import number, text
from .items import BETWEEN, CALLS, CONTENT_MARK, read_call, read_reasoning, reasoning_blocks, seal_of
from .stream_items import Item, Items, Piece
from .stream_messages import Sink


class Thoughts:
    """Reasoning items. A part starts when it is known whether its text is a summary; blocks of text become paragraphs."""

    def __init__(self, sink: Sink, items: Items) -> None:
        self._sink, self._items = sink, items

    def delta(self, fields: dict[str, Any], *, summary: bool) -> None:
        words = fields.get("delta")
        if isinstance(words, str) and words:
            self._block(fields, words, summary)

    def added(self, fields: dict[str, Any]) -> None:
        """A new summary or content part."""
        item = self._item(fields)
        item.paragraph = bool(item.pieces)

    def text_done(self, fields: dict[str, Any], *, summary: bool) -> None:
        """A whole block: news only when no delta of it came."""
        item = self._item(fields)
        words, key = text(fields, "text"), _key(fields, summary)
        if words and (not item.pieces or item.paragraph or (key is not None and key != item.pieces[0].key)):
            self._block(fields, words, summary)

    def overtaken(self) -> None:
        """Another item begins: thinking that has been announced keeps its place, most likely as a summary."""
        for item in self._items.all:
            if item.kind == "reasoning" and not item.done and not item.pieces:
                self._start(item, item.raw, summary=True, content=True)

    def complete(self, item: Item, raw: dict[str, Any]) -> None:
        """`output_item.done`: the whole item, and its seal."""
        blocks = reasoning_blocks(raw)
        piece = item.pieces[0] if item.pieces else None
        if piece is None:
            piece = self._start(item, {**item.raw, **raw}, summary=bool(raw.get("summary")), content=bool(blocks))
        self._say(piece, piece.missing(BETWEEN.join(blocks)))
        seal = seal_of({**item.raw, **raw})
        if seal is not None and piece.index is not None:
            self._sink.events.append(SealDelta(piece.index, seal))
        self._sink.end(piece)

    def _item(self, fields: dict[str, Any]) -> Item:
        return self._items.of_event(fields, "reasoning") or self._items.implied("reasoning", fields)

    def _block(self, fields: dict[str, Any], words: str, summary: bool) -> None:
        item, key = self._item(fields), _key(fields, summary)
        piece = item.pieces[0] if item.pieces else self._start(item, item.raw, summary=summary, content=True)
        other = key is not None and piece.key is not None and key != piece.key
        between = BETWEEN if not piece.empty and (item.paragraph or other) else ""
        item.paragraph, piece.key = False, key
        self._say(piece, between + words)

    def _start(self, item: Item, raw: dict[str, Any], *, summary: bool, content: bool) -> Piece:
        part = read_reasoning(raw, answer=True)
        extra = {key: value for key, value in (part.extra or {}).items() if key != CONTENT_MARK}
        if content and not summary:
            extra[CONTENT_MARK] = True
        piece = Piece("reasoning")
        item.pieces.append(piece)
        piece.index = self._sink.part(replace(part, text="", summary=summary, seal=None, extra=extra or None))
        return piece

    def _say(self, piece: Piece, words: str) -> None:
        if words and piece.index is not None:
            piece.add(words)
            self._sink.events.append(ReasoningDelta(piece.index, words))


def _key(fields: dict[str, Any], summary: bool) -> int | None:
    """Summary and content blocks in one row of numbers."""
    at = number(fields, "summary_index" if summary else "content_index")
    return None if at is None else 2 * at + (not summary)


class Calls:
    """Function and custom tool calls. A part starts when its name and call id are known; arguments wait for it."""

    def __init__(self, sink: Sink, items: Items) -> None:
        self._sink, self._items = sink, items
        self.any = False

    def added(self, item: Item, raw: dict[str, Any]) -> None:
        """`output_item.added`."""
        if text(raw, "name") and text(raw, "call_id"):
            self._start(item, raw)

    def delta(self, fields: dict[str, Any], kind: str) -> None:
        words = fields.get("delta")
        if isinstance(words, str) and words:
            self._say(_piece(self._item(fields, kind)), words)

    def text_done(self, fields: dict[str, Any], kind: str) -> None:
        """All arguments; empty ones take nothing back."""
        piece = _piece(self._item(fields, kind))
        self._say(piece, piece.missing(text(fields, CALLS[kind])))

    def complete(self, item: Item, raw: dict[str, Any]) -> None:
        """`output_item.done`: the whole call. One that nobody named is no call."""
        first = {key: value for key, value in item.raw.items() if value}
        piece, field = _piece(item), CALLS[item.kind]
        if piece.index is None and text({**raw, **first}, "name"):
            self._start(item, {**raw, **first})
        if piece.index is not None:
            self._say(piece, piece.missing(text(raw, field) or text(first, field)))
        self._sink.end(piece)

    def _item(self, fields: dict[str, Any], kind: str) -> Item:
        return self._items.of_event(fields, kind) or self._items.implied(kind, fields)

    def _start(self, item: Item, raw: dict[str, Any]) -> None:
        part = read_call({**raw, "type": item.kind}, answer=True)
        piece = _piece(item)
        piece.index = self._sink.part(replace(part, id=part.id or f"call_{len(self._items.all)}", arguments=""))
        self.any = True
        if not piece.empty:
            self._sink.events.append(ArgumentsDelta(piece.index, piece.text))

    def _say(self, piece: Piece, words: str) -> None:
        if words:
            piece.add(words)
            if piece.index is not None:
                self._sink.events.append(ArgumentsDelta(piece.index, words))


def _piece(item: Item) -> Piece:
    if not item.pieces:
        item.pieces.append(Piece("arguments"))
    return item.pieces[0]

"""Bodies in `traces.db`, as the writer puts them there: what is new of them, in packs that are compressed as a whole.

A pack is what one transaction adds: bytes one after the other, and for each content of it a recipe

    start, length      its own bytes in the pack
    prefix, suffix     how many bytes of another content stand before and after them
    pack, number       which content that is; 0, 0 for none

A request's bodies are compared with those that its session sent before. What is the same is no work and no bytes: an equal body
is the same content, one that goes on is a recipe and what is new. Chains of recipes are short enough to read (`DEEPEST`) and to
let old packs go (`REACH`): a content that would reach further back is written whole. `oldest` of a pack is the first pack that
its requests need, `last` when the latest of them started; that is all that `retention` must know.

A content that was written and found free of secrets stays free of them: of one that goes on, only what is new is searched.
"""

import sqlite3
import string
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from ..types.deltas import in_common, shared
from ..types.edited import Body, Edited, cut
from . import bodies, schema
from .records import BodyKind, RequestRecord, branch
from .redact import Redactor
from .rows import Places

DEEPEST = 64  # recipes that are followed for one body
REACH = 1024  # packs that a recipe may reach back
FULL = 256 << 10  # bytes of a pack: another one is begun then
KNOWN = 1024  # sessions whose last bodies are known
MEMORY = 16 << 20  # bytes of them that are at hand; others are read again
TINY = 2048  # bytes of a body that is not worth a recipe
SMALL = 16 << 10  # bytes of one that is not worth a search of its own
_SENT = ("client_request", "upstream_request")  # what a session sends again and again
_MARGIN = 4096  # bytes around what is new in which a word must end

_Key = tuple[str, ...]
_encode = msgspec.json.Encoder().encode
_LETTERS = f"{string.ascii_letters}{string.digits}_-".encode()  # of words that may be keys


@dataclass(slots=True, eq=False)
class Content:
    """A body that was written. `clean` are the secrets of which it was found free as it came; None when something was masked.
    `data` is None when the memory was needed for others."""

    pack: int
    number: int
    size: int
    oldest: int  # pack that it needs
    depth: int
    data: Body | None
    clean: object


@dataclass(slots=True)
class _Pack:
    id: int
    oldest: int
    last: float = 0.0
    requests: list[str] = field(default_factory=list)
    recipes: list[tuple[int, ...]] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, data: bytes) -> tuple[int, int, int]:
        """Add a content that nothing goes on with; gives its place."""
        start, recipes, size = self.size, self.recipes, len(data)
        recipes.append((start, size, 0, 0, 0, 0))
        self.pieces.append(data)
        self.size = start + size
        return self.id, len(recipes) - 1, size


class Packer:
    """`begin` and `finish` stand at the ends of a transaction; when that fails, `forget`."""

    def __init__(self) -> None:
        self._compressor = bodies.Compressor()
        self._known: OrderedDict[_Key, Content] = OrderedDict()
        self._at_hand = 0  # bytes of data in `_known`
        self._connection: sqlite3.Connection | None = None
        self._floor = 0
        self._pack: _Pack | None = None

    def begin(self, connection: sqlite3.Connection) -> None:
        """A transaction has begun: what packs there are may have changed."""
        latest, first = connection.execute(schema.PACKS).fetchone()
        self._connection = connection
        self._floor = latest + 1 if first is None else first
        self._pack = _Pack(latest + 1, latest + 1)

    def put(self, record: RequestRecord, kept: Mapping[BodyKind, Body], redactor: Redactor, *, clean: bool = False) -> Places:
        """Add a request's bodies without their secrets; gives where they are. `clean`: the `small` ones were searched, and have
        none."""
        pack = self._room()
        places: Places = {}
        previous: Content | None = None
        for kind, data in kept.items():
            size = len(data)
            searched = clean and size < SMALL
            if size < TINY or kind not in _SENT:
                places[kind] = pack.add(bytes(data) if searched else redactor.clean(bytes(data)))
                continue
            content = None
            if isinstance(data, Edited) and previous is not None and data.base is kept["client_request"]:
                content = self._changed(data, previous, redactor)
            content = content or self._content(branch(kind, record), data, redactor, previous, clean=searched)
            places[kind] = (content.pack, content.number, content.size)
            pack.oldest = min(pack.oldest, content.oldest)
            previous = content if kind == "client_request" else previous
        if places:
            pack.requests.append(record.id)
            pack.last = max(pack.last, record.started)
        return places

    def finish(self) -> None:
        """Write what the transaction adds."""
        self._write()
        self._pack = None

    def forget(self) -> None:
        """What was put is not in the file, or the file is another one."""
        self._known.clear()
        self._at_hand = 0
        self._pack = None

    def _room(self) -> _Pack:
        assert self._pack is not None
        if self._pack.size >= FULL:
            self._write()
            self._pack = _Pack(self._pack.id + 1, self._pack.id + 1)
        return self._pack

    def _write(self) -> None:
        pack, connection = self._pack, self._connection
        if pack is None or connection is None or not pack.requests:
            return
        data = self._compressor.compress(b"".join(pack.pieces))
        texts = (_encode(pack.requests).decode(), _encode(pack.recipes).decode())
        connection.execute(schema.PUT_PACK, (pack.id, pack.oldest, pack.last, *texts, data))

    def _changed(self, data: Edited, asked: Content, redactor: Redactor) -> Content | None:
        """The content of a body that is the client's (`asked`) with some bytes exchanged: nothing is compared, little is
        searched. None where it has to be looked at like any other."""
        edges = data.start, len(data.base) - data.end
        if asked.clean is not redactor.known or asked.depth >= DEEPEST or not self._reaches(asked):
            return None
        if not _nothing_new(data, edges, redactor):
            return None
        return self._recipe(data.new, len(data), asked, edges, None, redactor.known)

    def _content(self, key: _Key, raw: Body, redactor: Redactor, previous: Content | None, *, clean: bool) -> Content:
        """The content that is this body without secrets; a known one when they are equal. `clean`: there are none in it."""
        base = self._base(key, raw, previous)
        old: Body = b"" if base is None or base.data is None else base.data
        edges = in_common(old, raw)
        if base is not None and base.clean is redactor.known and sum(edges) == len(raw) == base.size:
            return self._remember(key, base)
        clean = clean or (base is not None and base.clean is redactor.known and _nothing_new(raw, edges, redactor))
        data = raw
        if not clean:
            came = bytes(raw)
            masked = redactor.clean(came)
            clean = masked == came
            data, edges = (raw, edges) if clean else (masked, shared(bytes(old), masked))
        if sum(edges) < len(data) // 2:
            base = None
        return self._remember(key, self._add(data, base, edges, redactor.known if clean else None))

    def _base(self, key: _Key, raw: Body, previous: Content | None) -> Content | None:
        """What a body is compared with: the client's, when only its model was exchanged, else what the session sent before."""
        if previous is not None and previous.data is not None and _end(previous.data) == _end(raw):
            return previous if self._reaches(previous) else None
        base = self._known.get(key)
        if base is None or not self._reaches(base):
            return None
        if base.data is None and self._connection is not None:
            base.data = bodies.read(self._connection, base.pack, base.number)
            self._at_hand += base.size
        return base

    def _reaches(self, base: Content) -> bool:
        assert self._pack is not None
        return base.oldest >= max(self._floor, self._pack.id - REACH)

    def _add(self, data: Body, base: Content | None, edges: tuple[int, int], clean: object) -> Content:
        if base is None or base.depth >= DEEPEST:
            return self._recipe(bytes(data), len(data), None, (0, 0), data, clean)
        return self._recipe(cut(data, edges[0], len(data) - edges[1]), len(data), base, edges, data, clean)

    def _recipe(
        self, new: bytes, size: int, base: Content | None, edges: tuple[int, int], data: Body | None, clean: object
    ) -> Content:
        """Add what is new of a content."""
        pack = self._pack
        assert pack is not None
        origin, oldest, depth = ((0, 0), pack.id, 0) if base is None else ((base.pack, base.number), base.oldest, base.depth + 1)
        pack.recipes.append((pack.size, len(new), *edges, *origin))
        pack.pieces.append(new)
        pack.size += len(new)
        return Content(pack.id, len(pack.recipes) - 1, size, oldest, depth, data, clean)

    def _remember(self, key: _Key, content: Content) -> Content:
        """Keep it as the latest of its session, and no more in memory than there may be."""
        before = self._known.get(key)
        if before is not content:
            self._at_hand += content.size if content.data is not None else 0
            self._at_hand -= before.size if before is not None and before.data is not None else 0
            self._known[key] = content
        self._known.move_to_end(key)
        if len(self._known) > KNOWN:
            self._at_hand -= self._release(next(iter(self._known)))
        if self._at_hand > MEMORY:
            for other in self._known.values():
                if other is not content and other.data is not None and self._at_hand > MEMORY:
                    other.data = None
                    self._at_hand -= other.size
        return content

    def _release(self, key: _Key) -> int:
        content = self._known.pop(key)
        return content.size if content.data is not None else 0


def small(bodies: Mapping[BodyKind, Body]) -> list[bytes]:
    """Bodies that are searched together with others before they are put."""
    return [bytes(data) for data in bodies.values() if len(data) < SMALL]


def _end(data: Body) -> bytes:
    return cut(data, max(0, len(data) - 64), len(data))


def _nothing_new(data: Body, edges: tuple[int, int], redactor: Redactor) -> bool:
    """Whether a body has no secret, when the one that it goes on with had none: what is new is searched, as far around it as a
    secret could reach. Only for patterns of the user that is not known."""
    start, end = edges[0], len(data) - edges[1]
    before, after = cut(data, max(0, start - _MARGIN), start), cut(data, end, min(len(data), end + _MARGIN))
    words = len(before) - len(before.rstrip(_LETTERS)), len(after) - len(after.lstrip(_LETTERS))
    if redactor.patterns or max(words) >= _MARGIN:
        return False
    first, last = (max(size, redactor.longest) + 8 for size in words)
    part = before[-first:] + cut(data, start, end) + after[:last]
    return redactor.clean(part) == part

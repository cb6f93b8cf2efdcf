"""Bytes that are others with some of them exchanged: nothing is copied until somebody needs them in one piece."""

from collections.abc import Iterator
from typing import TypeAlias, Union


class Edited:
    """A body that is another one with `base[start:end]` exchanged for `new`. It is never changed."""

    __slots__ = ("_size", "base", "end", "new", "start")

    def __init__(self, base: "Body", start: int, end: int, new: bytes) -> None:
        self.base, self.start, self.end, self.new = base, start, end, new
        self._size = len(base) - (end - start) + len(new)

    def __len__(self) -> int:
        return self._size

    def __bytes__(self) -> bytes:
        return b"".join(parts(self))


Body: TypeAlias = Union[bytes, Edited]  # noqa: UP007  # `|` knows no names in quotes


def parts(body: Body, start: int = 0, end: int | None = None) -> Iterator[bytes | memoryview]:
    """What `body[start:end]` consists of, in order; nothing is copied. The two lie within the body."""
    end = len(body) if end is None else end
    if start >= end:
        return
    if isinstance(body, bytes):
        yield body if end - start == len(body) else memoryview(body)[start:end]
        return
    first, last = body.start, body.start + len(body.new)  # where `new` stands
    yield from parts(body.base, start, min(end, first))
    yield from parts(body.new, max(start - first, 0), min(end, last) - first)
    yield from parts(body.base, max(start, last) - last + body.end, end - last + body.end)


def cut(body: Body, start: int, end: int) -> bytes:
    """`body[start:end]` as bytes. The two lie within the body."""
    return body[start:end] if isinstance(body, bytes) else b"".join(parts(body, start, end))


def held(body: Body) -> int:
    """How many bytes of memory it takes besides those of the body that it is made of."""
    return len(body) if isinstance(body, bytes) else len(body.new)

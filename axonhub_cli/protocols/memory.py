"""What was made of a conversation's pieces before: agents send their whole history again with every request.

A piece is a message, the list of tools, the system prompt. It is read once; afterwards its bytes are enough to know it, and
whoever got it gets the same object again. A *step* remembers what it made of a piece, by the piece itself: only what follows from
the piece and the step's own settings may be remembered, and nothing of which the receipt has to tell.

There are two generations: what nobody wanted while as much again was remembered is forgotten.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, TypeVar

LIMIT = 12 << 20  # bytes of JSON, read and written
LARGE = 512 << 10  # bytes of a piece that is not remembered: pictures would drive out everything else
_OBJECT = 200  # bytes, about: what a step made that is no text
_STEPS = 32  # with settings of their own: six for a pair of protocols and a channel

T = TypeVar("T")
R = TypeVar("R")


class Step(Generic[T, R]):
    """What one step made, by the piece. Pieces are held, so that no other takes its identity."""

    def __init__(self, memory: "Memory", settings: object) -> None:
        self._memory, self._settings = memory, settings
        self._young: dict[int, tuple[T, R]] = {}
        self._old: dict[int, tuple[T, R]] = {}

    def get(self, piece: T) -> R | None:
        """What was made of this very object, or None."""
        name = id(piece)
        found = self._young.get(name)
        if found is None:
            found = self._old.get(name)
            if found is None:
                return None
            self._young[name] = found
        return found[1]

    def each(self, pieces: Iterable[T]) -> list[R | None]:
        """The same for many."""
        young = self._young
        pairs = [(piece, young.get(id(piece))) for piece in pieces]
        return [found[1] if found is not None else self.get(piece) for piece, found in pairs]

    def put(self, piece: T, made: R, size: int = _OBJECT) -> R:
        """Remember it. `size`: bytes that it takes."""
        self._young[id(piece)] = (piece, made)
        self._memory.grew(size)
        return made

    def age(self) -> bool:
        """Forget what is old; says whether anything is left."""
        self._old, self._young = self._young, {}
        return bool(self._old)


class Memory:
    """For one thread. What it gives is shared by all who ask: nobody changes it."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._half = limit // 2
        self._size = 0
        self._young: dict[tuple[str, bytes], Any] = {}
        self._old: dict[tuple[str, bytes], Any] = {}
        self._steps: dict[tuple[Hashable, int], Step[Any, Any]] = {}
        self.latest: tuple[object, Any] = (None, None)  # a conversation, and what is known of its messages

    def read(self, kind: str, data: bytes, make: Callable[[bytes], T]) -> T:
        """What these bytes are, read as `kind`."""
        key = (kind, data)
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is None:
                found = make(data)
            if len(data) > LARGE:
                return found
            self._young[key] = found
            self.grew(len(data))
        return found

    def step(self, name: Hashable, settings: object) -> Step[Any, Any]:
        """The step of that name with these very settings."""
        key = (name, id(settings))
        found = self._steps.pop(key, None)
        if found is None:
            found = Step(self, settings)
            if len(self._steps) >= _STEPS:
                del self._steps[next(iter(self._steps))]
        self._steps[key] = found  # the last is the one that was wanted last
        return found

    def grew(self, size: int) -> None:
        """So many bytes more are remembered."""
        self._size += size
        if self._size > self._half:
            self._size = 0
            self._old, self._young = self._young, {}
            self._steps = {key: step for key, step in self._steps.items() if step.age()}
            self.latest = (None, None)

"""What is remembered of conversations, and what is forgotten."""

from axonhub_cli.protocols import memory as module
from axonhub_cli.protocols.memory import Memory


def numbered(memory: Memory, data: bytes, made: list[bytes]) -> object:
    """A piece that is an object of its own each time it is made."""

    def make(data: bytes) -> object:
        made.append(data)
        return object()

    return memory.read("piece", data, make)


def test_the_same_bytes_are_the_same_object() -> None:
    """Read once, and by kind."""
    memory, made = Memory(), list[bytes]()
    first = numbered(memory, b"a", made)
    assert numbered(memory, b"a", made) is first
    assert made == [b"a"]
    assert memory.read("other", b"a", bytes.decode) == "a"


def test_a_step_knows_its_pieces_and_settings() -> None:
    """An equal piece is another one; so are other settings, also at a place in memory where others lay before."""
    memory = Memory()
    piece, equal = [1], [1]
    memory.step("write", None).put(piece, "made")
    assert memory.step("write", None).get(piece) == "made"
    assert memory.step("write", None).get(equal) is None
    assert memory.step("read", None).get(piece) is None
    for number in range(100):
        assert memory.step("write", [number]).get(piece) is None
        memory.step("write", [number]).put(piece, "for a moment")


def test_what_nobody_wants_is_forgotten() -> None:
    """What is asked for stays; the rest has gone when twice as much as there is room for came."""
    memory, made = Memory(limit=10_000), list[bytes]()
    kept, left = b"k" * 100, b"l" * 100
    numbered(memory, left, made)
    for number in range(300):
        numbered(memory, kept, made)
        numbered(memory, b"%100d" % number, made)
    assert made.count(kept) == 1
    assert made.count(left) == 1
    numbered(memory, left, made)
    assert made.count(left) == 2


def test_its_room_is_bounded() -> None:
    """Pieces, what steps made of them, and steps."""
    memory = Memory(limit=100_000)
    for number in range(2000):
        piece = memory.read("piece", b"%1000d" % number, lambda data: [data])
        memory.step("write", None).put(piece, b"w" * 500, 500)
        memory.step("note", (number,)).put(piece, True)
    held = sum(len(data) for _, data in [*memory._young, *memory._old])
    written = sum(len(step._young) + len(step._old) for step in memory._steps.values()) * 500
    assert held + written < 110_000
    assert len(memory._steps) <= module._STEPS


def test_large_pieces_are_made_each_time() -> None:
    """A picture would drive out everything else."""
    memory, made = Memory(), list[bytes]()
    large = b"x" * (module.LARGE + 1)
    assert numbered(memory, large, made) is not numbered(memory, large, made)

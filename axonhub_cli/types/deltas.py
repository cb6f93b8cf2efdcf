"""What two bodies have in common at their beginnings and ends, found by comparing bytes.

A coding agent sends its whole history again with every request, and what it adds stands in one place: after the last message,
before the tools. So the new body is the old one's beginning, something new, and the old one's end. Nothing is parsed: halves are
compared (memcmp) down to a few bytes, and those as numbers, whose highest bits tell the place where they differ.
"""

from typing import Literal

from .edited import Body, Edited, cut

_FEW = 256  # bytes


def shared(old: bytes, new: bytes) -> tuple[int, int]:
    """How many bytes at the beginning and at the end of `new` are those of `old`; they do not overlap in either."""
    most, view = min(len(old), len(new)), memoryview(old)  # its slices are no copies
    prefix = _beginning(view, new, most)
    return prefix, _ending(view, new, most - prefix)


def in_common(old: Body, new: Body) -> tuple[int, int]:
    """The same of bodies that may be edits. Of two that were made from one, only what differs from that is compared."""
    made_from, also = _origin(old), _origin(new)
    if made_from is not also:
        return shared(bytes(old), bytes(new))
    edits = [body for body in (old, new) if isinstance(body, Edited)]
    if not edits:
        return len(old), 0
    start, end = min(edit.start for edit in edits), max(edit.end for edit in edits)
    after = len(made_from) - end
    prefix, suffix = shared(cut(old, start, len(old) - after), cut(new, start, len(new) - after))
    return start + prefix, suffix + after


def _origin(body: Body) -> Body:
    return body.base if isinstance(body, Edited) else body


def _beginning(old: memoryview, new: bytes, most: int) -> int:
    low, middle = 0, _FEW  # a body that goes to another model differs at once
    while most - low > _FEW:
        if new.startswith(old[low:middle], low):  # any buffer will do
            low = middle
        else:
            most = middle
        middle = (low + most) // 2
    return low + _same(old[low:most], new[low:most], "big")


def _ending(old: memoryview, new: bytes, most: int) -> int:
    ours, theirs, low, middle = len(old), len(new), 0, most - _FEW  # nearly always nearly all of it
    while most - low > _FEW:
        if new.endswith(old[ours - middle : ours - low], 0, theirs - low):
            low = middle
        else:
            most = middle
        middle = (low + most) // 2
    return low + _same(old[ours - most : ours - low], new[theirs - most : theirs - low], "little")


def _same(ours: memoryview, theirs: bytes, order: Literal["big", "little"]) -> int:
    """How many bytes of two of the same size are the same, from the first on (`big`) or from the last (`little`)."""
    differing = int.from_bytes(ours, order) ^ int.from_bytes(theirs, order)
    return len(theirs) - (differing.bit_length() + 7) // 8

"""What two bodies have in common at their beginnings and ends, found by comparing bytes.

A coding agent sends its whole history again with every request, and what it adds stands in one place: after the last message,
before the tools. So the new body is the old one's beginning, something new, and the old one's end. Nothing is parsed: slices are
compared (memcmp), in steps that grow and then halve.
"""

_STEP = 512  # bytes of the first one


def shared(old: bytes, new: bytes) -> tuple[int, int]:
    """How many bytes at the beginning and at the end of `new` are those of `old`; they do not overlap in either."""
    most, view = min(len(old), len(new)), memoryview(old)  # its slices are no copies
    prefix = _beginning(view, new, most)
    return prefix, _ending(view, new, most - prefix)


def _beginning(old: memoryview, new: bytes, most: int) -> int:
    low, step = 0, _STEP
    while low < most and _begins(new, old[low : min(most, low + step)], low):
        low, step = min(most, low + step), step * 4
    most = min(most, low + step)
    while low < most:
        middle = (low + most + 1) // 2
        if _begins(new, old[low:middle], low):
            low = middle
        else:
            most = middle - 1
    return low


def _ending(old: memoryview, new: bytes, most: int) -> int:
    old_size, new_size, low, step = len(old), len(new), 0, most  # nearly always all of it
    while low < most and _ends(new, old[old_size - min(most, low + step) : old_size - low], new_size - low):
        low, step = min(most, low + step), step * 4
    most = min(most, low + step)
    while low < most:
        middle = (low + most + 1) // 2
        if _ends(new, old[old_size - middle : old_size - low], new_size - low):
            low = middle
        else:
            most = middle - 1
    return low


def _begins(new: bytes, part: memoryview, at: int) -> bool:
    return new.startswith(part, at)  # any buffer will do


def _ends(new: bytes, part: memoryview, at: int) -> bool:
    return new.endswith(part, 0, at)

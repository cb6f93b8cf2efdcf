"""What two bodies have in common at their beginnings and ends, found by comparing bytes.

A coding agent sends its whole history again with every request, and what it adds stands in one place: after the last message,
before the tools. So the new body is the old one's beginning, something new, and the old one's end. Nothing is parsed: slices are
compared (memcmp), halving what is left to look at, which for 160 KB takes some twenty microseconds.
"""


def shared(old: bytes, new: bytes) -> tuple[int, int]:
    """How many bytes at the beginning and at the end of `new` are those of `old`; they do not overlap in either."""
    most = min(len(old), len(new))
    prefix = _beginning(old, new, most)
    return prefix, _ending(old, new, most - prefix)


def _beginning(old: bytes, new: bytes, most: int) -> int:
    low = 0
    while low < most:
        middle = (low + most + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            most = middle - 1
    return low


def _ending(old: bytes, new: bytes, most: int) -> int:
    low, old_size, new_size = 0, len(old), len(new)
    while low < most:
        middle = (low + most + 1) // 2
        if old[old_size - middle : old_size - low] == new[new_size - middle : new_size - low]:
            low = middle
        else:
            most = middle - 1
    return low

"""How a body is cut so that what a conversation repeats is stored once.

A coding agent sends its whole history again with every request. So a JSON body is cut into *chains* of slices: each long
top-level list (messages, input items, tools, system parts) is one chain with a slice for each item, a long top-level text is a
chain of its own, and what stands between is a chain of one. Two bodies with the same beginning of a list then share the
beginning of that chain. Slices are cut from the bytes as they came: joined, they are the body, whatever is in it.
"""

from itertools import pairwise

import msgspec

Chain = list[bytes]

SMALLEST = 256  # bytes; a shorter value is not worth a chain of its own

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


def split(body: bytes) -> list[Chain]:
    """The body as chains; joined in order they give exactly its bytes. What is no JSON object is one chain of one slice."""
    if body.lstrip()[:1] != b"{":
        return [[body]]
    try:
        fields = _object(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [[body]]
    chains: list[Chain] = []
    done = at = 0
    for raw in fields.values():
        value = bytes(raw)
        start = body.find(value, at)
        if start < 0:
            break  # a key that came twice: its first value is not in the dict, and order is lost
        at = start + len(value)
        if len(value) >= SMALLEST:
            chains += [[body[done : start + 1]], _items(value)]
            done = at - 1
    chains.append([body[done:]])
    return [chain for chain in chains if chain != [b""]]


def _items(value: bytes) -> Chain:
    """What is between a value's first and last byte, cut before each comma that separates two items of a list."""
    if value[:1] != b"[":
        return [value[1:-1]]
    try:
        raws = _array(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [value[1:-1]]
    cuts, at = [1], 1
    for raw in raws[:-1]:
        item = bytes(raw)
        at = value.find(item, at) + len(item)
        cuts.append(at)
    cuts.append(len(value) - 1)
    return [value[start:end] for start, end in pairwise(cuts)]

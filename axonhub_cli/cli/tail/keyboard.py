"""Bytes of the keyboard → keys. A key is a character as it was typed, a name (`up`, `enter`), or `paste:` and what was pasted.

A paste is told apart from typing, so that pasted words do not act as commands. What a terminal answers to questions is no key.
A sequence that ends in the middle waits for its rest; a lone escape is the key of that name.
"""

import re

_NAMED = {
    b"[A": "up", b"OA": "up", b"[B": "down", b"OB": "down", b"[C": "right", b"OC": "right", b"[D": "left", b"OD": "left",
    b"[5~": "page up", b"[6~": "page down", b"[H": "home", b"OH": "home", b"[1~": "home", b"[F": "end", b"OF": "end",
    b"[4~": "end", b"[3~": "delete",
}  # fmt: skip
_CONTROL = {
    0x01: "ctrl-a", 0x02: "page up", 0x03: "ctrl-c", 0x04: "ctrl-d", 0x05: "ctrl-e", 0x06: "page down", 0x07: "escape",
    0x08: "backspace", 0x09: "tab", 0x0A: "enter", 0x0B: "ctrl-k", 0x0C: "ctrl-l", 0x0D: "enter", 0x0E: "down", 0x10: "up",
    0x15: "ctrl-u", 0x17: "ctrl-w", 0x7F: "backspace",
}  # fmt: skip
_PASTE = re.compile(rb"\x1b\[200~(.*?)\x1b\[201~", re.DOTALL)
_SEQUENCE = re.compile(rb"\x1b(\[[0-9;?<=>]*[@-~]|O[@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)", re.DOTALL)
_UNFINISHED = re.compile(rb"\x1b(?:O|\[[0-9;?<=>]*|\][^\x07\x1b]*\x1b?|\[200~.*)$", re.DOTALL)
_LONGEST = 100_000  # bytes that wait for their rest


class Keyboard:
    """Reads what a terminal sends, piece by piece."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, typed: bytes) -> list[str]:
        """The keys in what was typed, in order."""
        data, self._rest = self._rest + typed, b""
        keys: list[str] = []
        while data:
            taken = self._one(data, keys)
            if taken == 0:
                self._rest = data if len(data) <= _LONGEST else b""
                break
            data = data[taken:]
        return keys

    def _one(self, data: bytes, keys: list[str]) -> int:
        """Read one key; gives its bytes, 0 when it is not complete."""
        if data[0] == 0x1B:
            return self._escape(data, keys)
        if data[0] < 0x20 or data[0] == 0x7F:
            keys += [_CONTROL[data[0]]] if data[0] in _CONTROL else []
            return 1
        size = 1 if data[0] < 0xC0 else 2 if data[0] < 0xE0 else 3 if data[0] < 0xF0 else 4
        if len(data) < size:
            return 0
        keys += [character for character in data[:size].decode("utf-8", "ignore") if character.isprintable()]
        return size

    def _escape(self, data: bytes, keys: list[str]) -> int:
        if pasted := _PASTE.match(data):
            keys.append("paste:" + pasted[1].decode("utf-8", "replace"))
            return pasted.end()
        if len(data) > 1 and _UNFINISHED.match(data):
            return 0
        if found := _SEQUENCE.match(data):
            keys += [_NAMED[found[1]]] if found[1] in _NAMED else []
            return found.end()
        keys.append("escape")
        return 1

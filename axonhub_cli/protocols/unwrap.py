"""Takes a free-text tool's input out of the JSON that a function-only model wraps it in, while it streams.

A `custom` tool goes out as a function with one string property, `input`. What comes back should be `{"input": "…"}`;
`Unwrapper` decodes that string as it arrives, over any cuts (an escape or a surrogate pair may be split). Models also write
other things, and each of them still carries what the tool needs:

- keys before or after `input`: skipped; a missing brace or quote at the end: no matter; a quote that was not escaped: kept;
- a bare JSON string, an object without `input`, a fenced block of JSON: held until the end, then decoded as a whole;
- no JSON at all: passed through as it is.

`trim.Trimmer` then takes fences and heredocs off the text.
"""

import re

from ..errors import ProtocolError
from .raw import dumps, loads
from .trim import BEGIN, Trimmer, unfenced

_PLAIN = re.compile(r'[^"\\]*')
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_PARTIAL = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_SIMPLE = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class StringDecoder:
    """The inside of one JSON string, chunk by chunk. `feed` gives text; `ended` and `rest` say where the string stopped.

    A quote ends the string when a comma, a brace or the end of the stream follows it; any other was meant as text.
    """

    __slots__ = ("_held", "ended")

    def __init__(self) -> None:
        self._held = ""
        self.ended = False

    def feed(self, chunk: str) -> str:
        data, out, at = self._held + chunk, [], 0
        self._held = ""
        while at < len(data) and not self.ended:
            plain = _PLAIN.match(data, at)
            assert plain is not None
            out.append(plain.group())
            at = plain.end()
            if at < len(data):
                at = self._quote(data, at, out) if data[at] == '"' else self._escape(data, at, out)
        return "".join(out)

    def close(self) -> str:
        """An escape that was cut off by the end of the stream; a held quote was the closing one."""
        held, self._held = self._held, ""
        return "" if held.startswith('"') else "\ufffd" if _is_high(held) else held.rstrip("\\")

    def _quote(self, data: str, at: int, out: list[str]) -> int:
        after = data[at + 1 :].lstrip()
        if not after:
            self._held = data[at:]
            return len(data)
        if after[0] in ",}":
            self.ended = True
            return len(data)
        out.append('"')
        return at + 1

    def _escape(self, data: str, at: int, out: list[str]) -> int:
        found = _ESCAPE.match(data, at)
        if found is None:
            if _PARTIAL.match(data, at):
                self._held = data[at:]
                return len(data)
            out.append("\\")  # not an escape at all (`\d`): the model forgot to double it
            return at + 1
        if found.group(2):
            out.append(_SIMPLE[found.group(2)])
            return found.end()
        return self._unicode(data, found, out)

    def _unicode(self, data: str, found: re.Match[str], out: list[str]) -> int:
        code, at = int(found.group(1), 16), found.end()
        if 0xD800 <= code < 0xDC00:
            low = _ESCAPE.match(data, at)
            if low is None and (at == len(data) or _PARTIAL.match(data, at)):
                self._held = data[found.start() :]
                return len(data)
            if low is not None and low.group(1) and 0xDC00 <= int(low.group(1), 16) < 0xE000:
                out.append(chr(0x10000 + ((code - 0xD800) << 10) + int(low.group(1), 16) - 0xDC00))
                return low.end()
        out.append("\ufffd" if 0xD800 <= code < 0xE000 else chr(code))
        return at


def _is_high(held: str) -> bool:
    return len(held) >= 6 and held[:2] == "\\u"


class KeyFinder:
    """Walks a JSON object up to the opening quote of its top-level string `input`.

    `feed` gives what follows that quote, or None while it has not come. `lost` says that this is no such object: the caller
    decodes everything at the end.
    """

    __slots__ = ("_after", "_depth", "_escaped", "_key", "_string", "lost")

    def __init__(self) -> None:
        self._depth = 0
        self._string = False
        self._escaped = False
        self._key: list[str] = []
        self._after = "{"  # the last character outside strings and spaces
        self.lost = False

    def feed(self, chunk: str) -> str | None:
        for at, char in enumerate(chunk):
            if self._string:
                self._inside(char)
            elif char == '"':
                if self._depth == 1 and self._after == ":" and self._named():
                    return chunk[at + 1 :]
                self._string, self._key = True, [] if self._after in "{," else self._key
            elif not char.isspace():
                self._outside(char)
                if self.lost:
                    return None
        return None

    def _named(self) -> bool:
        return "".join(self._key) == "input"

    def _inside(self, char: str) -> None:
        if self._escaped or char == "\\":
            self._escaped = not self._escaped
        elif char == '"':
            self._string = False
            return
        if self._after in "{," and self._depth == 1:
            self._key.append(char)

    def _outside(self, char: str) -> None:
        if char in "{[":
            self.lost = self._depth == 1 and self._named() and self._after == ":"
            self._depth += 1
        elif char in "}]":
            self._depth -= 1
        self.lost = self.lost or (self._depth == 1 and self._after == "{" and char not in "{}:")
        self._after = char


class Unwrapper:
    """Argument text of one call in, the tool's own text out."""

    __slots__ = ("_buffer", "_finder", "_mode", "_string", "_trim")

    def __init__(self, trim: Trimmer | None = None) -> None:
        self._mode = "start"
        self._buffer: list[str] = []
        self._finder = KeyFinder()
        self._string = StringDecoder()
        self._trim = trim

    def feed(self, chunk: str) -> str:
        text = self._decode(chunk)
        return self._trim.feed(text) if self._trim is not None and text else text

    def close(self) -> str:
        text = self._settle()
        if self._trim is None:
            return text
        return self._trim.feed(text) + self._trim.close()

    def _decode(self, chunk: str) -> str:
        if self._mode == "start":
            chunk = self._begin(chunk)
        match self._mode:
            case "string":
                return self._string.feed(chunk)
            case "raw":
                return chunk
            case "object":
                return self._object(chunk)
            case "whole":
                self._buffer.append(chunk)
        return ""

    def _begin(self, chunk: str) -> str:
        """What the first character says: an object to walk, something to hold until it is whole, or plain text."""
        text = "".join(self._buffer) + chunk
        first = text.lstrip()[:1]
        self._buffer = [] if first else [text]
        if first:
            self._mode = "object" if first == "{" else "whole" if first in '"[`' else "raw"
        return text

    def _object(self, chunk: str) -> str:
        rest = self._finder.feed(chunk)
        if rest is not None:
            self._mode, self._buffer = "string", []
            return self._string.feed(rest)
        self._buffer.append(chunk)
        if self._finder.lost:
            self._mode = "whole"
        return ""

    def _settle(self) -> str:
        if self._mode == "string":
            return self._string.close()
        return "" if self._mode == "raw" else unwrap_whole("".join(self._buffer))


def unwrap_whole(text: str) -> str:
    """The tool's text in a complete argument text of any form; the argument text itself where it holds none."""
    inner = unfenced(text)
    if not inner.strip():
        return ""
    try:
        found = _text_in(loads(inner))
    except (ProtocolError, RecursionError):
        return text
    return text if found is None else found


def _text_in(value: object) -> str | None:
    """The string that was meant: `input`, the only string there is, or the one that holds a patch."""
    if isinstance(value, dict) and "input" in value:
        value = value["input"]
        found = _only_string(value)
        return dumps(value).decode() if found is None else found
    return _only_string(value)


def _only_string(value: object) -> str | None:
    strings: list[str] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            strings.append(item)
        elif isinstance(item, dict | list):
            waiting += item.values() if isinstance(item, dict) else item
    patches = [text for text in strings if BEGIN in text]
    if patches:
        return patches[0]
    return strings[0] if len(strings) == 1 else "" if value in ({}, []) else None

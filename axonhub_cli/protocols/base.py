"""What a codec is, and the words that codecs and their callers share.

A codec is a record of functions and two small classes for one wire format. It does no I/O, has no clock and no randomness:
what it needs of them comes in `Target` (towards an upstream) and `Reply` (towards a client).

The contracts, once for all of them:

- `read_request(body)` takes the parsed JSON object. Wrong types raise `RequestError` with the path of the field and what is
  expected (`messages[3].content: expected a string or a list, found a number`); unknown keys go to `extra`, unknown blocks to
  `Opaque`. It never fixes anything: what it reads, `write_request` of the same codec writes again.
- `write_request(request, target, losses)` gives the body as a dict. It obeys `target.quirks`, and tells `losses` whatever it
leaves
  out. What it is given has passed `adapt.adapt`: no tool kind, name or role is left that this protocol has not.
- `read_response(body)` / `write_response(response, reply)`: the same for whole answers. A body that is an error object raises
  nothing: callers ask `read_error` first (`error_in`).
- `StreamReader.feed(frame) -> [Event]`, `close() -> [Event]`: events that obey `types.events`. Broken JSON in a frame raises
  `ProtocolError`. `close` without the protocol's own last word gives `Failure` (kind `upstream`), unless a finish reason was
  seen.
- `StreamWriter.write(events) -> bytes` encodes the events of one chunk in one piece; `Failure` closes open parts first, then
says it
  in the protocol's own form. `End` closes the stream properly. A writer accepts interleaved parts (it owns a `Sequencer` if it
  needs one).
- `read_error(status, headers, body) -> Problem`; `write_error(problem, request_id) -> (status, headers, body)`.
- `ping` is a complete keep-alive frame that this protocol's clients accept and count. Where they do not accept it before the
  stream's first words, `opening(reply)` gives those (a writer for a reply with `told` goes on from there), and `unopened(data)`
  is the beginning of a stream without them.
- `sparse(data)` says of the beginning of an upstream's stream whether it leaves out what the vendor's own helpers need: then it
  is read and written anew instead of passing as it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from typing import Protocol as Interface

from msgspec import Struct

from ..types.events import Event
from ..types.messages import Loss, Protocol, Request, Response
from ..types.problem import Problem
from ..types.quirks import Quirks
from .memory import Memory
from .runs import Run
from .sse import Frame


class Target(Struct, frozen=True, kw_only=True):
    """Where a request goes: the model's name there, what the endpoint refuses, a stable key for its prompt cache.

    `channel` is the channel's name, `maker` who seals thinking there (`seals.maker`); "" is the protocol's own vendor.
    `memory` is there while the request's messages came out of it.
    """

    model: str
    quirks: Quirks = Quirks()
    cache_key: str | None = None
    channel: str = ""
    maker: str = ""
    memory: Memory | None = None


class Reply(Struct, frozen=True, kw_only=True):
    """What an answer to a client needs besides the upstream's words.

    `id` is used where the upstream gave none, and makes item ids; `model` is the name that the client asked for; `created` is
    Unix time in seconds; `request` is what it asked (Responses echoes some of it). `told` is how many events of the stream went
    out before, written by somebody else: such a writer begins nothing, it only brings the stream to its end.
    """

    id: str
    model: str
    created: int
    request: Request | None = None
    include_usage: bool = False
    told: int = 0


_GROUPS = frozenset({"generationConfig", "toolConfig"})  # objects that hold unrelated settings: each is named


@dataclass(slots=True)
class Losses:
    """Collects what a conversion could not carry: the request's receipt."""

    items: list[Loss] = field(default_factory=list)

    def drop(self, path: str, why: str) -> None:
        self.items.append(Loss("dropped", path, why))

    def change(self, path: str, why: str) -> None:
        self.items.append(Loss("changed", path, why))

    def rename(self, path: str, why: str) -> None:
        self.items.append(Loss("renamed", path, why))

    def placeholder(self, path: str, why: str) -> None:
        self.items.append(Loss("placeholder", path, why))

    def extras(self, extra: Mapping[str, Any] | None, path: str, target: str) -> None:
        """Unknown keys that another protocol has no place for."""
        for key, value in (extra or {}).items():
            place = f"{path}.{key}" if path else key
            inner = value if key in _GROUPS and isinstance(value, dict) else {}
            for name in [f"{place}.{each}" for each in inner] or [place]:
                self.drop(name, f"{target} has no such field")


class StreamReader(Interface):
    """Frames of one upstream stream in, neutral events out."""

    def feed(self, frame: Frame) -> list[Event]: ...
    def close(self) -> list[Event]: ...


class StreamWriter(Interface):
    """Neutral events in, bytes for one client out."""

    def write(self, events: list[Event]) -> bytes: ...

    def more(self, run: Run) -> bytes | None:
        """A run of text, written without looking at each piece; None where it has to be written as events."""
        ...


@dataclass(frozen=True, slots=True)
class Pieces:
    """How a protocol's requests may be read piece by piece, each without regard to the others. `read_request` takes a body in
    which the items of the list `key` and the values of `whole` were read already."""

    key: str
    item: Callable[[Any, str], Any]
    whole: Mapping[str, Callable[[Any], Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One wire format. `last_words`: byte strings of which a complete stream contains one.

    `in_path`: keys of a request's body that the wire has in the path instead; whoever speaks HTTP moves them. `model_key`: where
    an answer names its model. `steady`: to a stream's reader, more text of an open part changes nothing but the text.
    """

    name: Protocol
    read_request: Callable[[dict[str, Any]], Request]
    write_request: Callable[[Request, Target, Losses], dict[str, Any]]
    read_response: Callable[[dict[str, Any]], Response]
    write_response: Callable[[Response, Reply], dict[str, Any]]
    stream_reader: Callable[[], StreamReader]
    stream_writer: Callable[[Reply], StreamWriter]
    read_error: Callable[[int, Mapping[str, str], bytes], Problem]
    write_error: Callable[[Problem, str], tuple[int, dict[str, str], bytes]]
    error_in: Callable[[dict[str, Any]], Problem | None]
    ping: bytes
    last_words: tuple[bytes, ...]
    in_path: frozenset[str] = frozenset()
    model_key: str = "model"
    opening: Callable[[Reply], bytes] | None = None
    unopened: Callable[[bytes], bytes] | None = None
    sparse: Callable[[bytes], bool] | None = None
    steady: bool = False
    pieces: Pieces | None = None

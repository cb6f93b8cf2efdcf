"""What the gateway remembers of seals, in bounded memory: never more than a convenience, for a lost entry only costs a turn's
thinking.

- By tool call: the thinking before it and its own seal, for clients of Chat, who have no field that would carry them.
- By digest: who made a raw seal that passed between two ends of one protocol, where nothing is packed.
- By trace: which channels served it. One channel alone has nobody else's seals, and its bodies need not be looked into.
"""

import re
from collections import OrderedDict
from hashlib import blake2b
from typing import Any

from ..errors import ProtocolError
from ..protocols.base import Codec, Target
from ..protocols.raw import dumps, loads, loads_object
from ..protocols.seals import Kept
from ..protocols.sse import Decoder
from ..types.events import fold
from ..types.messages import Reasoning, Response, ToolCall

MAX_CALLS = 4096
MAX_BYTES = 32 * 1024 * 1024
MAX_SEALS = 16384
MAX_TRACES = 2048
_RAW = re.compile(rb'"(?:signature|data|encrypted_content|thoughtSignature|thought_signature)"\s*:\s*"((?:[^"\\]|\\.){16,})"')
_SIGNS = (b'ignature"', b'"redacted_thinking"', b'"encrypted_content"')  # where none is, there is no raw seal


class SealStore:
    """One server's memory of seals. It is the `Book` of the protocols floor."""

    def __init__(self) -> None:
        self._calls: OrderedDict[bytes, tuple[Kept, int]] = OrderedDict()
        self._size = 0
        self._seals: OrderedDict[bytes, tuple[str, str]] = OrderedDict()
        self._traces: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._alone: dict[str, frozenset[str]] = {}  # a channel by itself, which is what most traces have

    def made(self, value: str) -> tuple[str, str] | None:
        """Maker and channel of a raw seal that passed, or None."""
        return self._seals.get(_digest(value.encode()))

    def recall(self, call_id: str, arguments: str) -> Kept | None:
        """What is kept for a tool call. Ids alone do not do: some vendors count them from 0 in every conversation."""
        found = self._calls.get(_key(call_id, arguments))
        return None if found is None else found[0]

    def served(self, trace_id: str, channel: str) -> None:
        """A channel served a trace."""
        known = self._traces.get(trace_id)
        if known is None:
            self._traces[trace_id] = self._alone.get(channel) or self._alone.setdefault(channel, frozenset((channel,)))
            if len(self._traces) > MAX_TRACES:
                self._traces.popitem(last=False)
            return
        if channel not in known:
            self._traces[trace_id] = known | {channel}
        self._traces.move_to_end(trace_id)

    def mixed(self, trace_id: str, channel: str) -> bool:
        """Whether another channel served this trace, too."""
        known = self._traces.get(trace_id)
        return known is not None and (len(known) > 1 or channel not in known)

    def keep(self, response: Response) -> None:
        """An answer's thinking and seals, by its calls."""
        calls = [part for part in response.parts if isinstance(part, ToolCall)]
        thoughts = tuple(part for part in response.parts if isinstance(part, Reasoning))
        for call in calls:
            if thoughts or call.seal is not None:
                self._put(_key(call.id, call.arguments), Kept(thoughts, call.seal))

    def learn(self, client: Codec, upstream: Codec, response: Response, answer: bytes, target: Target) -> None:
        """What is worth remembering of an answer: `response` as the client got it, `answer` as the upstream sent it."""
        if client.name != upstream.name:
            if client.name == "openai-chat":
                self.keep(response)
        elif client.name != "openai-chat":
            self.note(answer, target.maker, target.channel)
        elif target.quirks.replay_reasoning and b"reasoning" in answer:
            self.keep(reread(upstream, answer))

    def _put(self, key: bytes, kept: Kept) -> None:
        size = 256 + sum(len(t.text) + len(t.seal.value if t.seal else "") for t in kept.thoughts)
        size += len(kept.seal.value) if kept.seal else 0
        if size > MAX_BYTES // 8:
            return
        self._size += size - self._calls.pop(key, (kept, 0))[1]
        self._calls[key] = (kept, size)
        while len(self._calls) > MAX_CALLS or self._size > MAX_BYTES:
            self._size -= self._calls.popitem(last=False)[1][1]

    def note(self, answer: bytes, maker: str, channel: str) -> None:
        """The raw seals in an answer's bytes."""
        signature, redacted, encrypted = _SIGNS
        if signature not in answer and redacted not in answer and encrypted not in answer:
            return
        for found in _RAW.finditer(answer):
            value: Any = found.group(1)
            digest = _digest(value if b"\\" not in value else _plain(value))
            self._seals.setdefault(digest, (maker, channel))  # who said it first made it
            self._seals.move_to_end(digest)
        while len(self._seals) > MAX_SEALS:
            self._seals.popitem(last=False)


def reread(upstream: Codec, answer: bytes) -> Response:
    """An answer's bytes as a whole response: on the verbatim lane nobody has built it. Empty where it cannot be read."""
    try:
        if answer.lstrip()[:1] == b"{":
            return upstream.read_response(loads_object(answer))
        decoder, reader = Decoder(), upstream.stream_reader()
        frames = [*decoder.feed(answer), *decoder.close()]
        events = [event for frame in frames for event in reader.feed(frame)]
        return fold(events, upstream.name)
    except ProtocolError:
        return Response(origin=upstream.name, id="", model="", parts=(), finish=None)


def _plain(value: bytes) -> bytes:
    """JSON's escapes resolved (some encoders write `\\/` and `\\u003d`)."""
    try:
        return str(loads(b'"' + value + b'"')).encode()
    except ProtocolError:
        return value


def _digest(value: bytes) -> bytes:
    return blake2b(value, digest_size=12).digest()


def _key(call_id: str, arguments: str) -> bytes:
    """A call's id with its arguments, whatever spacing and order of keys its client gave them."""
    try:
        value = loads(arguments) if arguments.strip() else {}
    except ProtocolError:
        value = arguments
    return _digest(call_id.encode("utf-8", "replace") + b"\0" + dumps(_ordered(value)))


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    return [_ordered(item) for item in value] if isinstance(value, list) else value

"""A client's request body, looked into no further than somebody asks.

Routing needs four fields of a body that may be hundreds of kilobytes of history. The first look passes over the bytes
once and keeps what may matter as raw values (none is built); `fields` builds the whole thing, once, when a conversion or a quirk
needs it.
"""

import re
import threading
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

import msgspec

from ..errors import RequestError
from ..types.edited import Body, Edited
from ..types.once import once
from .raw import Raw, dumps, kind_of, loads, loads_object

_top = msgspec.json.Decoder(dict[str, Raw]).decode
_ABSENT = Raw(b"")
_ROLE = re.compile(rb'\{\s*"role"\s*:\s*"([a-z]+)"')  # nearly every client says the role first
_OTHERS = tuple(  # how an item begins that the model has not said
    b'{"%b":%b"%b"' % (key, space, word)
    for key, words in ((b"role", (b"user", b"tool", b"system", b"developer")), (b"type", (b"message", b"function_call_output")))
    for word in words
    for space in (b"", b" ")
)
_FIRST = re.compile(rb'\s*\{\s*"model"\s*:\s*')  # nearly every client says the model first


class _Named(threading.local):
    """How often the key `model` was met in the body that is being looked at."""

    times = 0


class _Name:
    """The model's name: what JSON has for it. Of two, the last counts, here as everywhere."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


_named = _Named()


def _meet(kind: type, value: Any) -> _Name:
    _named.times += 1
    return _Name(value)


class Glance(msgspec.Struct, gc=False):
    """What is looked at of every request, found in one pass over its bytes. Conversations are lists of raw items."""

    model: _Name | None = None
    stream: Raw = _ABSENT
    messages: list[Raw] | None = None
    input: list[Raw] | str | None = None
    contents: list[Raw] | None = None
    tools: Raw = _ABSENT
    metadata: Raw = _ABSENT
    prompt_cache_key: Raw = _ABSENT
    stream_options: Raw = _ABSENT
    generationConfig: Raw = _ABSENT
    output_config: Raw = _ABSENT
    response_format: Raw = _ABSENT
    tool_choice: Raw = _ABSENT
    parallel_tool_calls: Raw = _ABSENT
    max_completion_tokens: Raw = _ABSENT
    presence_penalty: Raw = _ABSENT
    frequency_penalty: Raw = _ABSENT
    seed: Raw = _ABSENT
    stop: Raw = _ABSENT
    top_k: Raw = _ABSENT
    user: Raw = _ABSENT
    verbosity: Raw = _ABSENT
    service_tier: Raw = _ABSENT
    reasoning: Raw = _ABSENT
    reasoning_effort: Raw = _ABSENT
    thinking: Raw = _ABSENT
    system: Raw = _ABSENT
    max_tokens: Raw = _ABSENT
    temperature: Raw = _ABSENT
    top_p: Raw = _ABSENT
    stop_sequences: Raw = _ABSENT
    context_management: Raw = _ABSENT
    instructions: Raw = _ABSENT
    include: Raw = _ABSENT
    store: Raw = _ABSENT
    text: Raw = _ABSENT
    truncation: Raw = _ABSENT
    max_output_tokens: Raw = _ABSENT
    previous_response_id: Raw = _ABSENT
    client_metadata: Raw = _ABSENT
    safety_identifier: Raw = _ABSENT
    logprobs: Raw = _ABSENT
    top_logprobs: Raw = _ABSENT
    logit_bias: Raw = _ABSENT
    n: Raw = _ABSENT
    systemInstruction: Raw = _ABSENT
    toolConfig: Raw = _ABSENT
    safetySettings: Raw = _ABSENT
    cachedContent: Raw = _ABSENT


class _Whole(Glance, forbid_unknown_fields=True, gc=False):
    """A request that has nothing else: of nearly all agents' requests, everything was seen."""


_glance = msgspec.json.Decoder(Glance, dec_hook=_meet).decode
_glance_all = msgspec.json.Decoder(_Whole, dec_hook=_meet).decode
ITEMS = ("messages", "input", "contents")
_SEEN = tuple(name for name in Glance.__struct_fields__ if name not in {*ITEMS, "model"})
_IS_SEEN = frozenset(_SEEN)


def look(data: bytes) -> tuple[Glance, bool]:
    """What is found in one pass, and whether the key `model` was met exactly once."""
    _named.times = 0
    try:
        seen: Glance = _glance_all(data)
    except msgspec.ValidationError:  # something else is there, too, or of another type: the rest is looked at all the same
        _named.times = 0
        seen = _glance(data)
    return seen, _named.times == 1


Keys: TypeAlias = Callable[[Glance], tuple[Raw, ...]]


def keys(*names: str) -> Keys:
    """Keys to ask `ClientBody.has` for: two or more of those that are always looked at, the conversation apart."""
    assert len(names) > 1
    return attrgetter(*names)


class Known(NamedTuple):
    """What is known of a body without reading all of it (`bodies`): what a look would find; how many items of its conversation
    are those of an earlier body, and whether that one's model has said some bytes."""

    seen: Glance | None
    once: bool
    items: int
    said: Callable[[tuple[bytes, ...]], bool] | None


class ClientBody:
    """The bytes of a request and what is known of them. Raises `ProtocolError` when they are no JSON object.

    `in_path`: what the wire says in the path rather than in the body (`Codec.in_path`); it is part of the whole object here.
    `kept` is the body as an edit of an earlier one, where it is one. `seen`: what was found in it, None when it is odd.
    """

    seen: Glance | None

    def __init__(
        self,
        data: bytes,
        in_path: dict[str, Any] | None = None,
        known: "Known | None" = None,
        edit: Edited | None = None,
    ) -> None:
        self.data = data
        self.kept: Body = data if edit is None else edit
        self._in_path = in_path or {}
        self._known = known
        self._once = False  # the key `model` stands in it exactly once
        if known is not None:
            self.seen, self._once = known.seen, known.once
            return
        try:
            self.seen, self._once = look(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.seen = None
            self.fields = loads_object(data, "request body") | self._in_path

    @once
    def fields(self) -> dict[str, Any]:
        """The whole object."""
        return loads_object(self.data, "request body") | self._in_path

    @once
    def _top(self) -> dict[str, Any]:
        """Every top-level value, raw."""
        return _top(self.data)

    def get(self, key: str) -> Any:
        """One top-level value, or None."""
        if key in self._in_path:
            return self._in_path[key]
        if self.seen is None or "fields" in self.__dict__:
            return self.fields.get(key)
        if key == "model":
            return self.seen.model.value if self.seen.model is not None else None
        value = getattr(self.seen, key) if key in _IS_SEEN else self._top.get(key, _ABSENT)
        return None if value is _ABSENT else loads(bytes(value))

    def has(self, these: Keys) -> bool:
        """Whether any of these keys is there at the top; True where the body is odd."""
        return self.seen is None or (found := these(self.seen)).count(_ABSENT) < len(found)

    def apart(self, key: str, raw: frozenset[str]) -> dict[str, Any] | None:
        """All top-level values: bytes for the items of the list `key` and for the values of `raw`, objects for the rest. None
        when that is not what the body is."""
        seen = self.seen
        items = getattr(seen, key) if isinstance(seen, _Whole) and not self._in_path else None
        if not isinstance(items, list):
            return None
        values = [(name, value) for name in _SEEN if (value := getattr(seen, name)) is not _ABSENT]
        found = {name: bytes(value) if name in raw else loads(bytes(value)) for name, value in values}
        return {"model": self.get("model"), key: [bytes(item) for item in items], **found}

    @once
    def model(self) -> str:
        """The model asked for. Raises `RequestError` when it is missing or no text."""
        model = self.get("model")
        if not isinstance(model, str) or not model.strip():
            found = "missing" if model is None else "empty" if isinstance(model, str) else f"a JSON {kind_of(model)}"
            raise RequestError(f"model: a model name is required, it is {found}.", param="model")
        return model

    @once
    def stream(self) -> bool:
        """Whether the client wants a stream."""
        return self.get("stream") is True

    @once
    def roles(self) -> list[str]:
        """Who speaks, item by item of `messages` or `input`; "" where no role is said. Few items have to be built for that."""
        seen = self.seen
        items = seen.messages if seen is not None and seen.messages is not None else seen.input if seen is not None else None
        if not isinstance(items, list):
            built = self.fields.get("messages") if seen is None else None
            return [_role(item) for item in built] if isinstance(built, list) else []
        return [found[1].decode() if (found := _ROLE.match(item)) else _role(loads(bytes(item))) for item in items]

    def said(self, marks: tuple[bytes, ...]) -> bool:
        """Whether one of these stands in the body, what others than the model have said apart: most of it is tools' results."""
        seen, known = self.seen, self._known
        items = (seen.messages or seen.input) if seen is not None else None
        if isinstance(items, list) and known is not None and known.said is not None and not known.said(marks):
            items = items[known.items :]
        parts = (
            [part for item in items if not (part := bytes(item)).startswith(_OTHERS)] if isinstance(items, list) else [self.data]
        )
        return any(mark in part for part in parts for mark in marks)

    def edited(self, changes: dict[str, Any]) -> Edited | None:
        """The body with some top-level keys set. None unless it is the model alone, and that stands first: then nothing need be
        parsed."""
        alone = self._once and len(changes) == 1 and changes.get("model") is not None
        found = _FIRST.match(self.data) if alone else None
        if found is not None:
            old, start = dumps(self.get("model")), found.end()
            end = start + len(old)
            if self.data.startswith(old, start) and self.data[end : end + 1] in (b",", b"}"):
                return Edited(self.data, start, end, dumps(changes["model"]))
        return None

    def size_of(self, key: str) -> int:
        """How many bytes a top-level value takes; 0 when it is not there or was built already."""
        return 0 if self.seen is None else len(bytes(getattr(self.seen, key) if key in _IS_SEEN else self._top.get(key, b"")))

    def last(self, key: str) -> Any:
        """The last element of a top-level list, or None; what comes before it is not built."""
        return next(self.backwards(key), None)

    def backwards(self, key: str) -> Iterator[Any]:
        """The elements of a top-level list from its end, each built when it is asked for; a value that is no list is one."""
        found = getattr(self.seen, key) if key in ITEMS and self.seen is not None else self.get(key)
        if found is not None:
            yield from (_built(item) for item in reversed(found)) if isinstance(found, list) else [found]


def _role(item: Any) -> str:
    role = item.get("role") if isinstance(item, dict) else None
    return role if isinstance(role, str) else ""


def _built(item: Any) -> Any:
    return loads(bytes(item)) if isinstance(item, Raw) else item

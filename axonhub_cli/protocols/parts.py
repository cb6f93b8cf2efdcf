"""Cleans the parts of a request: what the target's protocol cannot hold becomes a visible placeholder, never nothing.

Cache marks are hints of Anthropic's and leave silently elsewhere. Opaque blocks that carry nothing for others
(`additional_tools`: its tools stand in the request's list by now) leave silently too. Images that may not stand inside a tool
result move behind the results.
"""

from itertools import repeat
from typing import Any, TypeVar

from msgspec.structs import replace

from ..types.messages import Media, Message, Opaque, Part, Protocol, Refusal, Request, Text, ToolCall, ToolResult
from ..types.quirks import Quirks
from . import search
from .base import Losses
from .memory import Memory

EMPTY_KINDS = frozenset({"additional_tools", "compaction_trigger"})  # they steer their own vendor, and say nothing to the model
BOOKKEEPING: dict[
    Protocol, frozenset[str]
] = {  # what a protocol writes beside its items for itself; no content, and no loss elsewhere
    "openai-responses": frozenset({"id", "status", "item"}),
}
_SEE_BELOW = "[{kind}: shown in the next message]"

_T = TypeVar("_T", bound=Message | Part)


class Cleaner:
    """One pass over one request."""

    def __init__(
        self,
        origin: Protocol,
        protocol: Protocol,
        quirks: Quirks,
        losses: Losses,
        *,
        home: bool,
        memory: Memory | None = None,
    ) -> None:
        self._origin, self._protocol, self._quirks, self._losses, self._home = origin, protocol, quirks, losses, home
        self._known = memory.step(("clean", origin, protocol, home), quirks) if memory is not None else None
        self._marks = protocol == "anthropic"
        self._notes = frozenset[str]() if home else BOOKKEEPING.get(origin, frozenset())

    def request(self, request: Request) -> Request:
        """The request with clean parts; messages that nothing is left of are gone."""
        system = self._all(request.system, "system")
        messages: list[Message] = []
        before = self._known.each(request.messages) if self._known is not None else repeat(None)
        for index, (message, known) in enumerate(zip(request.messages, before, strict=False)):
            messages += self._message(message, index) if known is None else known
        if system == request.system and tuple(messages) == request.messages:
            return request
        return replace(request, system=system, messages=tuple(messages))

    def _message(self, message: Message, index: int) -> tuple[Message, ...]:
        """The clean message, or none."""
        told = len(self._losses.items)
        parts = self._lifted(self._all(message.parts, f"messages[{index}].content"))
        clean: tuple[Message, ...] = ()
        if parts or self._home:
            clean = (self._plain(message if parts == message.parts else replace(message, parts=parts)),)
        if self._known is not None and len(self._losses.items) == told:
            self._known.put(message, clean)
        return clean

    def _all(self, parts: tuple[Part, ...], path: str) -> tuple[Part, ...]:
        out: list[Part] = []
        for index, part in enumerate(parts):
            if self._clean(part):
                out.append(part)
            else:
                out += self._part(self._plain(part), f"{path}[{index}]")
        return tuple(out)

    def _clean(self, part: Part) -> bool:
        """Nothing to do: text, a call or its result, with nothing about it. Most of a conversation is that."""
        match part:
            case Text():
                return bool(part.text) and part.extra is None and part.cache is None
            case ToolCall():
                return part.extra is None and part.cache is None
            case ToolResult():
                return part.extra is None and part.cache is None and all([self._clean(inner) for inner in part.parts])
            case _:
                return False

    def _part(self, part: Part, path: str) -> list[Part]:
        match part:
            case Opaque():
                return self._opaque(part, path)
            case Media():
                return [self._media(part, path)]
            case ToolResult():
                return [self._result(part, path)]
            case Text() if not part.text and not self._home:
                return []
            case Refusal() if self._protocol in ("anthropic", "gemini"):
                return [Text(text=part.text)] if part.text else []
            case Text() | ToolCall():
                return [self._unmarked(part)]
            case _:
                return [part]

    def _plain(self, value: _T) -> _T:
        """The value without its protocol's bookkeeping."""
        extra = getattr(value, "extra", None)
        if not self._notes or not extra or self._notes.isdisjoint(extra):
            return value
        kept = {key: item for key, item in extra.items() if key not in self._notes}
        return replace(value, extra=kept or None)

    def _unmarked(self, part: Any) -> Any:
        return part if self._marks or part.cache is None else replace(part, cache=None)

    def _opaque(self, part: Opaque, path: str) -> list[Part]:
        if part.protocol == self._protocol and (self._home or self._knows(part)):
            return [part]
        found = search.as_part(part)
        if found is not None:
            return [found]
        if part.kind == "tool_reference":
            return [Text(text=f"[tool loaded: {part.raw.get('tool_name') or 'unnamed'}]")]
        if part.kind in EMPTY_KINDS:
            return []
        self._losses.placeholder(path, f"{part.kind} is a block of {part.protocol} only")
        return [Text(text=f"[{part.kind}: left out, this model cannot read it]")]

    def _knows(self, part: Opaque) -> bool:
        """What a smaller dialect of the client's own protocol takes."""
        if part.kind in ("document", "search_result") and not self._quirks.documents:
            return False
        return self._protocol != "openai-responses" and part.kind != "tool_reference"

    def _media(self, part: Media, path: str) -> Part:
        refused = (part.kind == "image" and not self._quirks.images) or (part.kind == "document" and not self._quirks.documents)
        if not refused:
            return self._unmarked(part)  # type: ignore[no-any-return]  # the same struct, less one mark
        self._losses.placeholder(path, f"the upstream takes no {part.kind}s")
        name = f" {part.name}" if part.name else ""
        return Text(text=f"[{part.kind}{name}: left out, this model cannot see it]", cache=part.cache if self._marks else None)

    def _result(self, result: ToolResult, path: str) -> ToolResult:
        parts = self._all(result.parts, f"{path}.content")
        cache = result.cache if self._marks else None
        return result if parts == result.parts and cache == result.cache else replace(result, parts=parts, cache=cache)

    def _lifted(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """Media out of tool results, to stand behind all of them, where results are text only."""
        if self._quirks.image_results and self._protocol != "openai-chat":
            return parts
        if not any([type(part) is ToolResult and any(map(_is_media, part.parts)) for part in parts]):
            return parts
        out: list[Part] = []
        lifted: list[Part] = []
        for part in parts:
            inside = [item for item in part.parts if isinstance(item, Media)] if isinstance(part, ToolResult) else []
            if isinstance(part, ToolResult) and inside:
                lifted += [Text(text=f"[from the result of tool call {part.call_id}]"), *inside]
                part = replace(part, parts=tuple(_pointer(item) for item in part.parts))
            out.append(part)
        last = max(index for index, part in enumerate(out) if isinstance(part, ToolResult))
        return (*out[: last + 1], *lifted, *out[last + 1 :])


def _is_media(part: Part) -> bool:
    return isinstance(part, Media)


def _pointer(part: Part) -> Part:
    return Text(text=_SEE_BELOW.format(kind=part.kind)) if isinstance(part, Media) else part

"""Parts to content blocks, for requests. What Anthropic has no block for becomes a text that says so, and a loss.

Whoever came in this protocol (`native`) gets its parts back as they were; from others, empty texts are left out, which Anthropic
refuses, and unknown keys are reported.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from ...errors import ProtocolError
from ...types.messages import Extra, Media, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from ...types.quirks import Quirks
from .. import raw
from ..base import Losses
from .blocks import VENDOR, Block

NAME = "Anthropic Messages"
_IMAGE_STARTS = {"iVBOR": "image/png", "/9j/": "image/jpeg", "R0lGOD": "image/gif", "UklGR": "image/webp"}


def cache_mark(lifetime: str) -> dict[str, Any]:
    """The wire's form of a cache mark; five minutes is its default."""
    return {"type": "ephemeral"} if lifetime == "5m" else {"type": "ephemeral", "ttl": lifetime}


def tool_input(call: ToolCall) -> tuple[dict[str, Any], bool]:
    """A call's arguments as the object that the wire wants, and whether the text really was one."""
    if call.kind == "custom":
        return {"input": call.arguments}, True
    if not call.arguments.strip():
        return {}, True
    try:
        value = raw.loads(call.arguments)
    except ProtocolError:
        value = None
    return (value, True) if isinstance(value, dict) else ({"_raw": call.arguments}, False)


def left_out(part: Part) -> str:
    """The text that stands where a part could not be sent."""
    if isinstance(part, Media):
        return f"[{part.kind} {part.name or part.mime or ''}".rstrip() + ": left out]"
    kind = part.kind if isinstance(part, Opaque) else type(part).__name__
    return f"[{kind}: left out]"


@dataclass(frozen=True, slots=True)
class BlockWriter:
    """Writes parts of one request."""

    native: bool
    quirks: Quirks
    losses: Losses

    def content(self, parts: tuple[Part, ...], path: str) -> list[Block]:
        """The blocks of a message."""
        blocks = [self._block(part, f"{path}[{at}]") for at, part in enumerate(parts)]
        return [block for block in blocks if block is not None]

    def _block(self, part: Part, path: str) -> Block | None:
        match part:
            case Text():
                return self._text(part, path)
            case Refusal():
                return {"type": "text", "text": part.text} if part.text.strip() else None
            case Media():
                return self._media(part, path)
            case Reasoning():
                return self._reasoning(part, path)
            case ToolCall():
                return self._call(part, path)
            case ToolResult():
                return self._result(part, path)
        if part.protocol == VENDOR:
            return part.raw
        return self._placeholder(part, path, f"{NAME} has no block of this kind")

    def _text(self, part: Text, path: str) -> Block | None:
        if not self.native and not part.text.strip():
            return None
        return self._finish({"type": "text", "text": part.text}, part.cache, part.extra, path)

    def _finish(self, block: Block, cache: str | None, extra: Extra | None, path: str) -> Block:
        """Adds the cache mark and, for a client of this protocol, the keys that only it knows."""
        if cache is not None:
            block["cache_control"] = cache_mark(cache)
        self.extras(block, extra, path)
        return block

    def extras(self, into: dict[str, Any], extra: Extra | None, path: str) -> None:
        """Unknown keys go back to the protocol that they came from; elsewhere they are a loss."""
        if self.native:
            into.update(extra or {})
        else:
            self.losses.extras(extra, path, NAME)

    def _placeholder(self, part: Part, path: str, why: str) -> Block:
        self.losses.placeholder(path, why)
        return {"type": "text", "text": left_out(part)}

    def _reasoning(self, part: Reasoning, path: str) -> Block | None:
        """Only Anthropic's own seal goes back; thinking without one is refused by its maker, and taken by some others."""
        seal = part.seal if part.seal is not None and part.seal.vendor == VENDOR else None
        if seal is not None and seal.kind == "redacted" and self.quirks.replay_reasoning and not self.quirks.adaptive:
            self.losses.drop(path, "thinking that only its maker can read")
            return None
        if seal is not None and seal.kind == "redacted":
            return self._finish({"type": "redacted_thinking", "data": seal.value}, None, part.extra, path)
        if seal is not None:
            return self._finish({"type": "thinking", "thinking": part.text, "signature": seal.value}, None, part.extra, path)
        if self.quirks.replay_reasoning:
            return self._finish({"type": "thinking", "thinking": part.text}, None, part.extra, path)
        self.losses.drop(path, "thinking without a signature of this vendor is refused")
        return None

    def _call(self, part: ToolCall, path: str) -> Block:
        value, good = tool_input(part)
        if not good:
            self.losses.placeholder(f"{path}.input", "the arguments are no JSON object")
        return self._finish({"type": "tool_use", "id": part.id, "name": part.name, "input": value}, part.cache, part.extra, path)

    def _result(self, part: ToolResult, path: str) -> Block:
        block: Block = {"type": "tool_result", "tool_use_id": part.call_id}
        content = [self._inside_result(item, f"{path}.content[{at}]") for at, item in enumerate(part.parts)]
        blocks = [item for item in content if item is not None]
        if part.parts:
            block["content"] = compact(blocks) if blocks else ""
        if part.is_error:
            block["is_error"] = True
        return self._finish(block, part.cache, part.extra, path)

    def _inside_result(self, part: Part, path: str) -> Block | None:
        if isinstance(part, Media) and part.kind == "image" and not self.quirks.image_results:
            return self._placeholder(part, path, "this endpoint takes no images in tool results")
        return self._block(part, path)

    def _media(self, part: Media, path: str) -> Block:
        source, why = self._source(part)
        if source is None:
            return self._placeholder(part, path, why)
        if part.detail is not None and not self.native:
            self.losses.drop(f"{path}.detail", f"{NAME} has no image detail")
        if source["type"] == "text" and not self.quirks.documents:
            return self._finish({"type": "text", "text": source["data"]}, part.cache, None, path)
        block: Block = {"type": part.kind, "source": source}
        if part.kind == "document" and part.name is not None:
            block["title"] = part.name
        extra = dict(part.extra or {})
        if self.native and isinstance(extra.get("source"), dict):
            source.update(extra.pop("source"))
        return self._finish(block, part.cache, extra, path)

    def _source(self, part: Media) -> tuple[dict[str, Any] | None, str]:
        """The wire's source of an image or document, or None and the reason why there is none."""
        if part.kind == "audio":
            return None, f"{NAME} takes no audio"
        if part.kind == "image" and not self.quirks.images:
            return None, "this endpoint takes no images"
        if part.file_id is not None and (part.kind != "document" or self.quirks.documents):
            return (_file(part), "") if self.native else (None, "a file of another vendor cannot be read here")
        if part.url is None and part.kind == "document" and (part.mime or "").startswith("text/"):
            return _plain_text(part.data or ""), "the document is no valid base64"
        if part.kind == "document" and not self.quirks.documents:
            return None, "this endpoint takes no documents"
        return _inline_or_url(part, self.native), f"{NAME} takes PDF and plain text only"


def _file(part: Media) -> dict[str, Any]:
    return {"type": "file", "file_id": part.file_id}


def _inline_or_url(part: Media, native: bool) -> dict[str, Any] | None:
    if part.url is not None:
        return {"type": "url", "url": part.url}
    data = part.data or ""
    if part.kind == "image":
        return {"type": "base64", "media_type": part.mime or _image_mime(data), "data": data}
    if native or part.mime in (None, "application/pdf"):
        return {"type": "base64", "media_type": part.mime or "application/pdf", "data": data}
    return None


def _image_mime(data: str) -> str:
    """What the first characters of the base64 say; PNG where they say nothing."""
    return next((mime for start, mime in _IMAGE_STARTS.items() if data.startswith(start)), "image/png")


def _plain_text(data: str) -> dict[str, Any] | None:
    try:
        text = base64.b64decode(data, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
    return {"type": "text", "media_type": "text/plain", "data": text}


def compact(blocks: list[Block]) -> str | list[Block]:
    """One plain text is written as a string, which every endpoint takes; anything else as a list."""
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"} and blocks[0]["type"] == "text":
        return str(blocks[0]["text"])
    return blocks

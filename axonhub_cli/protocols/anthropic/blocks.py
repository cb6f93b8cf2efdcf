"""Content blocks to parts. Every block of the wire has a part; one that this model does not describe is `Opaque` and stays whole.

The way back is in `outgoing_blocks`; everything of a block that a part has no name for is its `extra`.
"""

import base64
from collections.abc import Callable
from typing import Any, Literal

from ...types.messages import Extra, Media, Opaque, Part, Reasoning, Seal, Text, ToolCall, ToolResult
from .. import raw
from .check import objects, of_kind, take, wrong

Block = dict[str, Any]
VENDOR: Literal["anthropic"] = "anthropic"
_TEXT = frozenset({"type", "text"})
_THINKING = frozenset({"type", "thinking", "signature"})
_REDACTED = frozenset({"type", "data"})
_TOOL_USE = frozenset({"type", "id", "name", "input"})
_TOOL_RESULT = frozenset({"type", "tool_use_id", "content", "is_error"})
_MEDIA = frozenset({"type", "source", "title"})
_SOURCE_KEYS = frozenset({"type", "media_type", "data", "url", "file_id"})


def read_content(value: Any, path: str) -> tuple[Part, ...]:
    """A message's content: a string or a list of blocks."""
    if isinstance(value, str):
        return (Text(text=value),)
    if not isinstance(value, list):
        raise wrong(path, "a string or a list", value)
    return tuple([read_block(block, f"{path}[{at}]") for at, block in enumerate(objects(value, path))])


def read_block(block: Block, path: str) -> Part:
    """One block. Raises `RequestError` where a field of a known block has a wrong type."""
    kind = take(block, "type", str, path, required=True)
    read = _READERS.get(kind)
    return read(block, path) if read is not None else Opaque(protocol=VENDOR, kind=kind, raw=block)


def read_cache(block: Block, known: frozenset[str]) -> tuple[str | None, Extra | None]:
    """A block's cache mark and its unknown keys. A mark that says more than a lifetime stays among the latter."""
    if block.keys() <= known:
        return None, None
    extra = {key: value for key, value in block.items() if key not in known and not (key in _NULLABLE and value is None)}
    mark = extra.get("cache_control")
    if isinstance(mark, dict) and mark.get("type") == "ephemeral" and mark.keys() <= {"type", "ttl"}:
        lifetime = mark.get("ttl", "5m")
        if lifetime in ("5m", "1h"):
            del extra["cache_control"]
            return lifetime, extra or None
    return None, extra or None


_NULLABLE = frozenset({"cache_control", "citations"})  # clients and vendors send these as null; that says nothing


def _read_text(block: Block, path: str) -> Part:
    cache, extra = read_cache(block, _TEXT)
    return Text(text=take(block, "text", str, path, required=True), cache=cache, extra=extra)


def _read_thinking(block: Block, path: str) -> Part:
    signature = take(block, "signature", str, path)
    return Reasoning(
        text=take(block, "thinking", str, path, required=True),
        seal=Seal(VENDOR, "signature", signature) if signature else None,
        extra=raw.unknown(block, _THINKING),
    )


def _read_redacted(block: Block, path: str) -> Part:
    data = take(block, "data", str, path, required=True)
    return Reasoning(text="", seal=Seal(VENDOR, "redacted", data), extra=raw.unknown(block, _REDACTED))


def _read_tool_use(block: Block, path: str) -> Part:
    cache, extra = read_cache(block, _TOOL_USE)
    return ToolCall(
        id=take(block, "id", str, path, required=True),
        name=take(block, "name", str, path, required=True),
        arguments=raw.dumps(take(block, "input", dict, path) or {}).decode(),
        cache=cache,
        extra=extra,
    )


def _read_tool_result(block: Block, path: str) -> Part:
    cache, extra = read_cache(block, _TOOL_RESULT)
    content = block.get("content")
    return ToolResult(
        call_id=take(block, "tool_use_id", str, path, required=True),
        parts=() if content is None else read_content(content, f"{path}.content"),
        is_error=bool(take(block, "is_error", bool, path)),
        cache=cache,
        extra=extra,
    )


def _read_media(block: Block, path: str) -> Part:
    """An image or a document. A plain-text source becomes base64, so that `Media.data` is one thing everywhere."""
    kind, where = block["type"], f"{path}.source"
    source = take(block, "source", dict, path, required=True)
    form = take(source, "type", str, where, required=True)
    if form not in ("base64", "url", "file", "text"):
        return Opaque(protocol=VENDOR, kind=kind, raw=block)
    cache, extra = read_cache(block, _MEDIA)
    rest = raw.unknown(source, _SOURCE_KEYS)
    data = take(source, "data", str, where, required=form in ("base64", "text"))
    if form == "text" and data is not None:
        data = base64.b64encode(data.encode("utf-8", "replace")).decode()
    return Media(
        kind=kind,
        mime=take(source, "media_type", str, where) or ("text/plain" if form == "text" else None),
        data=data if form in ("base64", "text") else None,
        url=take(source, "url", str, where, required=True) if form == "url" else None,
        file_id=take(source, "file_id", str, where, required=True) if form == "file" else None,
        name=of_kind(block["title"], str, f"{path}.title") if block.get("title") is not None else None,
        cache=cache,
        extra={**(extra or {}), "source": rest} if rest else extra,
    )


_READERS: dict[str, Callable[[Block, str], Part]] = {
    "text": _read_text,
    "image": _read_media,
    "document": _read_media,
    "thinking": _read_thinking,
    "redacted_thinking": _read_redacted,
    "tool_use": _read_tool_use,
    "tool_result": _read_tool_result,
}

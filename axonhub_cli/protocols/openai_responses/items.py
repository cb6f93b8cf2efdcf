"""Items that requests and responses share: reasoning and calls, read and written.

Reading is lenient (a request's items have been checked before). `answer` says that the item comes from an upstream: its
`status` is then a fact about the stream, not something to keep; the id of a reasoning item is kept in `extra`, because a writer
needs it before the seal arrives.
"""

from typing import Any

from ...types.messages import Reasoning, Seal, ToolCall
from ..raw import unknown
from .fields import clean, objects, text, text_or_none

CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
OUTPUTS = {"function_call_output": "function", "custom_tool_call_output": "custom"}
_REASONING_KEYS = frozenset({"type", "id", "summary", "content", "encrypted_content"})
_CALL_KEYS = frozenset({"type", "id", "call_id", "name", "namespace"})
_STATUS = frozenset({"status"})
_KNOWN = {field: _CALL_KEYS | {field} for field in CALLS.values()}
BETWEEN = "\n\n"  # summary parts are paragraphs
CONTENT_MARK = "reasoning_text"  # extra: the text stood in `content`, not in `summary`


def read_reasoning(item: dict[str, Any], *, answer: bool = False) -> Reasoning:
    """A reasoning item; its summary and content parts become one text."""
    blocks = reasoning_blocks(item)
    extra = unknown(item, _REASONING_KEYS | _STATUS if answer else _REASONING_KEYS) or {}
    seal = seal_of(item)
    if text(item, "id") and (answer or seal is None):
        extra["id"] = item["id"]
    if blocks and not item.get("summary"):
        extra[CONTENT_MARK] = True
    return Reasoning(text=BETWEEN.join(blocks), summary=bool(item.get("summary")), seal=seal, extra=extra or None)


def reasoning_blocks(item: dict[str, Any]) -> list[str]:
    """The texts of a reasoning item that say something, summary first."""
    blocks = [*objects(item, "summary"), *objects(item, "content")]
    return [text(block, "text") for block in blocks if text(block, "text")]


def seal_of(item: dict[str, Any]) -> Seal | None:
    """The encrypted content of a reasoning item."""
    value = text_or_none(item, "encrypted_content")
    return Seal("openai", "encrypted_content", value, text_or_none(item, "id")) if value else None


def write_reasoning(part: Reasoning, item_id: str | None, *, extras: bool = True) -> dict[str, Any]:
    """A reasoning item. The seal goes in when it is OpenAI's: the caller has decided that it may."""
    extra = dict(part.extra or {}) if extras else {}
    own, block_id = extra.pop(CONTENT_MARK, False), extra.pop("id", None)
    seal = part.seal if part.seal is not None and part.seal.kind == "encrypted_content" else None
    block = [{"type": "reasoning_text" if own else "summary_text", "text": part.text}] if part.text else []
    fields = clean(type="reasoning", id=item_id or (seal.id if seal else None) or block_id)
    fields["summary"] = [] if own else block
    if own:
        fields["content"] = block
    if seal:
        fields["encrypted_content"] = seal.value
    return {**fields, **extra}


def read_call(item: dict[str, Any], *, answer: bool = False) -> ToolCall:
    """A function or custom tool call."""
    kind = text(item, "type")
    field = CALLS[kind]
    known = _KNOWN[field] | _STATUS if answer else _KNOWN[field]
    return ToolCall(
        id=text(item, "call_id") or text(item, "id"),
        name=text(item, "name"),
        arguments=text(item, field),
        kind="custom" if kind == "custom_tool_call" else "function",
        namespace=text_or_none(item, "namespace"),
        item_id=text_or_none(item, "id"),
        extra=unknown(item, known),
    )


def write_call(part: ToolCall, item_id: str | None, *, extras: bool = True) -> dict[str, Any]:
    """A call as an item; its `id` only when it is known."""
    kind = "custom_tool_call" if part.kind == "custom" else "function_call"
    fields = clean(type=kind, id=item_id, call_id=part.id, name=part.name, namespace=part.namespace)
    fields[CALLS[kind]] = part.arguments
    return {**fields, **((part.extra if extras else None) or {})}

"""Seals of a request that goes to an upstream of its own protocol, settled in the parsed body.

Such a body normally passes as it is. It is looked into only when something in it may not pass: packed seals (`axh1:` stands in
the bytes), seals of another channel after a switch, seals that the upstream has just refused; for Chat, thinking that a vendor
wants back and the client left out. What changes is given back as top-level keys for `raw.splice`; everything else keeps its
bytes.
"""

from collections.abc import Callable
from typing import Any

from ..types.messages import Protocol, Seal
from .arrive import report
from .base import Losses, Target
from .body import ClientBody
from .compaction import summary_of
from .seals import FIELDS, MARKS, VENDORS, Book, Judge, unwrap

_Item = dict[str, Any]
_KEYS: dict[Protocol, str] = {
    "anthropic": "messages",
    "openai-responses": "input",
    "gemini": "contents",
    "openai-chat": "messages",
}
_SIGNS = (b'"signature"', b'"redacted_thinking"', b'"encrypted_content"', b'"thoughtSignature"', b'"thought_signature"')
SKIP = "skip_thought_signature_validator"  # Google's own word for a call whose thinking another model did


def settle(
    protocol: Protocol, body: ClientBody, target: Target, book: Book, losses: Losses, *, mixed: bool, trust: bool
) -> dict[str, Any]:
    """The top-level keys to change; empty when the body may go as it is. `mixed`: other channels served this conversation."""
    if protocol == "openai-chat":
        return _thinking_back(body, target, book) if target.quirks.replay_reasoning else {}
    packed = body.said(MARKS if protocol == "gemini" else MARKS[:1])  # only there they are wrapped
    if not packed and not ((mixed or not trust) and body.said(_SIGNS)):
        return {}
    judge = Judge(protocol, target, book, trust=trust)
    key = _KEYS[protocol]
    items = body.fields.get(key)
    if not isinstance(items, list):
        return {}
    settled = _WALKS[protocol](items, judge, target.quirks.replay_reasoning, trust)
    report(judge, losses, trust=trust)
    if settled == items:
        return {}
    changes = {key: settled}
    return changes | (_still_thinking(body, settled, losses) if protocol == "anthropic" else {})


def _verdict(judge: Judge, protocol: Protocol, kind: str, value: Any) -> str | None:
    """The value to send, or None."""
    if not isinstance(value, str) or not value:
        return None
    seal, _ = judge.open(Seal(VENDORS[protocol], kind, unwrap(value) if protocol == "gemini" else value))
    fitted = judge.fit(seal)
    return None if fitted is None else fitted.value


def _anthropic(messages: list[Any], judge: Judge, keeps: bool, trust: bool) -> list[Any]:
    out: list[Any] = []
    for message in messages:
        content = message.get("content") if isinstance(message, dict) and message.get("role") == "assistant" else None
        if not isinstance(content, list):
            out.append(message)
            continue
        blocks = [kept for block in content for kept in _thinking_block(block, judge, keeps, trust)]
        if blocks:
            out.append(message if blocks == content else {**message, "content": blocks})
    return out


def _thinking_block(block: Any, judge: Judge, keeps: bool, trust: bool) -> list[Any]:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "redacted_thinking":
        value = _verdict(judge, "anthropic", "redacted", block.get("data"))
        return [] if value is None else [{**block, "data": value}]
    if kind != "thinking" or (trust and not block.get("signature")):
        return [block]
    value = _verdict(judge, "anthropic", "signature", block.get("signature"))
    if value is not None:
        return [{**block, "signature": value}]
    return [{key: item for key, item in block.items() if key != "signature"}] if keeps and block.get("thinking") else []


def _still_thinking(body: ClientBody, messages: list[Any], losses: Losses) -> dict[str, Any]:
    """A budget for thinking is refused while the last tool turn has none: it pauses, and so do edits that need it."""
    thinking, turns = body.get("thinking"), [m for m in messages if isinstance(m, dict) and m.get("role") == "assistant"]
    content = turns[-1].get("content") if turns else None
    if not isinstance(thinking, dict) or thinking.get("type") != "enabled" or not isinstance(content, list):
        return {}
    kinds = [block.get("type") for block in content if isinstance(block, dict)]
    if "tool_use" not in kinds or kinds[0] in ("thinking", "redacted_thinking"):
        return {}
    losses.drop("thinking", "the last tool turn has no signed thinking to go on from")
    return {"thinking": None, **without_thinking_edits(body.get("context_management"))}


def without_thinking_edits(management: Any) -> dict[str, Any]:
    """`context_management` less the edits that are refused while nothing thinks."""
    edits = management.get("edits") if isinstance(management, dict) else None
    if not isinstance(edits, list):
        return {}
    kept = [edit for edit in edits if not (isinstance(edit, dict) and str(edit.get("type")).startswith("clear_thinking"))]
    return {} if kept == edits else {"context_management": {**management, "edits": kept} if kept else None}


def _responses(items: list[Any], judge: Judge, keeps: bool, trust: bool) -> list[Any]:
    out: list[Any] = []
    for item in items:
        summary = summary_of(item) if isinstance(item, dict) else None
        value = item.get("encrypted_content") if isinstance(item, dict) and item.get("type") == "reasoning" else None
        if summary is not None:
            out.append({"type": "message", "role": "user", "content": [{"type": "input_text", "text": summary}]})
            continue
        if not value:
            out.append(item)
            continue
        sent = _verdict(judge, "openai-responses", "encrypted_content", value)
        if sent is not None:
            out.append({**item, "encrypted_content": sent})
        elif keeps and (item.get("summary") or item.get("content")):
            out.append({key: inner for key, inner in item.items() if key != "encrypted_content"})
    return out


def _gemini(contents: list[Any], judge: Judge, keeps: bool, trust: bool) -> list[Any]:
    out: list[Any] = []
    for content in contents:
        parts = content.get("parts") if isinstance(content, dict) else None
        if not isinstance(parts, list):
            out.append(content)
            continue
        settled = [kept for part in parts for kept in _gemini_part(part, judge)]
        if settled:
            out.append({**content, "parts": settled})
    return out


def _gemini_part(part: Any, judge: Judge) -> list[Any]:
    key = next((key for key in ("thoughtSignature", "thought_signature") if isinstance(part, dict) and part.get(key)), None)
    if key is None:
        return [part]
    value = _verdict(judge, "gemini", FIELDS["gemini"], part[key])
    if value is not None:
        return [{**part, key: value}]
    if "functionCall" in part or "function_call" in part:
        return [{**part, key: SKIP}]
    return [] if part.get("thought") or part.get("text") == "" else [{k: v for k, v in part.items() if k != key}]


def _thinking_back(body: ClientBody, target: Target, book: Book) -> dict[str, Any]:
    """Vendors that want thinking back refuse a conversation with tools without it, on any turn; many clients strip it."""
    field, messages = target.quirks.reasoning_field, body.fields.get("messages")
    always = bool(body.fields.get("tools"))
    if not isinstance(messages, list) or not (always or b'"tool_calls"' in body.data):
        return {}
    settled = [_with_thinking(message, field, book, always=always) for message in messages]
    return {} if settled == messages else {"messages": settled}


def _with_thinking(message: Any, field: str, book: Book, *, always: bool) -> Any:
    if not isinstance(message, dict) or message.get("role") != "assistant":
        return message
    found = message.get("tool_calls")
    calls = found if isinstance(found, list) else []
    if not (calls or always) or isinstance(message.get(field), str) or message.get("reasoning_details"):
        return message
    for name in ("reasoning_content", "reasoning"):
        if isinstance(message.get(name), str) and message[name]:
            return {**{k: v for k, v in message.items() if k != name}, field: message[name]}
    return {**message, field: _recalled(calls, book)}


def _recalled(calls: list[Any], book: Book) -> str:
    for call in calls:
        inner = (call.get("function") or call.get("custom")) if isinstance(call, dict) else None
        if isinstance(inner, dict):
            kept = book.recall(str(call.get("id")), str(inner.get("arguments", inner.get("input", ""))))
            if kept is not None and kept.thoughts:
                return "".join(thought.text for thought in kept.thoughts)
    return ""


_WALKS: dict[Protocol, Callable[[list[Any], Judge, bool, bool], list[Any]]] = {
    "anthropic": _anthropic,
    "openai-responses": _responses,
    "gemini": _gemini,
}

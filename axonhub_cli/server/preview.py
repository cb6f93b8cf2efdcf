"""What the trace shows of a request at a glance: the end of the conversation in one line, and how hard the model shall think."""

from typing import Any

from ..errors import ProtocolError
from ..protocols.body import ClientBody

_LENGTH = 300


def preview(body: ClientBody) -> str | None:
    """The text of the last user message, cut; None when the last thing is no text (a tool result)."""
    try:
        last = body.last("messages") or body.last("input")
    except ProtocolError:
        return None
    text = last if isinstance(last, str) else _text(last)
    return " ".join(text.split())[:_LENGTH] or None


def _text(message: Any) -> str:
    if not isinstance(message, dict) or message.get("role") not in ("user", None):
        return ""
    content = message.get("content")
    if isinstance(content, str):
        return content
    texts = [part.get("text") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return "\n".join(text for text in texts if isinstance(text, str) and not text.startswith("<system-reminder>"))


def effort(body: ClientBody) -> str | None:
    """The effort that the client asked for, in whichever field its protocol has."""
    for key, inner in (
        ("reasoning", "effort"),
        ("output_config", "effort"),
        ("reasoning_effort", None),
        ("thinking", "budget_tokens"),
    ):
        value = body.get(key)
        if inner is not None:
            value = value.get(inner) if isinstance(value, dict) else None
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and value:
            return f"{value} tokens"
    return None

"""What the trace shows of a request at a glance: the end of the conversation in one line, and how hard the model shall think."""

from typing import Any

from ..errors import ProtocolError
from ..protocols.body import ClientBody
from ..trace.effort import effort as effort  # the other half of the glance

_LENGTH = 300


def preview(body: ClientBody) -> str | None:
    """The text of the last user message, cut; None when the last thing is no text (a tool result).

    Instructions that follow it are passed over: newer models of Claude Code get a system message after the user's words.
    """
    try:
        last = _last_words(body)
    except ProtocolError:
        return None
    text = last if isinstance(last, str) else _text(last)
    return " ".join(text.split())[:_LENGTH] or None


def _last_words(body: ClientBody) -> Any:
    for key in ("messages", "input", "contents"):
        for item in body.backwards(key):
            if not _instructs(item):
                return item
    return None


def _instructs(item: Any) -> bool:
    return isinstance(item, dict) and item.get("role") in ("system", "developer")


def _text(message: Any) -> str:
    if not isinstance(message, dict) or message.get("role") not in ("user", None):
        return ""
    content = message.get("content", message.get("parts"))
    if isinstance(content, str):
        return content
    texts = [part.get("text") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return "\n".join(text for text in texts if isinstance(text, str) and not text.startswith("<system-reminder>"))

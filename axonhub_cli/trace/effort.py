"""How hard a model is asked to think, in whichever field a protocol has for it."""

from typing import Any, Protocol

from ..protocols.body import ClientBody, keys


class Fields(Protocol):
    """A body, read or not: `ClientBody`, or an object of JSON."""

    def get(self, key: str, /) -> Any: ...


_FIELDS = (("reasoning", "effort"), ("output_config", "effort"), ("reasoning_effort", None), ("thinking", "budget_tokens"))

_KEYS = keys("generationConfig", *(key for key, _ in _FIELDS))


def effort(body: ClientBody) -> str | None:
    """The effort's name, or a budget of thinking tokens; None when nothing is said. Raises `ProtocolError` for a broken value."""
    return effort_in(body) if body.has(_KEYS) else None


def effort_in(body: Fields) -> str | None:
    """The same of a body that may be an object already."""
    config = body.get("generationConfig")
    thinking = config.get("thinkingConfig") if isinstance(config, dict) else None
    if isinstance(thinking, dict) and isinstance(thinking.get("thinkingLevel"), str):
        return str(thinking["thinkingLevel"]).lower()
    for key, inner in _FIELDS:
        value = body.get(key)
        if inner is not None:
            value = value.get(inner) if isinstance(value, dict) else None
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and value:
            return f"{value} tokens"
    return None

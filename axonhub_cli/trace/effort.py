"""How hard a model is asked to think, in whichever field a protocol has for it."""

from ..protocols.body import ClientBody

_FIELDS = (("reasoning", "effort"), ("output_config", "effort"), ("reasoning_effort", None), ("thinking", "budget_tokens"))

_KEYS = frozenset({"generationConfig", *(key for key, _ in _FIELDS)})


def effort(body: ClientBody) -> str | None:
    """The effort's name, or a budget of thinking tokens; None when nothing is said. Raises `ProtocolError` for a broken value."""
    if not body.has(_KEYS):
        return None
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

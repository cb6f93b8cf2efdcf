"""Which codecs there are. Each is imported when it is first asked for: a session uses two of them at most."""

from functools import cache
from importlib import import_module

from ..errors import ConfigError
from ..types.messages import Protocol
from .base import Codec

_MODULES: dict[str, str] = {
    "anthropic": "anthropic",
    "openai-chat": "openai_chat",
    "openai-responses": "openai_responses",
    "gemini": "gemini",
}
SPOKEN: tuple[Protocol, ...] = ("anthropic", "openai-chat", "openai-responses", "gemini")


@cache
def codec(name: str) -> Codec:
    """The codec of a protocol. Raises `ConfigError` for a protocol that this version does not speak."""
    module = _MODULES.get(name)
    if module is None:
        raise ConfigError(f"The protocol {name} is not spoken by this version.", hint=f"Use one of {', '.join(SPOKEN)}.")
    found: Codec = import_module(f"{__package__}.{module}").CODEC
    return found

"""What cannot be formed at a target is refused before anybody is asked: 400 with the reason, never an answer that pretends.

Refused is what the answer depends on: state that lies with another vendor (`previous_response_id`, stored items), sound that the
client has just sent to a protocol without sound, an answer in sound, several answers at once, a hosted tool that must be used
(`adapt`). Everything that merely helps is left out with a loss instead. A target of the client's own protocol refuses for itself.
"""

from typing import Any

from ..errors import RequestError
from ..types.messages import Media, Message, Opaque, Protocol, Request, ToolResult

_TITLES: dict[Protocol, str] = {
    "anthropic": "Anthropic Messages",
    "openai-chat": "Chat Completions",
    "openai-responses": "the Responses API",
    "gemini": "Gemini",
}
_HEARS: frozenset[Protocol] = frozenset({"openai-chat", "gemini"})
STATE = {
    "previous_response_id": "the conversation that it names lies with the vendor that answered before",
    "conversation": "the conversation that it names lies with another vendor",
    "prompt": "the prompt template that it names lies with another vendor",
    "background": "an answer in the background can be fetched from a Responses API only",
}
_WHOLE = "Send the whole conversation as input (store: false), or map this model to a channel that speaks openai-responses."
_SOUND = "Map this model to a channel whose protocol carries audio (openai-chat, gemini), or send the words as text."


def refuse(request: Request, protocol: Protocol) -> None:
    """Raises `RequestError` when the request asks for what an answer through this protocol cannot be."""
    if request.origin == protocol and protocol != "openai-responses":
        return
    extra = request.extra or {}
    if request.origin == "openai-responses":
        _refuse_state(request, extra, protocol)
    if request.origin == "gemini" and extra.get("cachedContent"):
        raise RequestError(
            f"cachedContent: what it names lies with Google; this model is served through {_title(protocol)}.",
            hint="Send the whole content, or map this model to a channel that speaks gemini.",
            param="cachedContent",
        )
    _refuse_sound(request, extra, protocol)


def _refuse_state(request: Request, extra: dict[str, Any], protocol: Protocol) -> None:
    """Also at a Responses endpoint that is not the vendor's own: those keep nothing."""
    for key, why in STATE.items():
        if extra.get(key):
            raise RequestError(f"{key}: {why}; this model is served through {_title(protocol)}.", hint=_WHOLE, param=key)
    for at, message in enumerate(request.messages):
        if any(isinstance(part, Opaque) and part.kind == "item_reference" for part in message.parts):
            raise RequestError(
                f"input: it refers to an item by its id, and the item lies with another vendor; this model is served through "
                f"{_title(protocol)} (message {at}).",
                hint=_WHOLE,
                param="input",
            )


def _refuse_sound(request: Request, extra: dict[str, Any], protocol: Protocol) -> None:
    if request.origin == protocol:
        return
    name, wanted = _forms(request, extra)
    if extra.get("audio") or (isinstance(wanted, list) and any(word in ("audio", "AUDIO") for word in wanted)):
        raise RequestError(
            f"{name}: an answer in audio was asked for, and this model is served through {_title(protocol)}, which the audio "
            "cannot come through.",
            hint="Ask for text, or map this model to a channel that speaks the client's own protocol.",
            param=name,
        )
    if protocol not in _HEARS and request.messages and _holds(request.messages[-1], "audio"):
        raise RequestError(
            f"messages: the last one holds audio, and this model is served through {_title(protocol)}, which has none.",
            hint=_SOUND,
            param="messages",
        )


def _forms(request: Request, extra: dict[str, Any]) -> tuple[str, Any]:
    """In which forms the answer is wanted, and how the client's protocol calls that."""
    if request.origin != "gemini":
        return "modalities", extra.get("modalities")
    config = extra.get("generationConfig")
    return "generationConfig.responseModalities", config.get("responseModalities") if isinstance(config, dict) else None


def refuse_blind(request: Request) -> None:
    """The same for an image in the last message where the model sees none: asked only when another channel has one that does.
    Otherwise a placeholder stands for it."""
    if request.messages and _holds(request.messages[-1], "image"):
        raise RequestError(
            "messages: the last one holds an image, and the model of this channel sees none.",
            hint="Where no other channel does either, a placeholder stands for the image.",
            param="messages",
        )


def _holds(message: Message, kind: str) -> bool:
    parts = [*message.parts, *(inner for part in message.parts if isinstance(part, ToolResult) for inner in part.parts)]
    return any(isinstance(part, Media) and part.kind == kind for part in parts)


def _title(protocol: Protocol) -> str:
    return _TITLES[protocol]

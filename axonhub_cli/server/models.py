"""`GET /v1/models`: the names that profiles and channels offer, in the shape of whoever asks."""

from typing import Any

from ..config.keys import Key
from ..errors import RequestError
from ..routing.plan import offered, plan
from ..types.messages import Protocol
from .client import SAFE
from .exchange import Answered, json_response
from .gateway import Gateway

_CREATED = 1735689600  # 2025-01-01: no vendor's date is known here, and SDKs require one
_CREATED_ISO = "2025-01-01T00:00:00Z"


def answer(gateway: Gateway, key: Key, protocol: Protocol, name: str) -> Answered:
    """The list, or one model of it. A model that nobody lists but that a channel would serve exists too."""
    profile = gateway.profile_of(key)
    names = offered(gateway.config, profile)
    if name:
        if name not in names:
            plan(gateway.config, profile, name, protocol)  # raises not_found with the nearest names
        return json_response(_one(protocol, name), headers=SAFE)
    data = [_one(protocol, model) for model in names]
    if protocol == "anthropic":
        edge = {"first_id": names[0] if names else None, "last_id": names[-1] if names else None}
        return json_response({"data": data, "has_more": False, **edge}, headers=SAFE)
    if protocol == "gemini":
        return json_response({"models": data}, headers=SAFE)
    return json_response({"object": "list", "data": data}, headers=SAFE)


def _one(protocol: Protocol, name: str) -> dict[str, Any]:
    if len(name) > 300:
        raise RequestError("That model name is too long.", kind="not_found")
    if protocol == "anthropic":
        return {"type": "model", "id": name, "display_name": name, "created_at": _CREATED_ISO}
    if protocol == "gemini":
        methods = ["generateContent", "streamGenerateContent", "countTokens"]
        return {"name": f"models/{name}", "version": "001", "displayName": name, "supportedGenerationMethods": methods}
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "axonhub"}

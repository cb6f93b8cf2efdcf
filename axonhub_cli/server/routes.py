"""The table of routes. Exact paths, no patterns: what is not here is 404 with a sentence.

Both prefixes work, since clients append `/v1/…` to whatever base they were given: `/anthropic/v1/messages` (the AxonHub server's
guide) and `/v1/messages`; a base that already ended in `/v1` gives `/anthropic/v1/v1/messages`, which is understood too.
"""

from typing import Literal, NamedTuple
from urllib.parse import unquote

from ..types.messages import Protocol

Kind = Literal["call", "count_tokens", "models", "model", "health", "hello", "events", "state", "websocket"]


class Route(NamedTuple):
    """What a path is for. `protocol` is the one that answers and errors are written in; `arg` is the model of `/models/{id}`."""

    kind: Kind
    protocol: Protocol
    methods: tuple[str, ...]
    arg: str = ""


_POST, _GET, _HEAD = ("POST",), ("GET", "HEAD"), ("HEAD", "GET")
_TABLE: dict[str, Route] = {
    "/anthropic/v1/messages": Route("call", "anthropic", _POST),
    "/anthropic/v1/messages/count_tokens": Route("count_tokens", "anthropic", _POST),
    "/anthropic/v1/models": Route("models", "anthropic", _GET),
    "/anthropic": Route("hello", "anthropic", _HEAD),
    "/anthropic/api/hello": Route("hello", "anthropic", _HEAD),
    "/v1/messages": Route("call", "anthropic", _POST),
    "/v1/messages/count_tokens": Route("count_tokens", "anthropic", _POST),
    "/v1/chat/completions": Route("call", "openai-chat", _POST),
    "/v1/responses": Route("call", "openai-responses", _POST),
    "/v1/models": Route("models", "openai-chat", _GET),
    "/": Route("hello", "openai-chat", _HEAD),
    "/api/hello": Route("hello", "anthropic", _HEAD),
    "/health": Route("health", "openai-chat", _GET),
    "/_axonhub/events": Route("events", "openai-chat", ("GET",)),
    "/_axonhub/state": Route("state", "openai-chat", ("GET",)),
}


def find(path: str) -> Route | None:
    """The route of a raw path (no query), or None."""
    path = path.rstrip("/") or "/"
    path = path.replace("/v1/v1/", "/v1/", 1)
    route = _TABLE.get(path)
    if route is not None:
        return route
    for prefix in ("/anthropic/v1/models/", "/v1/models/"):
        if path.startswith(prefix):
            return Route("model", _TABLE[prefix[:-1]].protocol, _GET, unquote(path[len(prefix) :]))
    return None


def protocol_of(path: str, headers: dict[str, str]) -> Protocol:
    """The protocol to answer in where the path does not say: by what the caller looks like."""
    if path.startswith("/anthropic") or "anthropic-version" in headers:
        return "anthropic"
    return "openai-responses" if "responses" in path else "openai-chat"


def known() -> list[str]:
    """Paths for the 404's sentence."""
    return [path for path, route in _TABLE.items() if route.kind in ("call", "count_tokens", "models")]

"""The table of routes. Exact paths, and Gemini's, which name a model: what is not here is 404 with a sentence.

Both prefixes work, since clients append `/v1/…` to whatever base they were given: `/anthropic/v1/messages` (the AxonHub server's
guide) and `/v1/messages`; a base that already ended in `/v1` gives `/anthropic/v1/v1/messages`, which is understood too.

Gemini's clients append `/v1beta/models/MODEL:OPERATION`; a model's name may itself hold colons, and slashes.
"""

from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

from ..types.messages import Protocol

Kind = Literal["call", "compact", "count_tokens", "models", "model", "health", "hello", "events", "state", "websocket"]


class Route(NamedTuple):
    """What a path is for. `protocol` is the one that answers and errors are written in; `arg` is the model that the path names,
    and `stream` says whether it asks for a stream, where the path says that."""

    kind: Kind
    protocol: Protocol
    methods: tuple[str, ...]
    arg: str = ""
    stream: bool = False

    @property
    def in_path(self) -> dict[str, Any] | None:
        """What of a request the path says, where its protocol has it there."""
        return {"model": self.arg, "stream": self.stream} if self.protocol == "gemini" else None


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
    "/v1/responses/compact": Route("compact", "openai-responses", _POST),
    "/v1/models": Route("models", "openai-chat", _GET),
    "/": Route("hello", "openai-chat", _HEAD),
    "/api/hello": Route("hello", "anthropic", _HEAD),
    "/health": Route("health", "openai-chat", _GET),
    "/_axonhub/events": Route("events", "openai-chat", ("GET",)),
    "/_axonhub/state": Route("state", "openai-chat", ("GET",)),
}


_GEMINI: dict[str, Route] = {
    "generateContent": Route("call", "gemini", _POST),
    "streamGenerateContent": Route("call", "gemini", _POST, stream=True),
    "countTokens": Route("count_tokens", "gemini", _POST),
}
_GEMINI_MODELS = ("/v1beta/models", "/gemini/v1beta/models", "/gemini/v1/models", "/v1/models", "/v1alpha/models")
_SHARED = "/v1/models"  # OpenAI's too: there only an operation makes it Gemini's


def find(path: str) -> Route | None:
    """The route of a raw path (no query), or None."""
    path = path.rstrip("/") or "/"
    path = path.replace("/v1/v1/", "/v1/", 1)
    route = _TABLE.get(path) or _gemini(path)
    if route is not None:
        return route
    for prefix in ("/anthropic/v1/models/", "/v1/models/"):
        if path.startswith(prefix):
            return Route("model", _TABLE[prefix[:-1]].protocol, _GET, unquote(path[len(prefix) :]))
    return None


def _gemini(path: str) -> Route | None:
    base = next((base for base in _GEMINI_MODELS if path == base or path.startswith(f"{base}/")), None)
    if base is None:
        return None
    name = path[len(base) + 1 :]
    model, _, verb = unquote(name).rpartition(":")
    if verb in _GEMINI:
        return _GEMINI[verb]._replace(arg=model) if model else None
    if base == _SHARED or "/" in name:
        return None
    return Route("model" if name else "models", "gemini", _GET, unquote(name))


def asker(route: Route, headers: dict[str, str]) -> Protocol:
    """The protocol of who lists models: the paths are shared, the headers are not."""
    if "anthropic-version" in headers:
        return "anthropic"
    google = "x-goog-api-key" in headers or "x-goog-api-client" in headers
    return "gemini" if google and route.protocol == "openai-chat" else route.protocol


def protocol_of(path: str, headers: dict[str, str]) -> Protocol:
    """The protocol to answer in where the path does not say: by what the caller looks like."""
    if path.startswith("/anthropic") or "anthropic-version" in headers:
        return "anthropic"
    if path.startswith(("/gemini", "/v1beta")) or "x-goog-api-key" in headers:
        return "gemini"
    return "openai-responses" if "responses" in path else "openai-chat"


def known() -> list[str]:
    """Paths for the 404's sentence."""
    paths = [path for path, route in _TABLE.items() if route.kind in ("call", "compact", "count_tokens", "models")]
    return [*paths, *(f"/v1beta/models/MODEL:{verb}" for verb in _GEMINI)]

"""The way to an upstream: connections of our own, the headers that may travel, and every failure as a `Problem`.

Plain HTTP and HTTPS go through `wires`; what is rare (a proxy, credentials in the address, a host that is not ASCII) goes through
aiohttp's client (`borrowed`). Both give an `Answer` of the same form.

Nothing of the environment is used (no proxies, no .netrc), no redirect is ever followed (aiohttp would carry `x-api-key` to
the new host), no cookie is kept. What the client sent as credentials never leaves this machine.
"""

import os
import socket
import ssl
from collections.abc import Awaitable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from .. import __version__
from ..config.presets import url
from ..routing.failover import UNKNOWN_NAME
from ..routing.plan import Candidate
from ..types.edited import Body
from ..types.messages import Protocol
from ..types.problem import Problem
from .card import Card
from .reading import Answer
from .wire import Broken
from .wires import Place, Unreachable, Wires, head_of, split

if TYPE_CHECKING:
    from .borrowed import Client

_PATHS: dict[Protocol, str] = {
    "anthropic": "/v1/messages",
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
}
# What a client may say to an upstream of its own protocol, by exact name or by prefix.
_ALWAYS = ("user-agent", "idempotency-key")
_PASS: dict[str, tuple[frozenset[str], tuple[str, ...]]] = {
    "anthropic": (frozenset([*_ALWAYS, "anthropic-version", "anthropic-beta", "x-app"]), ("x-stainless-", "x-claude-code-")),
    "openai-chat": (frozenset([*_ALWAYS, "openai-beta"]), ("x-stainless-",)),
    "openai-responses": (
        frozenset([*_ALWAYS, "openai-beta", "originator", "session-id", "thread-id", "x-client-request-id", "version"]),
        ("x-stainless-", "x-codex-", "x-openai-"),
    ),
    "gemini": (frozenset([*_ALWAYS, "x-goog-api-client"]), ()),
}
# What an upstream may say to the client. Everything else stays here: cookies, CORS, hop-by-hop.
_BACK = frozenset(["request-id", "x-request-id", "openai-processing-ms", "openai-version", "retry-after", "retry-after-ms"])
_BACK_PREFIXES = ("anthropic-ratelimit-", "x-ratelimit-")


def operation(protocol: Protocol, model: str, *, stream: bool = False, count: bool = False) -> str:
    """The path of a call or of a token count, as `presets.url` takes it; Gemini's names the model and says how to answer."""
    if protocol != "gemini":
        return _PATHS[protocol] + ("/count_tokens" if count else "")
    name = quote(model, safe="/") if model.startswith(("models/", "tunedModels/")) else f"models/{quote(model, safe='')}"
    verb = "countTokens" if count else "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"/v1beta/{name}:{verb}"


class Upstream:
    """Opens requests to upstreams, on a running loop; `close` ends every connection."""

    def __init__(self) -> None:
        self._wires = Wires()
        self._contexts: dict[str | None, ssl.SSLContext] = {}
        self._client: Client | None = None

    async def close(self) -> None:
        self._wires.close()
        if self._client is not None:
            await self._client.close()

    def open(self, candidate: Candidate, path: str, body: Body, headers: list[tuple[str, str]]) -> Awaitable[Answer]:
        """Send the request, once it is awaited, and wait for the response's headers. A reused connection that the upstream had
        already closed is replaced once, silently: it answered nothing, so nothing was done twice."""
        channel, target = candidate.channel, url(candidate.endpoint, path)
        plain = None if channel.proxy else split(target)
        if plain is None:
            return self._borrow(candidate, target, bytes(body), headers)
        host, port, tls, start = plain
        place = Place(host, port, self._context(channel.ca_file) if tls else None)
        return self._wires.ask(place, head_of(start, headers, len(body)), body, channel.timeouts.connect)

    async def _borrow(self, candidate: Candidate, target: str, body: bytes, headers: list[tuple[str, str]]) -> Answer:
        if self._client is None:
            from .borrowed import Client  # half a server's start-up, for what most never need

            self._client = Client()
        channel = candidate.channel
        context = self._context(channel.ca_file) if target.startswith("https:") else None
        return await self._client.post(
            target, body, headers, connect=channel.timeouts.connect, proxy=channel.proxy, context=context
        )

    def _context(self, ca_file: str | None) -> ssl.SSLContext:
        context = self._contexts.get(ca_file)
        if context is None:
            import truststore

            context = ssl.create_default_context(cafile=ca_file) if ca_file else truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._contexts[ca_file] = context
        return context


def request_headers(
    candidate: Candidate, secret: str | None, client: Mapping[str, str], *, same: bool, stream: bool
) -> list[tuple[str, str]]:
    """The headers of an upstream request. `same`: the client speaks this protocol itself, so some of what it said passes on."""
    if not isinstance(client, Card):
        return _request_headers(candidate, secret, client, same=same, stream=stream)
    key = (id(candidate.channel), candidate.endpoint.protocol, secret, same, stream)  # channels live as long as the configuration
    found = client.passed.get(key)
    if found is None:
        found = client.passed[key] = _request_headers(candidate, secret, client, same=same, stream=stream)
    return found


def _request_headers(
    candidate: Candidate, secret: str | None, client: Mapping[str, str], *, same: bool, stream: bool
) -> list[tuple[str, str]]:
    protocol = candidate.endpoint.protocol
    headers = {"content-type": "application/json", "accept-encoding": "identity", "user-agent": f"axonhub/{__version__}"}
    headers["accept"] = "text/event-stream" if stream else "application/json"
    if same:
        exact, prefixes = _PASS[protocol]
        headers.update((name, value) for name, value in client.items() if name in exact or name.startswith(prefixes))
    if protocol == "anthropic":
        headers.setdefault("anthropic-version", "2023-06-01")
    if secret:
        headers.update(_credentials(candidate, secret))
    headers.update((name.lower(), value) for name, value in candidate.channel.headers.items())
    return list(headers.items())


def _credentials(candidate: Candidate, secret: str) -> dict[str, str]:
    """The secret in the form that the endpoint wants. Anthropic's own OAuth tokens are bearers, also where its keys are not."""
    if candidate.endpoint.auth == "bearer" or secret.startswith("sk-ant-oat"):
        return {"authorization": f"Bearer {secret}"}
    return {candidate.endpoint.auth: secret}


def response_headers(upstream: Mapping[str, str]) -> dict[str, str]:
    """Of an upstream's response headers, those that the client gets."""
    return {name: upstream[name] for name in filter(_goes_back, upstream)}


@lru_cache(maxsize=512)
def _goes_back(name: str) -> bool:
    return name in _BACK or name.startswith(_BACK_PREFIXES)


def is_here(candidate: Candidate, port: int) -> bool:
    """Whether an endpoint is this very server: asking it would go round for ever."""
    return _leads_to(candidate.endpoint.base_url, port)


@lru_cache(maxsize=256)
def _leads_to(url: str, port: int) -> bool:
    parts = urlsplit(url)
    return parts.port == port and parts.hostname in ("127.0.0.1", "localhost", "::1")


def problem_of(error: Exception, candidate: Candidate) -> Problem:
    """A failure of the connection as a problem that names the host and what to do."""
    name, host = candidate.channel.name, _host(candidate)
    cause = error.cause if isinstance(error, Unreachable) else error
    if isinstance(error, TimeoutError):
        return Problem(kind="timeout", message=f"{host} (channel {name}) did not answer in time.")
    if isinstance(cause, socket.gaierror):
        return Problem(
            kind="upstream",
            code=UNKNOWN_NAME,
            message=f"The name {host} (channel {name}) cannot be resolved. Check its base_url and the network.",
        )
    if isinstance(cause, ssl.SSLCertVerificationError):
        hint = "If a company proxy signs it, name its CA as ca_file in the channel."
        return Problem(
            kind="upstream", message=f"The TLS certificate of {host} (channel {name}) is not trusted. {hint}", should_retry=False
        )
    if isinstance(cause, ssl.SSLError):
        return Problem(
            kind="upstream",
            message=f"{host} (channel {name}) does not speak TLS on that port. Check its base_url.",
            should_retry=False,
        )
    if isinstance(error, Unreachable):
        failure = error.cause
        reason = os.strerror(failure.errno) if failure.errno else failure.strerror or type(failure).__name__
        return Problem(
            kind="upstream", message=f"Cannot connect to {host} (channel {name}): {reason}. Is it running, and is base_url right?"
        )
    reason = str(error) if isinstance(error, Broken) else type(error).__name__
    return Problem(kind="upstream", message=f"The connection to {host} (channel {name}) broke: {reason}.")


def _host(candidate: Candidate) -> str:
    parts = urlsplit(candidate.endpoint.base_url)
    return parts.netloc.rpartition("@")[2] or candidate.endpoint.base_url

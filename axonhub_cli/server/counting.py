"""Counting tokens (`/v1/messages/count_tokens`, Gemini's `:countTokens`): the upstream's own counter where it has one, else an
estimate. It never fails on a good request.

The counters of Anthropic and Google take requests of their own form, so a client of either may be counted by either.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import web

from ..errors import AxonHubError
from ..protocols.base import Losses, Target
from ..protocols.body import ClientBody
from ..protocols.lanes import prepare
from ..protocols.raw import dumps, loads, loads_object, splice
from ..protocols.registry import codec
from ..protocols.seal_wire import settle
from ..protocols.seals import Book, maker
from ..routing.plan import Candidate, plan
from ..tokens import estimate
from ..trace.records import RequestRecord
from ..types.messages import Protocol
from .client import SAFE
from .gateway import Gateway
from .reading import MAX_ERROR, read_whole
from .upstream import operation, request_headers

_PATIENCE = 10.0  # seconds for an upstream's counter; clients ask in bursts and wait
_COUNTERS: dict[Protocol, str] = {"anthropic": "input_tokens", "gemini": "totalTokens"}  # and what their answers call the number
_COUNTED = frozenset({"model", "messages", "system", "tools", "tool_choice", "thinking"})  # all that Anthropic's counter takes


async def count(
    gateway: Gateway, headers: Mapping[str, str], body: ClientBody, record: RequestRecord, scale: float
) -> web.StreamResponse:
    """The number of input tokens, in the client's shape. `x-axonhub-count` says who counted."""
    counted: int | None = None
    client = codec(record.protocol)
    last = gateway.last_place(record.trace_id)
    chosen = plan(gateway.config, record.profile, body.model, client.name, trace_id=record.trace_id, last=last)
    candidate = next((c for c in chosen.candidates if c.endpoint.protocol in _COUNTERS), None)
    asked = _whole(body) if client.name == "gemini" else body
    if candidate is not None:
        counted = await _ask(gateway, candidate, headers, body, asked, client.name, scale)
    by = "upstream" if counted is not None else "estimate"
    if counted is None:
        counted = estimate(client.read_request(asked.fields))
    told = {**SAFE, "x-axonhub-count": by, "AH-Trace-Id": record.trace_id}
    return web.json_response({_COUNTERS[client.name]: counted}, headers=told)


def _whole(body: ClientBody) -> ClientBody:
    """Gemini's clients send the contents alone, or the whole request one level down."""
    inner = body.get("generateContentRequest") or body.get("generate_content_request")
    return ClientBody(dumps(inner), {"model": body.model, "stream": False}) if isinstance(inner, dict) else body


async def _ask(
    gateway: Gateway,
    candidate: Candidate,
    headers: Mapping[str, str],
    body: ClientBody,
    asked: ClientBody,
    client: Protocol,
    scale: float,
) -> int | None:
    """The upstream's figure, or None for whatever reason."""
    protocol = candidate.endpoint.protocol
    try:
        secret = await gateway.secret(candidate.secret) if candidate.secret else None
        data = _question(candidate, body, asked, client, gateway.seals)
        sent = request_headers(candidate, secret, headers, same=protocol == client, stream=False)
        async with asyncio.timeout(_PATIENCE * scale):
            path = operation(protocol, candidate.model, count=True)
            response = await gateway.upstream.open(candidate, path, data, sent)
            try:
                answer = loads(await read_whole(response, MAX_ERROR)) if response.status == 200 else None
            finally:
                response.close()
    except (TimeoutError, aiohttp.ClientError, OSError, AxonHubError):
        return None
    value = answer.get(_COUNTERS[protocol]) if isinstance(answer, dict) else None
    return value if isinstance(value, int) and value >= 0 else None


def _question(candidate: Candidate, body: ClientBody, asked: ClientBody, client: Protocol, book: Book) -> bytes:
    """The body for the counter. A request of the counter's own protocol passes as it is, but for the model's name."""
    protocol, model = candidate.endpoint.protocol, candidate.model
    name = candidate.channel.name
    sealed = Target(model=model, quirks=candidate.endpoint.quirks, channel=name, maker=maker(candidate.endpoint.base_url, name))
    if protocol == client == "anthropic":
        kept = settle(client, body, sealed, book, Losses(), mixed=True, trust=True)  # no seal of anybody else's
        return splice(body.data, {**kept, "model": model})
    if protocol == client and asked is body:
        return body.data
    if protocol == client:
        return _inside(asked.fields, model)
    written = loads_object(prepare(codec(client), codec(protocol), asked, sealed, book).body)
    if protocol == "gemini":
        return _inside(written, model)
    return dumps({key: value for key, value in written.items() if key in _COUNTED})


def _inside(request: dict[str, Any], model: str) -> bytes:
    """A whole request, as Google's counter takes it."""
    named = model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"
    return dumps({"generateContentRequest": {**{k: v for k, v in request.items() if k != "stream"}, "model": named}})

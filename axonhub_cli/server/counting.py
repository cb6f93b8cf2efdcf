"""Counting tokens (`/v1/messages/count_tokens`, Gemini's `:countTokens`): the counter of the place that would serve the request,
where it has one, else an estimate times the ratio that was learned for its model. It never fails on a good request.

The counters of Anthropic and Google take requests of their own form, so a client of either may be counted by either. Places that
are cooling are passed over, as they would be by the call itself; a channel whose limits are used up is not asked, and one whose
counter has failed not again for a while: clients ask in bursts.
"""

import asyncio
import math
import time
from collections.abc import Mapping
from typing import Any

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
from .exchange import Answered, json_response
from .gateway import Gateway
from .overridden import overridden_headers
from .reading import MAX_ERROR, read_whole
from .upstream import is_here, operation, request_headers

_PATIENCE = 10.0  # seconds for an upstream's counter; clients ask in bursts and wait
_COUNTERS: dict[Protocol, str] = {"anthropic": "input_tokens", "gemini": "totalTokens"}  # and what their answers call the number
_COUNTED = frozenset({"model", "messages", "system", "tools", "tool_choice", "thinking"})  # all that Anthropic's counter takes


async def count(gateway: Gateway, headers: Mapping[str, str], body: ClientBody, record: RequestRecord, scale: float) -> Answered:
    """The number of input tokens, in the client's shape. `x-axonhub-count` says who counted."""
    client = codec(record.protocol)
    candidates = plan(
        gateway.config, record.profile, body.model, client.name, trace_id=record.trace_id,
        last=gateway.last_place(record.trace_id), health=gateway.places.health, now=time.monotonic(),
        learned=gateway.tested.learned,
    ).candidates  # fmt: skip
    asked = _whole(body) if client.name == "gemini" else body
    serving = next((each for each in candidates if gateway.places.well(each)), None)
    counted = await _ask(gateway, serving, headers, body, asked, client.name, scale) if serving is not None else None
    by = "upstream" if counted is not None else "estimate"
    if counted is None:
        factor = gateway.learning.factor(serving or candidates[0])
        counted = math.ceil(estimate(client.read_request(asked.fields)) * factor)
    told = {**SAFE, "x-axonhub-count": by, "AH-Trace-Id": record.trace_id}
    return json_response({_COUNTERS[client.name]: counted}, headers=told)


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
    channel, now = candidate.channel, time.monotonic()
    if (
        candidate.endpoint.protocol not in _COUNTERS
        or not candidate.endpoint.quirks.count_tokens
        or gateway.counters.rests(channel.name, now)
        or is_here(candidate, gateway.port)
    ):
        return None
    if await gateway.gates.enter(channel, may_wait=False) is not None:
        return None
    try:
        status, answer = await _answer(gateway, candidate, headers, body, asked, client, scale)
    except (TimeoutError, OSError, AxonHubError):
        status, answer = 0, None
    finally:
        gateway.gates.leave(channel)
    value = answer.get(_COUNTERS[candidate.endpoint.protocol]) if isinstance(answer, dict) else None
    if isinstance(value, int) and value >= 0:
        return value
    gateway.counters.failed(channel.name, status, now, scale)
    return None


async def _answer(
    gateway: Gateway,
    candidate: Candidate,
    headers: Mapping[str, str],
    body: ClientBody,
    asked: ClientBody,
    client: Protocol,
    scale: float,
) -> tuple[int, Any]:
    """Status and body of the counter's answer."""
    protocol = candidate.endpoint.protocol
    secret = await gateway.secret(candidate.secret) if candidate.secret else None
    data = _question(candidate, body, asked, client, gateway.seals)
    sent, _ = overridden_headers(candidate, request_headers(candidate, secret, headers, same=protocol == client, stream=False))
    async with asyncio.timeout(_PATIENCE * scale):
        path = operation(protocol, candidate.model, count=True)
        response = await gateway.upstream.open(candidate, path, data, sent)
        try:
            return response.status, loads(await read_whole(response, MAX_ERROR)) if response.status == 200 else None
        finally:
            response.close()


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

"""`POST /v1/messages/count_tokens`: the upstream's own counter where it has one, else an estimate. It never fails on a good
request."""

import asyncio
from collections.abc import Mapping

import aiohttp
from aiohttp import web

from ..errors import AxonHubError
from ..protocols.body import ClientBody
from ..protocols.raw import loads, splice
from ..protocols.registry import codec
from ..routing.plan import Candidate, plan
from ..tokens import estimate
from ..trace.records import RequestRecord
from .client import SAFE
from .gateway import Gateway
from .reading import MAX_ERROR, read_whole
from .upstream import request_headers

_PATIENCE = 10.0  # seconds for an upstream's counter; clients ask in bursts and wait


async def count(
    gateway: Gateway, headers: Mapping[str, str], body: ClientBody, record: RequestRecord, scale: float
) -> web.StreamResponse:
    """The number of input tokens, in Anthropic's shape. `x-axonhub-count` says who counted."""
    counted: int | None = None
    chosen = plan(
        gateway.config,
        record.profile,
        body.model,
        "anthropic",
        trace_id=record.trace_id,
        last=gateway.last_place(record.trace_id),
    )
    candidate = next((c for c in chosen.candidates if c.endpoint.protocol == "anthropic"), None)
    if candidate is not None:
        counted = await _ask(gateway, candidate, headers, body, scale)
    by = "upstream" if counted is not None else "estimate"
    if counted is None:
        counted = estimate(codec("anthropic").read_request(body.fields))
    return web.json_response({"input_tokens": counted}, headers={**SAFE, "x-axonhub-count": by, "AH-Trace-Id": record.trace_id})


async def _ask(gateway: Gateway, candidate: Candidate, headers: Mapping[str, str], body: ClientBody, scale: float) -> int | None:
    """The upstream's figure, or None for whatever reason."""
    try:
        secret = await gateway.secret(candidate.secret) if candidate.secret else None
        data = splice(body.data, {"model": candidate.model})
        sent = request_headers(candidate, secret, headers, same=True, stream=False)
        async with asyncio.timeout(_PATIENCE * scale):
            response = await gateway.upstream.open(candidate, "/v1/messages/count_tokens", data, sent)
            try:
                answer = loads(await read_whole(response, MAX_ERROR)) if response.status == 200 else None
            finally:
                response.close()
    except (TimeoutError, aiohttp.ClientError, OSError, AxonHubError):
        return None
    value = answer.get("input_tokens") if isinstance(answer, dict) else None
    return value if isinstance(value, int) and value >= 0 else None

"""`GET /_axonhub/events`: the live feed for `trace tail` and the tree inside `serve`. Read-only, for the holder of the admin
token."""

import asyncio
import hmac
from collections.abc import Mapping

from aiohttp import web

from .. import __version__
from ..errors import RequestError
from ..protocols.raw import dumps
from .client import SAFE
from .gateway import Gateway

_PING = 10.0


async def events(gateway: Gateway, request: web.Request, headers: Mapping[str, str]) -> web.StreamResponse:
    """One JSON object a line, until the reader leaves or the server ends."""
    given = headers.get("authorization", "").removeprefix("Bearer ").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(given, gateway.admin_token.encode()):
        raise RequestError(
            "The event feed needs the admin token of server.json.", kind="authentication", hint="Use: axonhub trace tail"
        )
    subscription = gateway.feed.subscribe()
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store", **SAFE})
    try:
        await response.prepare(request)
        await response.write(dumps(gateway.hello(__version__)) + b"\n")
        while not gateway.draining or gateway.running:
            try:
                event = await asyncio.wait_for(subscription.get(), _PING)
            except TimeoutError:
                await response.write(b'{"type":"ping"}\n')
                continue
            if event is None:
                break
            batch = [event, *subscription.drain()]
            await response.write(b"".join(dumps(one) + b"\n" for one in batch))
    finally:
        subscription.close()
    return response

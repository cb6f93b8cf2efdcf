"""`GET /_axonhub/events`: the live feed for `trace tail` and the tree inside `serve`. `GET /_axonhub/state`: how the server is,
for `status`. Read-only, for the holder of the admin token.

`GET /health`: that it is alive, and to our own commands the proof that it is the one which wrote `server.json`.
"""

import asyncio
import hmac
from collections.abc import Mapping

from .. import __version__
from ..config.state import CHALLENGE, proof
from ..errors import RequestError
from ..protocols.raw import dumps
from ..trace.feed import merged
from .client import SAFE
from .exchange import Answered, Request, Stream, json_response
from .gateway import Gateway
from .tasks import scale

_PING = 10.0
_GATHER = 0.06  # s in which words are gathered: one line for many, and few wake-ups on both sides


async def events(gateway: Gateway, request: Request, headers: Mapping[str, str]) -> Answered:
    """One JSON object a line, until the reader leaves or the server ends."""
    _check(gateway, headers, "axonhub trace tail")
    subscription = gateway.feed.subscribe()
    response = Stream(request, {"Content-Type": "application/x-ndjson", "Cache-Control": "no-store", **SAFE})
    try:
        await response.write(dumps(gateway.hello()) + b"\n")
        while not gateway.draining or gateway.running:
            try:
                event = await asyncio.wait_for(subscription.get(), _PING)
            except TimeoutError:
                await response.write(b'{"type":"ping"}\n')
                continue
            if event is None:
                break
            if event["type"] == "delta":
                await asyncio.sleep(_GATHER * scale())
            batch = merged([event, *subscription.drain()])
            await response.write(b"".join(dumps(one) + b"\n" for one in batch))
        await response.end()
    finally:
        subscription.close()
    return response


def health(gateway: Gateway, headers: Mapping[str, str]) -> Answered:
    """Anybody may ask. A challenge, whatever it is, is answered with a signature that nobody can use on another port."""
    answer = {"ok": True, "instance": gateway.instance, "version": __version__}
    if challenge := headers.get(CHALLENGE, "")[:64]:
        answer["proof"] = proof(gateway.admin_token, gateway.port, challenge)
    return json_response(answer, headers=SAFE)


def state(gateway: Gateway, headers: Mapping[str, str]) -> Answered:
    """One JSON object: what runs, which places are unwell, whether the configuration on disk is in force."""
    _check(gateway, headers, "axonhub status")
    return json_response(gateway.state(), headers={**SAFE, "Cache-Control": "no-store"})


def _check(gateway: Gateway, headers: Mapping[str, str], instead: str) -> None:
    given = headers.get("authorization", "").removeprefix("Bearer ").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(given, gateway.admin_token.encode()):
        raise RequestError("This needs the admin token of server.json.", kind="authentication", hint=f"Use: {instead}")

"""From a raw HTTP request to an answer: the guard, the body, the route. One handler serves every path.

Errors are written in the shape of the protocol that the caller speaks. Nothing here raises past `Handler.handle`: what nobody
foresaw is a 500 in that shape, and a line for the person at the terminal.
"""

import asyncio
import logging
import random
import time
from collections.abc import Mapping
from typing import Any

from ..config.keys import Key
from ..errors import AxonHubError, ProtocolError, RequestError
from ..protocols.body import ClientBody, keys
from ..protocols.registry import codec
from ..trace.purpose import purpose, says_it
from ..trace.records import BodyKind, RequestRecord
from ..trace.session import Hints, Session, identify
from ..types.edited import Body
from ..types.problem import Problem, from_error
from . import admin, counting, models, relay
from .bodies import decode
from .call import Call
from .card import Card, Cards
from .client import SAFE, ClientLeft
from .exchange import Answered, Request, Whole, json_response
from .gateway import Gateway
from .guard import too_large
from .introduction import Introduction
from .listen import Listener
from .preview import effort, preview
from .routes import Route, asker, find, known, protocol_of
from .tasks import scale

log = logging.getLogger("axonhub")
_BODY_IDLE = 60.0  # seconds that an upload may pause
_BODY_TOTAL = 300.0  # seconds that it may take
_IN_THREAD = 512 * 1024  # decoding more than this happens off the loop
_OWN = frozenset({"hello", "health", "events", "state"})  # kinds of routes that ask for no model


class Handler:
    """Serves every request of one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.scale = scale()
        self._cards = Cards()

    async def handle(self, request: Request) -> Answered:
        raw = request.raw_headers
        headers = self._cards.get(raw, self.gateway.config) or Card(raw)
        raw_path = request.raw_path
        path = raw_path.partition("?")[0]
        problem = self.gateway.guard.target(raw_path) or (None if headers.kept else self.gateway.guard.caller(raw))
        if problem is not None:
            return self._refuse(request, path, headers, problem)
        route = find(path)
        if route is None:
            return self._refuse(request, path, headers, _no_route(request.method, path))
        if _is_websocket(path, headers):
            return _no_websocket()
        try:
            return await self._route(request, route, headers)
        except (RequestError, ProtocolError) as error:
            problem = _local(error, route.protocol)
            return self._refuse(request, path, headers, problem, drop=not request.complete)
        except AxonHubError as error:
            return self._refuse(request, path, headers, from_error(error))
        except (asyncio.CancelledError, ConnectionError):
            raise
        except ClientLeft as error:
            raise asyncio.CancelledError from error
        except Exception as error:  # the last resort: the server goes on, the client gets its own shape
            log.exception("request failed")
            self.gateway.log("error", f"axonhub failed on {path}: {type(error).__name__}. Please report it.")
            return self._refuse(
                request, path, headers, Problem(kind="server", message=f"axonhub itself failed: {type(error).__name__}.")
            )

    async def _route(self, request: Request, route: Route, headers: Card) -> Answered:
        gateway = self.gateway
        problem = gateway.guard.form(route, request.method, headers, request.length)
        if problem is not None and problem.status == 405:
            return self._refuse(request, request.path, headers, problem)
        if route.kind in _OWN:
            return await self._of_itself(request, route, headers)
        gateway.refresh()
        key = gateway.guard.key(headers, request.query.get("key", "") if route.protocol == "gemini" else "")
        if isinstance(key, Problem):
            return self._refuse(request, request.path, headers, key)
        if problem is not None:
            return self._refuse(request, request.path, headers, problem, drop=True)
        self._cards.keep(headers)
        if route.kind in ("models", "model"):
            return models.answer(gateway, key, asker(route, headers), route.arg)
        return await self._with_body(request, route, headers, key)

    async def _of_itself(self, request: Request, route: Route, headers: Card) -> Answered:
        """What the server says without a key of a client's."""
        match route.kind:
            case "health":
                return admin.health(self.gateway, headers)
            case "events":
                return await admin.events(self.gateway, request, headers)
            case "state":
                return admin.state(self.gateway, headers)
        return Whole(headers=SAFE)

    async def _with_body(self, request: Request, route: Route, headers: Card, key: Key) -> Answered:
        gateway = self.gateway
        if gateway.draining:
            raise RequestError("axonhub is shutting down.", kind="overloaded", hint="Try again in a moment.")
        if gateway.most is not None and gateway.running >= gateway.most:
            hint = "Raise the limit of open files (ulimit -n 65536) and restart it."
            raise RequestError(f"axonhub serves {gateway.running} requests already.", kind="overloaded", hint=hint)
        record = RequestRecord(id=_new_id(), trace_id="", started=time.time(), protocol=route.protocol, path=request.path)
        begun = time.monotonic()
        gateway.running += 1
        try:
            data = await self._read(request, headers)
            record.bytes_in = len(data)
            sender = (key.name, route.protocol, request.path, *headers.voice)
            body = gateway.asked_last.read(sender, data, route.in_path)
            hints = _hints(body)
            session = headers.session(hints, lambda: identify(headers, hints, gateway.config.trace, fallback=""))
            self._describe(record, session, key, body, compact=route.kind == "compact")
            if route.kind == "count_tokens":
                return await counting.count(gateway, headers, body, record, self.scale)
            return await self._call(request, route, headers, body, record, begun)
        finally:
            gateway.running -= 1

    async def _call(
        self,
        request: Request,
        route: Route,
        headers: Mapping[str, str],
        body: ClientBody,
        record: RequestRecord,
        begun: float,
    ) -> Answered:
        """A model call, recorded from here to its end whatever happens."""
        gateway = self.gateway
        introduce = Introduction(gateway.recorder, record, body, looked=says_it(record.client))
        bodies: dict[BodyKind, Body] = {"client_request": body.kept}
        try:
            await gateway.budgets.check(gateway.config.limits, record)
            chosen = gateway.plan(record.profile, body.model, route.protocol, record.trace_id)
            call = Call(
                gateway=gateway, request=request, codec=codec(route.protocol), body=body, headers=headers, record=record,
                plan=chosen, scale=self.scale, listener=Listener(record, gateway.recorder), begun=begun, bodies=bodies,
                compact=route.kind == "compact",
            )  # fmt: skip
            return await relay.run(call)
        except (asyncio.CancelledError, ConnectionError, ClientLeft):
            if record.outcome == "running":
                record.outcome, record.status, record.error = "cancelled", 499, "the client left"
            raise
        except Exception as error:
            record.outcome, record.error = "error", str(error)
            record.status = from_error(error).http_status if isinstance(error, AxonHubError) else 500
            raise
        finally:
            record.duration_ms = (time.monotonic() - begun) * 1000
            introduce()
            gateway.recorder.end(record, bodies if gateway.config.trace.bodies else {})

    def _describe(self, record: RequestRecord, session: Session, key: Key, body: ClientBody, *, compact: bool) -> None:
        record.trace_id = session.trace_id or f"at-{record.id[3:]}"
        record.thread, record.client = session.thread, session.client
        record.client_version, record.agent, record.parent_agent = session.client_version, session.agent, session.parent_agent
        record.turn = session.turn
        record.key, record.profile = key.name, self.gateway.profile_of(key)
        record.asked_model, record.stream = body.model, body.stream
        record.effort, record.kind = effort(body), "compaction" if compact else session.kind
        if says_it(record.client):
            record.prompt = preview(body)
            record.kind = purpose(record.kind, body, record.prompt)

    async def _read(self, request: Request, headers: Mapping[str, str]) -> bytes:
        """The body, decoded, within the limits of size and patience."""
        if request.complete:  # small bodies come with their headers: nothing to wait for
            return await self._decoded(request.read_nowait(), headers)
        limit = self.gateway.guard.max_body
        parts: list[bytes] = []
        size, now = 0, asyncio.get_running_loop().time
        until = now() + _BODY_TOTAL * self.scale
        try:
            async with asyncio.timeout(_BODY_IDLE * self.scale) as patience:
                while chunk := await request.read():
                    size += len(chunk)
                    if size > limit:
                        raise RequestError(too_large(limit).message, kind="too_large")
                    parts.append(chunk)
                    if size > 1 << 16:
                        patience.reschedule(min(now() + _BODY_IDLE * self.scale, until))
        except TimeoutError:
            raise RequestError("The request body did not arrive in time.", kind="timeout") from None
        return await self._decoded(b"".join(parts) if len(parts) != 1 else parts[0], headers)

    async def _decoded(self, data: bytes, headers: Mapping[str, str]) -> bytes:
        """The body without its content coding, within the limit."""
        limit = self.gateway.guard.max_body
        if len(data) > limit:
            raise RequestError(too_large(limit).message, kind="too_large")
        encoding = headers.get("content-encoding", "")
        if not encoding or encoding.lower() == "identity":
            return data
        if len(data) > _IN_THREAD:
            return await asyncio.to_thread(decode, data, encoding, limit)
        return decode(data, encoding, limit)

    def _refuse(self, request: Request, path: str, headers: dict[str, str], problem: Problem, *, drop: bool = False) -> Answered:
        """An error of ours, in the caller's shape. `drop`: a body is still coming that nobody will read, so the connection
        ends."""
        route = find(path)
        protocol = (
            route.protocol
            if route is not None and route.kind in ("call", "compact", "count_tokens")
            else protocol_of(path, headers)
        )
        status, extra, body = codec(protocol).write_error(problem, _new_id())
        if problem.status == 405:
            status = 405
        close = drop or problem.kind in ("permission", "too_large")
        return Whole(status=status, body=body, headers={**SAFE, **extra}, close=close)


# What a Responses client is told with 400, since Codex repeats these six times, and an upload that was too slow everywhere.
_STATUSES = {
    ("openai-responses", "not_found"): 400,
    ("openai-responses", "too_large"): 400,
    ("openai-responses", "timeout"): 400,
    ("gemini", "timeout"): 400,
    ("anthropic", "timeout"): 408,
    ("openai-chat", "timeout"): 408,
}


def _local(error: RequestError | ProtocolError, protocol: str) -> Problem:
    """A failure of ours: only being busy is worth the client's own retry."""
    kind: Any = "invalid_request" if isinstance(error, ProtocolError) else error.kind
    busy = kind == "overloaded"
    return Problem(
        kind=kind,
        message=str(error),
        status=_STATUSES.get((protocol, kind), 0),
        param=getattr(error, "param", None),
        code="axonhub_busy" if busy else None,
        retry_after=1.0 if busy else None,
        should_retry=None if busy else False,
    )


def _new_id() -> str:
    """Unique, and no secret: it need not ask the system for randomness.

    It begins with the milliseconds of a quarter of an hour. What is recorded together then lies together in the store's tables:
    among 100,000 requests a row costs 40 us that way, and 130 where each falls on another page. People, who are shown the first
    characters, see what looks random."""
    return f"ar-{(int(time.time() * 1000) & 0xFFFFF) << 76 | random.getrandbits(76):024x}"


_NAMING = keys("metadata", "prompt_cache_key")  # that may name a session
_NOTHING = Hints()


def _hints(body: ClientBody) -> Hints:
    if not body.has(_NAMING):
        return _NOTHING
    metadata = body.get("metadata")
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    key = body.get("prompt_cache_key")
    return Hints(user if isinstance(user, str) else None, key if isinstance(key, str) else None)


def _no_route(method: str, path: str) -> Problem:
    meant = next((served for served in known() if served == f"/v1{path.rstrip('/')}"), None)
    hint = f"Did you mean {meant}? Then the client's base URL must end in /v1." if meant else f"It serves {', '.join(known())}."
    message = f"axonhub has no route {method} {path[:200]}. {hint}"
    return Problem(kind="not_found", message=message, should_retry=False)


def _is_websocket(path: str, headers: Mapping[str, str]) -> bool:
    return path.endswith("/responses") and "websocket" in headers.get("upgrade", "").lower()


def _no_websocket() -> Answered:
    """426 makes Codex fall back to HTTP at once, where a 404 costs it seven attempts."""
    body = {
        "error": {
            "message": "axonhub serves /v1/responses over HTTP.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
    }
    response = json_response(body, status=426, headers=SAFE)
    response.close = True
    return response

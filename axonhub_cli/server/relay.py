"""One call, from the parsed body to the last byte: the attempt loop.

    plan → attempt → (next attempt …) → answer

An attempt opens an upstream and holds what comes until it is worth committing. While nothing has been said to the client, a
failure moves on to the next candidate; after that, the pipe finishes the stream with the protocol's own error. A client that
leaves cancels the upstream at once: whatever runs here is ended by `CancelledError`, every upstream response is closed in
`finally`.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
from aiohttp import ClientResponse, web

from ..errors import AxonHubError, ProtocolError, SecretError
from ..protocols.base import Codec, Reply, Target
from ..protocols.body import ClientBody
from ..protocols.lanes import Prepared, prepare
from ..protocols.pipe import Convert, Pipe, Verbatim
from ..protocols.raw import dumps, loads
from ..protocols.registry import codec
from ..routing.failover import decide, worst
from ..routing.plan import Candidate, Plan
from ..trace.records import AttemptRecord, BodyKind, RequestRecord
from ..types.events import Event, replay
from ..types.messages import Response
from ..types.problem import Problem, from_error
from .bodies import ResponseDecoder
from .client import SAFE, ClientStream, Keeper
from .gateway import Gateway
from .listen import Listener
from .upstream import PATHS, is_here, problem_of, request_headers, response_headers

MAX_ATTEMPTS = 8
_MAX_ERROR = 1024 * 1024
_MAX_WHOLE = 256 * 1024 * 1024


@dataclass(slots=True)
class Call:
    """Everything about one client request while it is served."""

    gateway: Gateway
    request: web.Request
    codec: Codec
    body: ClientBody
    headers: Mapping[str, str]
    record: RequestRecord
    plan: Plan
    scale: float
    begun: float = field(default_factory=time.monotonic)
    bodies: dict[BodyKind, bytes] = field(default_factory=dict)
    stream: ClientStream | None = None
    listener: "Listener | None" = None
    back: dict[str, str] = field(default_factory=dict)  # the upstream's headers that may go back
    problems: list[tuple[str, Problem]] = field(default_factory=list)

    def ms(self) -> float:
        """Milliseconds since the request came."""
        return (time.monotonic() - self.begun) * 1000

    def reply(self, upstream_request: Prepared) -> Reply:
        """What the client's codec needs to answer."""
        return Reply(
            id=self.record.id.replace("ar-", "", 1),
            model=self.record.asked_model,
            created=int(self.record.started),
            request=upstream_request.request,
            include_usage=self.codec.name == "openai-chat" and _wants_usage(self.body),
        )

    def answer_headers(self) -> dict[str, str]:
        """The headers of an answer: ours, and those of the upstream that may pass."""
        record = self.record
        headers = {**self.back, "AH-Request-Id": record.id, "AH-Trace-Id": record.trace_id}
        if record.channel:
            headers["x-axonhub-channel"] = record.channel
        if record.model:
            headers["x-axonhub-model"] = record.model
        if record.losses:
            headers["x-axonhub-losses"] = str(len(record.losses))
        return {name: _header(value) for name, value in headers.items()}


def _header(value: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in value)[:1000]


def _wants_usage(body: ClientBody) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


async def run(call: Call) -> web.StreamResponse:
    """Serve the call by the first candidate that can; the client gets its answer or the last real error."""
    gateway = call.gateway
    server = gateway.config.server
    if call.body.stream:
        call.stream = ClientStream(call.request, call.answer_headers, call.codec.ping)
    keeper = Keeper(call.stream, grace=server.grace * call.scale, ping=server.ping * call.scale)
    call.listener = Listener(call.record, gateway.recorder, call.ms)
    candidates = call.plan.candidates[:MAX_ATTEMPTS]
    try:
        for index, candidate in enumerate(candidates):
            attempt = _Attempt(call, candidate, index, keeper)
            response = await attempt.run()
            if response is not None:
                return response
            problem = call.problems[-1][1]
            if (
                decide(problem, committed=call.stream is not None and call.stream.spoken, left=len(candidates) - index - 1)
                == "stop"
            ):
                break
        return await _give_up(call)
    finally:
        keeper.stop()


async def _give_up(call: Call) -> web.StreamResponse:
    """Nobody could serve it: the client hears the last real error, and who was asked."""
    problem = worst([problem for _, problem in call.problems])
    message = call.gateway.redact(problem.message)
    if len(call.problems) > 1:
        tried = ", ".join(f"{place}: {other.kind.replace('_', ' ')}" for place, other in call.problems)
        message = f"{message} (axonhub tried {tried})"
    problem = _replace(problem, message=message, **_local_answer(call, problem))
    record = call.record
    record.outcome, record.error = "error", message
    if call.stream is not None and call.stream.opened:
        from ..types.events import Failure

        record.status = 200
        writer = call.codec.stream_writer(call.reply(Prepared(body=b"", lane="convert")))
        await call.stream.write(writer.write([Failure(problem)]), call.stream.last)
        return await call.stream.end()
    status, headers, body = call.codec.write_error(problem, record.id)
    record.status = status
    record.bytes_out = len(body)
    call.bodies.setdefault("client_response", body)
    return web.Response(status=status, body=body, headers={**SAFE, **call.answer_headers(), **headers})


def _local_answer(call: Call, problem: Problem) -> dict[str, object]:
    """A provider's 401 is ours to mend, not the client's to repeat: Claude Code is told not to retry, and Codex, which would
    ask six times, gets a 400 (RELIABILITY.md, row 29)."""
    if problem.kind != "authentication":
        return {}
    return {"should_retry": False, "status": 400 if call.codec.name == "openai-responses" else 401}


def _replace(problem: Problem, **changes: object) -> Problem:
    from msgspec.structs import replace

    return replace(problem, **changes)


class _Attempt:
    """One try on one candidate. `run` gives the finished response, or None when the next may try (the problem is noted)."""

    def __init__(self, call: Call, candidate: Candidate, index: int, keeper: Keeper) -> None:
        self.call, self.candidate, self.keeper = call, candidate, keeper
        self.upstream = codec(candidate.endpoint.protocol)
        self.record = AttemptRecord(
            index=index,
            channel=candidate.channel.name,
            protocol=candidate.endpoint.protocol,
            model=candidate.model,
            secret=candidate.secret,
            started_ms=call.ms(),
        )

    async def run(self) -> web.StreamResponse | None:
        call, record = self.call, self.record
        call.record.attempts.append(record)
        try:
            response = await self._try()
        except asyncio.CancelledError:
            record.outcome, record.reason = "cancelled", "the client left"
            raise
        except SecretError as error:
            return self._failed(_replace(from_error(error), kind="authentication"))
        except AxonHubError as error:
            return self._failed(from_error(error))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return self._failed(problem_of(error, self.candidate))
        finally:
            record.duration_ms = call.ms() - record.started_ms
            call.gateway.recorder.attempt(call.record, record)
        return response

    def _failed(self, problem: Problem) -> web.StreamResponse | None:
        self.record.outcome = "error"
        self.record.status = problem.status
        self.record.reason = self.call.gateway.redact(problem.message)
        self.call.problems.append((self.record.channel, problem))
        return None

    async def _try(self) -> web.StreamResponse | None:
        call, candidate = self.call, self.candidate
        if is_here(candidate, call.gateway.port):
            message = f"Channel {candidate.channel.name} leads to this axonhub server itself. Correct its base_url."
            return self._failed(Problem(kind="upstream", status=502, message=message, should_retry=False))
        secret = await call.gateway.secret(candidate.secret) if candidate.secret else None
        target = Target(model=candidate.model, quirks=candidate.endpoint.quirks, cache_key=call.record.trace_id)
        prepared = prepare(call.codec, self.upstream, call.body, target)
        self._note(prepared)
        headers = request_headers(candidate, secret, call.headers, same=prepared.lane != "convert", stream=call.body.stream)
        limits = candidate.channel.timeouts
        async with self.keeper.guard(limits.first_byte * call.scale):
            response = await call.gateway.upstream.open(candidate, PATHS[candidate.endpoint.protocol], prepared.body, headers)
        try:
            self.record.status = response.status
            self.record.first_byte_ms = call.ms() - self.record.started_ms
            call.back = response_headers(response.headers)
            if response.status >= 300:
                return self._failed(await self._refusal(response))
            return await self._answer(response, prepared)
        finally:
            response.close()

    def _note(self, prepared: Prepared) -> None:
        call, record = self.call, self.call.record
        self.record.lane = record.lane = prepared.lane
        record.channel, record.model, record.losses = self.candidate.channel.name, self.candidate.model, prepared.losses
        if prepared.lane != "verbatim":
            call.bodies["upstream_request"] = prepared.body
        call.gateway.recorder.attempt(record, self.record)

    async def _refusal(self, response: ClientResponse) -> Problem:
        """An upstream's error status as a problem."""
        if response.status < 400:
            where = (response.headers.get("location") or "?").split("/")
            host = where[2] if len(where) > 2 else "another place"
            message = f"Channel {self.candidate.channel.name} redirects to {host}; axonhub does not follow. Correct its base_url."
            return Problem(kind="upstream", message=message, status=502, should_retry=False)
        async with self.keeper.guard(self.candidate.channel.timeouts.idle * self.call.scale):
            body = await _read(response, _MAX_ERROR)
        self.call.bodies["upstream_response"] = body
        problem = self.upstream.read_error(response.status, dict(response.headers), body)
        if problem.kind == "authentication" and self.candidate.secret:
            self.call.gateway.secrets.forget(
                self.candidate.secret
            )  # it may have been replaced meanwhile: read it again next time
        return _replace(problem, message=self.call.gateway.redact(problem.message))

    async def _answer(self, response: ClientResponse, prepared: Prepared) -> web.StreamResponse | None:
        """A 2xx: stream it, or read it whole, whatever the upstream chose to send and the client asked for."""
        call = self.call
        limit = self.candidate.channel.timeouts.idle * call.scale
        decoder = ResponseDecoder(encoding) if (encoding := response.headers.get("content-encoding", "")) else None
        async with self.keeper.guard(limit):
            first = await _chunk(response, decoder)
            streamed = _is_stream(first, response.headers.get("content-type", ""))
            if not streamed:
                whole = first + await _read(response, _MAX_WHOLE, decoder)
        if not streamed:
            return await self._whole(whole, prepared)
        return await self._pump(response, decoder, first, prepared)

    # ------------------------------------------------------------------ streams

    def _pipe(self, prepared: Prepared) -> Pipe:
        call = self.call
        assert call.listener is not None
        listener = call.listener
        if prepared.lane == "convert":
            restorer = prepared.toolbox.inward() if prepared.toolbox is not None else None
            return Convert(self.upstream, call.codec, call.reply(prepared), restorer=restorer, sink=listener.hear)
        return Verbatim(
            call.codec, call.reply(prepared), sink=listener.hear, watch=listener.watching, hide_usage=prepared.hide_usage
        )

    async def _pump(
        self, response: ClientResponse, decoder: ResponseDecoder | None, first: bytes, prepared: Prepared
    ) -> web.StreamResponse | None:
        """Bytes from the upstream through the pipe to the client, until either ends."""
        call, pipe, keeper = self.call, self._pipe(prepared), self.keeper
        stream = call.stream
        kept: list[bytes] = []
        held = b""
        loop = asyncio.get_running_loop()
        try:
            async with keeper.guard(self.candidate.channel.timeouts.idle * call.scale):
                chunk = first
                while chunk:
                    keeper.heard = now = loop.time()
                    kept.append(chunk)
                    out = pipe.feed(chunk)
                    if pipe.ready and stream is not None:
                        if held:
                            out, held = held + out, b""
                        if not stream.spoken:
                            self._commit(pipe)
                        if out:
                            await stream.write(out, now)
                    else:
                        held += out
                        if pipe.problem is not None:
                            break
                    chunk = await _chunk(response, decoder)
                held += pipe.close() if pipe.problem is None or pipe.ready else b""
        except (TimeoutError, aiohttp.ClientError, OSError, ProtocolError) as error:
            held += pipe.fail(self._broken(error))
        finally:
            call.bodies["upstream_response"] = b"".join(kept)
        return await self._finish(pipe, held, prepared)

    def _broken(self, error: Exception) -> Problem:
        if isinstance(error, ProtocolError):
            return Problem(kind="upstream", message=f"The upstream's stream cannot be read: {error}")
        if isinstance(error, TimeoutError):
            seconds = self.candidate.channel.timeouts.idle
            return Problem(kind="timeout", message=f"Channel {self.record.channel} has sent nothing for {seconds:g} s.")
        return problem_of(error, self.candidate)

    def _commit(self, pipe: Pipe) -> None:
        """The first real event is there: this attempt is the answer."""
        record = self.call.record
        record.first_token_ms = self.call.ms()
        if record.first_byte_ms is None:
            record.first_byte_ms = record.first_token_ms
        if pipe.folder.start is not None and pipe.folder.start.model and self.candidate.model != pipe.folder.start.model:
            record.model = pipe.folder.start.model

    async def _finish(self, pipe: Pipe, held: bytes, prepared: Prepared) -> web.StreamResponse | None:
        """The upstream is done. Say what is left, or hand the problem on when nothing was said yet."""
        call, problem = self.call, pipe.problem
        if problem is None and not pipe.ready:
            problem = Problem(kind="upstream", message=f"Channel {self.record.channel} answered with an empty stream.")
        if problem is not None and not pipe.ready:
            return self._failed(_replace(problem, message=call.gateway.redact(problem.message)))
        if call.stream is None:
            return self._say_whole(pipe.folder.response(), prepared, problem)
        self._succeeded(pipe.folder.response(), problem)
        if not call.stream.spoken:
            self._commit(pipe)
        await call.stream.write(held, call.stream.last)
        call.record.status, call.record.bytes_out = 200, call.stream.sent
        return await call.stream.end()

    # ------------------------------------------------------------------ whole answers

    async def _whole(self, body: bytes, prepared: Prepared) -> web.StreamResponse | None:
        """A JSON answer: an error in disguise, or a response for a client that wants it whole or streamed."""
        call = self.call
        call.bodies["upstream_response"] = body
        try:
            fields = loads(body)
        except ProtocolError:
            fields = None
        if not isinstance(fields, dict):
            return self._failed(self._not_json(body))
        problem = self.upstream.error_in(fields)
        if problem is not None:
            return self._failed(_replace(problem, message=call.gateway.redact(problem.message)))
        response = self.upstream.read_response(fields)
        if call.stream is not None:
            return await self._stream_whole(response, prepared)
        if prepared.lane == "convert":
            return self._say_whole(response, prepared, None)
        if isinstance(fields.get("model"), str) and fields["model"] != call.record.asked_model:
            from ..protocols.raw import splice

            body = splice(body, {"model": call.record.asked_model})
        self._succeeded(response, None)
        return self._send(body)

    def _not_json(self, body: bytes) -> Problem:
        text = " ".join(body[:400].decode("utf-8", "replace").split())[:200]
        said = f" It begins: {text}" if text else " It is empty."
        message = f"Channel {self.record.channel} answered 200 with something that is no answer of a model.{said}"
        return Problem(kind="upstream", code="upstream_not_json", message=message)

    def _say_whole(self, response: Response, prepared: Prepared, problem: Problem | None) -> web.StreamResponse | None:
        """A neutral response as the client's JSON."""
        call = self.call
        if problem is not None:
            return self._failed(problem)
        if prepared.toolbox is not None:
            response = prepared.toolbox.restore(response)
        self._succeeded(response, None)
        return self._send(dumps(call.codec.write_response(response, call.reply(prepared))))

    def _send(self, body: bytes) -> web.StreamResponse:
        record = self.call.record
        record.status, record.bytes_out = 200, len(body)
        if record.first_byte_ms is None:
            record.first_byte_ms = self.call.ms()
        headers = {"Content-Type": "application/json", **SAFE, **self.call.answer_headers()}
        return web.Response(body=body, headers=headers)

    async def _stream_whole(self, response: Response, prepared: Prepared) -> web.StreamResponse:
        """An upstream that answered a stream request in one piece: the client gets its stream all the same."""
        call = self.call
        assert call.stream is not None
        if prepared.toolbox is not None:
            response = prepared.toolbox.restore(response)
        events: list[Event] = list(replay(response))
        if call.listener is not None:
            call.listener.hear(events)
        call.record.first_token_ms = call.ms()
        self._succeeded(response, None)
        await call.stream.write(call.codec.stream_writer(call.reply(prepared)).write(events), call.stream.last)
        call.record.status, call.record.bytes_out = 200, call.stream.sent
        return await call.stream.end()

    # ------------------------------------------------------------------ bookkeeping

    def _succeeded(self, response: Response, problem: Problem | None) -> None:
        """Write the outcome into both records. With a problem the stream was committed and ended in an error."""
        call, record = self.call, self.call.record
        self.record.outcome = record.outcome = "ok" if problem is None else "error"
        if problem is not None:
            self.record.reason = record.error = call.gateway.redact(problem.message)
        record.model = response.model or record.model
        record.usage, record.finish = response.usage, response.finish
        assert call.listener is not None
        call.listener.note(response)
        if problem is None:
            call.gateway.remember(record.trace_id, self.candidate.place)


def _is_stream(first: bytes, content_type: str) -> bool:
    """Whether a body is an event stream. What it begins with decides; the content type only where that says nothing."""
    start = first.lstrip(b"\xef\xbb\xbf \r\n\t")
    if start.startswith((b"{", b"[", b"<")):
        return False
    if start.startswith((b"data:", b"event:", b":", b"id:", b"retry:")):
        return True
    return "event-stream" in content_type


async def _chunk(response: ClientResponse, decoder: ResponseDecoder | None) -> bytes:
    """What has arrived, decoded; b"" at the end only."""
    while True:
        chunk = await response.content.readany()
        if decoder is None:
            return chunk
        data = decoder.feed(chunk) if chunk else decoder.close()
        if data or not chunk:
            return data


async def _read(response: ClientResponse, limit: int, decoder: ResponseDecoder | None = None) -> bytes:
    """The rest of a body, up to `limit` bytes."""
    parts: list[bytes] = []
    size = 0
    while chunk := await _chunk(response, decoder):
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            raise ProtocolError(f"the upstream's answer is larger than {limit >> 20} MiB")
    return b"".join(parts)

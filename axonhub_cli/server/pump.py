"""A streamed answer: bytes from the upstream through the pipe to the client, until either ends."""

import asyncio
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ..errors import ProtocolError
from ..protocols.lanes import Prepared
from ..protocols.pipe import Convert, Pipe, Verbatim, always
from ..types.problem import Problem
from .client import ClientLeft
from .exchange import Answered
from .kept import Kept
from .reading import Answer, Decoding, next_chunk
from .upstream import problem_of
from .whole import say_response

if TYPE_CHECKING:
    from .attempt import Attempt


def pipe_of(attempt: "Attempt", prepared: Prepared, first: bytes) -> Pipe:
    """The pipe of the lane that the request took; `first` is how the answer begins."""
    call, sparse = attempt.call, attempt.upstream.sparse
    if prepared.lane != "convert" and sparse is not None and sparse(first):
        attempt.record.lane = call.record.lane = "convert"
        reply = replace(call.reply(prepared), request=call.asked())
        return Convert(attempt.upstream, call.codec, reply, sink=call.listener.hear, watch=call.listener.watching)
    if prepared.lane == "convert":
        back = prepared.back() if prepared.back is not None else None
        listener = call.listener
        return Convert(attempt.upstream, call.codec, call.reply(prepared), back=back, sink=listener.hear, watch=listener.watching)
    watch = call.listener.watching if call.stream is not None else always  # nothing else would know the whole answer
    hide = prepared.hide_usage
    return Verbatim(call.codec, call.reply(prepared), sink=call.listener.hear, watch=watch, hide_usage=hide)


async def pump(
    attempt: "Attempt", response: Answer, decoder: Decoding | None, first: bytes, prepared: Prepared
) -> Answered | None:
    """Move the stream. What comes before the first real event is held: until then a failure can be somebody else's answer."""
    flow = _Flow(attempt, pipe_of(attempt, prepared, first), response)
    pipe, keeper = flow.pipe, attempt.keeper
    attempt.call.pipe = pipe
    if decoder is None:
        response.sink = flow.pass_on
    try:
        with keeper.guard(attempt.candidate.channel.timeouts.idle * attempt.call.scale):
            chunk = first
            while chunk and await flow.take(chunk):
                chunk = await next_chunk(response, decoder)
            flow.held += pipe.close() if pipe.problem is None or pipe.ready else b""
    except (asyncio.CancelledError, ClientLeft):
        _left(attempt, pipe)
        raise
    except (TimeoutError, OSError, ProtocolError) as error:
        flow.held += pipe.fail(_broken(attempt, error))
    finally:
        attempt.call.bodies["upstream_response"] = flow.kept.whole()
    return await _finish(attempt, pipe, flow.held, prepared)


class _Flow:
    """Where a chunk of the upstream goes: `take` is the way that may wait, `pass_on` the short one that may not.

    `held` is what the client has not got yet, `kept` all that the upstream said.
    """

    def __init__(self, attempt: "Attempt", pipe: Pipe, response: Answer) -> None:
        self.pipe = pipe
        self._response = response
        self.held = b""
        self.kept = Kept()
        self._attempt, self._keeper, self._stream = attempt, attempt.keeper, attempt.call.stream
        self._now = asyncio.get_running_loop().time

    def pass_on(self, chunk: bytes) -> bool:
        """From the upstream's transport to the client's, in one call and without a coroutine: while the stream flows. What it
        does not take is read and comes to `take`."""
        stream = self._stream
        if stream is None or not stream.flows:
            return False
        self._keeper.heard = now = self._now()
        self.kept.append(chunk)
        if out := self.pipe.feed(chunk):
            stream.push(out, now)
        return True

    async def take(self, chunk: bytes) -> bool:
        """Feed the pipe and write what may be written. False when the stream has failed before it said anything."""
        pipe, stream = self.pipe, self._stream
        self._keeper.heard = now = self._now()
        self.kept.append(chunk)
        self.held += pipe.feed(chunk)
        if stream is None or not pipe.ready:
            return pipe.problem is None
        if self._response.done:
            return True  # it goes out with the end
        out, self.held = self.held, b""
        if not stream.spoken:
            _commit(self._attempt, pipe)
        if out:
            await stream.write(out, now)
        return True


def _left(attempt: "Attempt", pipe: Pipe) -> None:
    """The client is gone. Codex leaves at the last event without waiting for the end of the body: it has all it wanted."""
    response = pipe.folder.response()
    attempt.heard(response)
    if pipe.over and pipe.problem is None and attempt.call.stream is not None:
        attempt.succeeded(response, None)
        attempt.call.record.status, attempt.call.record.bytes_out = 200, attempt.call.stream.sent


def _broken(attempt: "Attempt", error: Exception) -> Problem:
    if isinstance(error, ProtocolError):
        return Problem(kind="upstream", message=f"The upstream's stream cannot be read: {error}")
    if isinstance(error, TimeoutError):
        if attempt.keeper.reason is not None:
            return attempt.keeper.reason
        seconds = attempt.candidate.channel.timeouts.idle
        return Problem(kind="timeout", message=f"Channel {attempt.record.channel} has sent nothing for {seconds:g} s.")
    return problem_of(error, attempt.candidate)


def _commit(attempt: "Attempt", pipe: Pipe) -> None:
    """The first real event is there: this attempt is the answer."""
    record = attempt.call.record
    record.first_token_ms = attempt.call.ms()
    if record.first_byte_ms is None:
        record.first_byte_ms = record.first_token_ms
    if pipe.folder.start is not None and pipe.folder.start.model:
        record.model = pipe.folder.start.model


async def _finish(attempt: "Attempt", pipe: Pipe, held: bytes, prepared: Prepared) -> Answered | None:
    """The upstream is done. Say what is left, or hand the problem on when nothing was said yet."""
    call, problem = attempt.call, pipe.problem
    if problem is None and not pipe.ready:
        problem = Problem(kind="upstream", message=f"Channel {attempt.record.channel} answered with an empty stream.")
    if problem is not None and (not pipe.ready or call.stream is None):
        return attempt.failed(replace(problem, message=call.gateway.redact(problem.message)))
    if call.stream is None:
        return say_response(attempt, pipe.folder.response(), prepared)
    if not call.stream.spoken:
        _commit(attempt, pipe)
    response = pipe.folder.response()
    attempt.heard(response)
    attempt.succeeded(response, problem)
    return await call.streamed(held)

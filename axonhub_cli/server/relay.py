"""One call, from the parsed body to the last byte: the attempt loop.

    plan → attempt → (next attempt …) → answer

An attempt opens an upstream and holds what comes until it is worth committing. While nothing has been said to the client, a
failure moves on to the next candidate, and where none is left what passes by itself (a connection that broke, a 503) is tried
once more; after that, the pipe finishes the stream with the protocol's own error. Candidates that asked for a rest are not
asked: when nobody else is left, the client hears how long to wait. A client that leaves cancels the upstream at once: whatever
runs here is ended by `CancelledError`, every upstream response is closed in `finally`.
"""

import asyncio
import random
from typing import Any

from msgspec.structs import replace

from ..protocols.lanes import Prepared
from ..routing.failover import again, decide, pause, tried, worst
from ..routing.health import PATIENCE, hinted
from ..routing.plan import Candidate
from ..types.events import Failure
from ..types.problem import Problem
from .attempt import Attempt
from .call import Call, beginning_of, framing_of
from .client import SAFE, ClientStream
from .exchange import Answered, Whole
from .keeper import Keeper

MAX_ATTEMPTS = 8
LONGEST_WAIT = 60.0  # seconds that a client is told to wait; SDKs and Codex would really sleep for days


async def run(call: Call) -> Answered:
    """Serve the call by the first candidate that can; the client gets its answer or the last real error."""
    gateway = call.gateway
    server = gateway.config.server
    if call.body.stream:
        call.stream = ClientStream(call.request, call.answer_headers, call.codec.ping, framing_of(call), beginning_of(call))
    keeper = Keeper(call.stream, gateway.live, grace=server.grace * call.scale, ping=server.ping * call.scale)
    gateway.live.add(keeper)
    try:
        return await _serve(call, keeper) or await _give_up(call)
    except asyncio.CancelledError:
        if call.stream is not None and call.stream.dropped is not None:
            call.record.outcome, call.record.status, call.record.error = "cancelled", 499, call.stream.dropped
        raise
    finally:
        gateway.live.discard(keeper)
        call.stream = None  # they hold on to each other: with it goes all of the call at once, not when the collector comes


async def _serve(call: Call, keeper: Keeper) -> Answered | None:
    """The attempts, in order; None when they are used up."""
    places = call.gateway.places
    candidates = call.plan.candidates[:MAX_ATTEMPTS]
    unable: set[str] = set()  # channels that cannot do what is asked, whichever secret they use
    for index, candidate in enumerate(candidates):
        left = len(candidates) - index - 1
        if candidate.channel.name in unable:
            continue
        if (problem := await places.barred(candidate)) is not None:
            call.problems.append((candidate.channel.name, problem))
            if problem.kind == "authentication":
                continue
            return None  # those that follow cool for longer
        if wait := places.wait(candidate):  # a moment only, or it would be barred
            await asyncio.sleep(wait)
        response = await _admitted(call, candidate, keeper, left)
        if response is not None or keeper.reason is not None:
            return response
        problem = call.problems[-1][1]
        if decide(problem, committed=_spoken(call), left=left) == "stop":
            return None
        if problem.elsewhere:
            unable.add(candidate.channel.name)
    return None


async def _admitted(call: Call, candidate: Candidate, keeper: Keeper, left: int) -> Answered | None:
    """The candidate's turn, within its channel's own limits: an attempt, and where it helps one more."""
    gates, channel = call.gateway.gates, candidate.channel
    limited = bool(channel.limits.rpm or channel.limits.concurrent)
    if limited and (busy := await gates.enter(channel, may_wait=not left)) is not None:
        call.problems.append((channel.name, busy))
        return None
    try:
        response = await _try(call, candidate, keeper)
        if response is None and not left and _once_more(call, candidate, keeper):
            await asyncio.sleep(pause(call.problems[-1][1], random.random()) * call.scale)  # noqa: S311  # spreads retries
            call.problems.pop()
            response = await _try(call, candidate, keeper)
        return response
    finally:
        if limited:
            gates.leave(channel)


async def _try(call: Call, candidate: Candidate, keeper: Keeper) -> Answered | None:
    """One attempt, and what its end says about the place."""
    places = call.gateway.places
    attempt = Attempt(call, candidate, len(call.record.attempts), keeper)
    places.begin(candidate)
    try:
        response = await attempt.run()
    except BaseException:
        places.health.release(candidate.spot)
        raise
    if keeper.reason is not None:  # we ended it ourselves
        call.problems[-1:] = [(candidate.channel.name, keeper.reason)]
    elif attempt.record.outcome == "skipped":  # nobody was asked
        places.health.release(candidate.spot)
    elif response is None:
        place, problem = call.problems[-1]
        body = bytes(call.bodies.get("upstream_response", b"")) if problem.status >= 400 else b""
        call.problems[-1] = (place, hinted(problem, body))
        places.failed(candidate, call.problems[-1][1])
    elif attempt.record.outcome == "ok":
        places.succeeded(candidate)
        call.gateway.budgets.answered(call.record, call.listener.calls)
    else:
        places.failed(candidate, Problem(kind="upstream", message=attempt.record.reason or "the stream broke"))
    return response


def _spoken(call: Call) -> bool:
    return call.request.answered or (call.stream is not None and call.stream.spoken)


def _once_more(call: Call, candidate: Candidate, keeper: Keeper) -> bool:
    """Whether the same place is asked a second time: it may help, nothing was said yet, and the budget allows it."""
    if _spoken(call) or keeper.reason is not None:
        return False
    reached = call.record.attempts[-1].first_byte_ms is not None
    wanted = again(call.problems[-1][1], reached=reached, wait=PATIENCE)
    return wanted and call.gateway.places.budget.take(candidate.channel.name)


async def _give_up(call: Call) -> Answered:
    """Nobody could serve it: the client hears the last real error, and who was asked."""
    problem = worst([problem for _, problem in call.problems])
    message = call.gateway.redact(problem.message)
    if others := tried(call.problems):
        message = f"{message} {call.gateway.redact(others)}"
    problem = replace(problem, message=message, **_local_answer(call, problem))
    record = call.record
    record.outcome, record.error = "error", message
    if call.stream is not None and call.stream.opened:
        record.status = 200
        writer = call.codec.stream_writer(call.reply(Prepared(sent=b"", lane="convert")))
        await call.stream.write(writer.write([Failure(problem)]), call.stream.last)
        return await call.stream.end()
    status, headers, body = call.codec.write_error(problem, record.id)
    record.status = status
    record.bytes_out = len(body)
    call.bodies.setdefault("client_response", body)
    return Whole(status=status, body=body, headers={**SAFE, **call.answer_headers(), **_waits(problem), **headers})


def _waits(problem: Problem) -> dict[str, str]:
    """`retry-after-ms` beside the codec's `retry-after`: the SDKs prefer it, and the upstream's own may say anything."""
    if problem.retry_after is None:
        return {}
    return {"retry-after-ms": str(max(1, round(problem.retry_after * 1000)))}


def _local_answer(call: Call, problem: Problem) -> dict[str, Any]:
    """What the client should not take as it comes.

    A provider's 401 is ours to mend, not the client's to repeat: Claude Code is told not to retry, and Codex, which would ask six
    times, gets a 400 (RELIABILITY.md, row 29). A wait of an hour is cut: who may wait is told to come back in a minute, who
    obeys `x-should-retry` is told that it is not worth it. What only a change of the configuration mends is a 400, which nobody
    repeats.
    """
    call.back = {name: value for name, value in call.back.items() if not name.startswith("retry-after")}
    if problem.kind == "authentication":
        return {"should_retry": False, "status": 400 if call.codec.name == "openai-responses" else 401}
    if problem.kind == "upstream" and problem.should_retry is False:  # a certificate, a redirect: the configuration is wrong
        return {"kind": "invalid_request", "status": 400}
    if problem.kind in ("quota", "billing"):
        return {"should_retry": False}
    if problem.retry_after is not None and problem.retry_after > LONGEST_WAIT:
        return {"should_retry": False, "retry_after": LONGEST_WAIT}
    return {}

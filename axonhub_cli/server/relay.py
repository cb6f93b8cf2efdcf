"""One call, from the parsed body to the last byte: the attempt loop.

    plan → attempt → (next attempt …) → answer

An attempt opens an upstream and holds what comes until it is worth committing. While nothing has been said to the client, a
failure moves on to the next candidate; after that, the pipe finishes the stream with the protocol's own error. A client that
leaves cancels the upstream at once: whatever runs here is ended by `CancelledError`, every upstream response is closed in
`finally`.
"""

from typing import Any

from aiohttp import web
from msgspec.structs import replace

from ..protocols.lanes import Prepared
from ..routing.failover import decide, worst
from ..types.events import Failure
from ..types.problem import Problem
from .attempt import Attempt
from .call import Call
from .client import SAFE, ClientStream, Keeper

MAX_ATTEMPTS = 8


async def run(call: Call) -> web.StreamResponse:
    """Serve the call by the first candidate that can; the client gets its answer or the last real error."""
    gateway = call.gateway
    server = gateway.config.server
    if call.body.stream:
        call.stream = ClientStream(call.request, call.answer_headers, call.codec.ping)
    keeper = Keeper(call.stream, grace=server.grace * call.scale, ping=server.ping * call.scale)
    candidates = call.plan.candidates[:MAX_ATTEMPTS]
    try:
        for index, candidate in enumerate(candidates):
            attempt = Attempt(call, candidate, index, keeper)
            response = await attempt.run()
            if response is not None:
                return response
            spoken = call.stream is not None and call.stream.spoken
            if decide(call.problems[-1][1], committed=spoken, left=len(candidates) - index - 1) == "stop":
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
    problem = replace(problem, message=message, **_local_answer(call, problem))
    record = call.record
    record.outcome, record.error = "error", message
    if call.stream is not None and call.stream.opened:
        record.status = 200
        writer = call.codec.stream_writer(call.reply(Prepared(body=b"", lane="convert")))
        await call.stream.write(writer.write([Failure(problem)]), call.stream.last)
        return await call.stream.end()
    status, headers, body = call.codec.write_error(problem, record.id)
    record.status = status
    record.bytes_out = len(body)
    call.bodies.setdefault("client_response", body)
    return web.Response(status=status, body=body, headers={**SAFE, **call.answer_headers(), **headers})


def _local_answer(call: Call, problem: Problem) -> dict[str, Any]:
    """A provider's 401 is ours to mend, not the client's to repeat: Claude Code is told not to retry, and Codex, which would
    ask six times, gets a 400 (RELIABILITY.md, row 29)."""
    if problem.kind != "authentication":
        return {}
    return {"should_retry": False, "status": 400 if call.codec.name == "openai-responses" else 401}

"""An answer in one piece: an error in disguise, or a response for a client that wants it whole or streamed."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from ..errors import ProtocolError
from ..protocols.compaction import as_object
from ..protocols.lanes import Prepared
from ..protocols.raw import dumps, loads, splice
from ..types.events import replay
from ..types.messages import Response
from ..types.problem import Problem
from .exchange import Answered

if TYPE_CHECKING:
    from .attempt import Attempt


async def say_whole(attempt: "Attempt", body: bytes, prepared: Prepared) -> Answered | None:
    """A JSON body of the upstream to the client, in the form that it asked for."""
    call = attempt.call
    call.bodies["upstream_response"] = body
    try:
        fields = loads(body)
    except ProtocolError:
        fields = None
    if not isinstance(fields, dict):
        return attempt.failed(_not_json(attempt, body))
    problem = attempt.upstream.error_in(fields)
    if problem is not None:
        return attempt.failed(replace(problem, message=call.gateway.redact(problem.message)))
    response = attempt.upstream.read_response(fields)
    if call.stream is not None:
        return await _stream_response(attempt, response, prepared)
    if prepared.lane == "convert":
        return say_response(attempt, response, prepared)
    key = call.codec.model_key
    if isinstance(fields.get(key), str) and fields[key] != call.record.asked_model:
        body = splice(body, {key: call.record.asked_model})
    return _say(attempt, response, body)


def say_response(attempt: "Attempt", response: Response, prepared: Prepared) -> Answered:
    """A neutral response as the client's JSON."""
    call = attempt.call
    if prepared.back is not None:
        response = prepared.back().restore(response)
    written = call.codec.write_response(response, call.reply(prepared))
    return _say(attempt, response, dumps(as_object(written, call.body.get("input")) if call.compact else written))


def _say(attempt: "Attempt", response: Response, body: bytes) -> Answered:
    """The client gets its answer first; its headers need to know who gave it."""
    attempt.heard(response)
    answer = attempt.call.whole(body)
    attempt.succeeded(response, None)
    return answer


async def _stream_response(attempt: "Attempt", response: Response, prepared: Prepared) -> Answered:
    """An upstream that answered a stream request in one piece: the client gets its stream all the same."""
    call = attempt.call
    if prepared.back is not None:
        response = prepared.back().restore(response)
    events = list(replay(response))
    call.listener.hear(events)
    call.record.first_token_ms = call.ms()
    attempt.heard(response)
    attempt.succeeded(response, None)
    return await call.streamed(call.codec.stream_writer(call.reply(prepared)).write(events))


def _not_json(attempt: "Attempt", body: bytes) -> Problem:
    text = " ".join(body[:400].decode("utf-8", "replace").split())[:200]
    said = f" It begins: {text}" if text else " It is empty."
    message = f"Channel {attempt.record.channel} answered 200 with something that is no answer of a model.{said}"
    return Problem(kind="upstream", code="upstream_not_json", message=message)

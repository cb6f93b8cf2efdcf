"""One try on one candidate: open the upstream, see what it says, and hand a good answer to `pump` or `whole`."""

import asyncio
from contextlib import nullcontext

from msgspec.structs import replace

from ..errors import AxonHubError, RequestError, SecretError
from ..protocols.base import Target
from ..protocols.body import ClientBody
from ..protocols.compaction import triggered
from ..protocols.gemini.framing import begins_array
from ..protocols.incapable import incapable, is_schema_refusal
from ..protocols.lanes import Prepared, prepare
from ..protocols.raw import splice
from ..protocols.refusals import refuse_blind
from ..protocols.registry import codec
from ..protocols.seals import is_refusal, maker
from ..protocols.websearch import without_search
from ..routing.plan import Candidate, sighted
from ..trace.effort import effort_in
from ..trace.records import AttemptRecord
from ..types.edited import Body, Edited
from ..types.messages import Loss, Response
from ..types.problem import Problem, from_error
from .call import Call
from .client import ClientLeft
from .exchange import Answered
from .keeper import Keeper
from .overridden import overridden
from .pump import pump
from .reading import MAX_ERROR, MAX_WHOLE, Answer, Decoding, Elements, decoder_of, is_stream, next_chunk, read_whole
from .upstream import is_here, operation, problem_of, request_headers, response_headers
from .whole import say_whole


class Attempt:
    """One try on one candidate. `run` gives the finished response, or None when the next may try (the problem is noted)."""

    def __init__(self, call: Call, candidate: Candidate, index: int, keeper: Keeper) -> None:
        self.call, self.candidate, self.keeper = call, candidate, keeper
        self.upstream = codec(candidate.endpoint.protocol)
        self.target = Target(
            model=candidate.model,
            quirks=candidate.endpoint.quirks,
            cache_key=call.record.trace_id,
            channel=candidate.channel.name,
            maker=maker(candidate.endpoint.base_url, candidate.channel.name),
            memory=call.gateway.memory,
        )
        self.record = AttemptRecord(
            index=index,
            channel=candidate.channel.name,
            protocol=candidate.endpoint.protocol,
            model=candidate.model,
            secret=candidate.secret,
            started_ms=call.ms(),
        )

    async def run(self) -> Answered | None:
        call, record = self.call, self.record
        call.record.attempts.append(record)
        try:
            candidate = self.candidate
            if is_here(candidate, call.gateway.port):
                return self.failed(_circle(candidate))
            secret = await call.gateway.secret(candidate.secret) if candidate.secret else None
            return await self._ask(secret, trust=True)
        except (asyncio.CancelledError, ClientLeft):
            if record.outcome == "running":
                record.outcome, record.reason = "cancelled", "the client left"
            raise
        except SecretError as error:
            return self.failed(replace(from_error(error), kind="authentication"))
        except RequestError as error:  # nobody was asked
            return self.skipped(replace(from_error(error), elsewhere=True))
        except AxonHubError as error:
            return self.failed(from_error(error))
        except (TimeoutError, OSError) as error:
            return self.failed(problem_of(error, self.candidate))
        finally:
            record.duration_ms = call.ms() - record.started_ms
            call.gateway.recorder.attempt(call.record, record)

    def skipped(self, problem: Problem) -> Answered | None:
        """What the client asks cannot be formed for this place: it was not asked."""
        self.failed(problem)
        self.record.outcome, self.record.status = "skipped", 0
        return None

    def failed(self, problem: Problem) -> Answered | None:
        problem = incapable(problem)
        self.record.outcome = "error"
        self.record.status = problem.status
        self.record.reason = self.call.gateway.redact(problem.message)
        self.call.problems.append((self.record.channel, problem))
        return None

    async def _ask(self, secret: str | None, *, trust: bool) -> Answered | None:
        """Send the request. One that is refused for its seals goes once more without any (`trust` False)."""
        call, candidate = self.call, self.candidate
        mixed = call.gateway.seals.mixed(call.record.trace_id, candidate.channel.name)
        body = self._body()
        prepared = prepare(call.codec, self.upstream, body, self.target, call.gateway.seals, mixed=mixed, trust=trust)
        if body is not call.body and call.record.kind == "web_search":
            prepared.losses.append(
                Loss("changed", "tools", "the upstream has no web search: the model answers from what it knows")
            )
        if not candidate.endpoint.quirks.images and prepared.request is not None and sighted(call.plan.candidates, candidate):
            refuse_blind(prepared.request)
        headers = request_headers(candidate, secret, call.headers, same=prepared.lane != "convert", stream=call.body.stream)
        prepared, headers = overridden(candidate, prepared, headers)
        self._note(prepared)
        limits = candidate.channel.timeouts
        path = operation(candidate.endpoint.protocol, candidate.model, stream=call.body.stream)
        with self.keeper.guard(limits.first_byte * call.scale):
            response = await call.gateway.upstream.open(candidate, path + self._suffix(), prepared.sent, headers)
        call.request.left = response.close
        try:
            self.record.status = response.status
            self.record.first_byte_ms = call.ms() - self.record.started_ms
            call.back = response_headers(response.headers)
            if response.status >= 300:
                problem = await self._refusal(response)
                if trust and is_refusal(problem.code, problem.message):
                    return await self._ask(secret, trust=False)
                if self.target.quirks.plain_schemas and prepared.lane == "convert" and is_schema_refusal(problem.message):
                    self.target = replace(self.target, quirks=replace(self.target.quirks, plain_schemas=False))
                    return await self._ask(secret, trust=trust)
                return self.failed(problem)
            return await self._answer(response, prepared)
        finally:
            response.close()

    def _compacts(self) -> bool:
        """Whether the upstream has the compaction that the client asks for."""
        endpoint = self.candidate.endpoint
        return self.call.compact and endpoint.protocol == "openai-responses" and endpoint.quirks.native_responses

    def _body(self) -> ClientBody:
        """The client's body, or what stands for it where the upstream lacks what it is about."""
        call, endpoint = self.call, self.candidate.endpoint
        if call.compact and not self._compacts():
            return triggered(call.body)
        searches = endpoint.protocol == "anthropic" and endpoint.quirks.hosted_tools
        if call.record.kind == "web_search" and call.codec.name == "anthropic" and not searches:
            return without_search(call.body)
        theirs = call.gateway.answers and call.gateway.answers.get(str(call.body.get("previous_response_id")))
        return ClientBody(splice(call.body.data, {"previous_response_id": theirs})) if theirs else call.body

    def _suffix(self) -> str:
        return "/compact" if self._compacts() else ""

    def _note(self, prepared: Prepared) -> None:
        call, record = self.call, self.call.record
        self.record.lane = record.lane = prepared.lane
        record.channel, record.model, record.losses = self.candidate.channel.name, self.candidate.model, prepared.losses
        call.bodies.pop("upstream_request", None)  # of an attempt before: a verbatim one sends the client's own
        if prepared.lane != "verbatim":
            call.bodies["upstream_request"] = self._kept(prepared.sent)
        record.effort_sent = effort_in(prepared.settings) if prepared.settings is not None else record.effort
        call.gateway.recorder.attempt(record, self.record)

    def _kept(self, sent: Body) -> Body:
        """What was sent, for the trace: of the client's own with another model, what was changed."""
        call = self.call
        if isinstance(sent, Edited) and sent.base is call.body.data:
            return Edited(call.bodies["client_request"], sent.start, sent.end, sent.new)
        return call.gateway.kept(call.record, bytes(sent))

    async def _refusal(self, response: Answer) -> Problem:
        """An upstream's error status as a problem."""
        if response.status < 400:
            where = (response.headers.get("location") or "?").split("/")
            host = where[2] if len(where) > 2 else "another place"
            message = f"Channel {self.candidate.channel.name} redirects to {host}; axonhub does not follow. Correct its base_url."
            return Problem(kind="upstream", message=message, status=502, should_retry=False)
        with self.keeper.guard(self.candidate.channel.timeouts.idle * self.call.scale):
            body = await read_whole(response, MAX_ERROR, decoder_of(response))
        self.call.bodies["upstream_response"] = body
        problem = self.upstream.read_error(response.status, response.headers, body)
        if problem.kind == "authentication" and self.candidate.secret:
            self.call.gateway.secrets.forget(self.candidate.secret)  # it may have been replaced: read it again next time
        return replace(problem, message=self.call.gateway.redact(problem.message))

    async def _answer(self, response: Answer, prepared: Prepared) -> Answered | None:
        """A 2xx: stream it, or read it whole, whatever the upstream chose to send and the client asked for."""
        inner = decoder_of(response)
        decoder: Decoding | None = inner
        idle = self.candidate.channel.timeouts.idle * self.call.scale
        with _NO_WAIT if response.done else self.keeper.guard(idle):
            first = await next_chunk(response, decoder)
            streamed = is_stream(first, response.headers.get("content-type", ""))
            if self.upstream.name == "gemini" and begins_array(first):
                decoder, streamed = Elements(inner), True
                first = decoder.begin(first) or await next_chunk(response, decoder)
            complete = response.done and decoder is None
            whole = b"" if streamed else first if complete else first + await read_whole(response, MAX_WHOLE, decoder)
        if streamed:
            return await pump(self, response, decoder, first, prepared)
        return await say_whole(self, whole, prepared)

    def succeeded(self, response: Response, problem: Problem | None) -> None:
        """Write the outcome of what was heard into both records. With a problem the stream was committed and ended in error."""
        call, record = self.call, self.call.record
        self.record.outcome = record.outcome = "ok" if problem is None else "error"
        if problem is not None:
            self.record.reason = record.error = call.gateway.redact(problem.message)
        call.gateway.seals.served(record.trace_id, self.target.channel)
        call.gateway.seals.learn(
            call.codec, self.upstream, response, bytes(call.bodies.get("upstream_response", b"")), self.target
        )
        if problem is None:
            call.gateway.remember(record.trace_id, self.candidate.place)
            if call.answer_id and response.id != call.answer_id and self.upstream.name == call.codec.name:
                call.gateway.same_answer(call.answer_id, response.id)
            call.gateway.learning.answered(record.kind, self.candidate, call.codec.name, call.body.data, response)

    def heard(self, response: Response) -> None:
        """Keep what the upstream has said so far: a request that ends early has its price too."""
        record = self.call.record
        record.model = response.model or record.model
        record.usage, record.finish = response.usage, response.finish
        self.call.listener.note(response)


_NO_WAIT = nullcontext()


def _circle(candidate: Candidate) -> Problem:
    message = f"Channel {candidate.channel.name} leads to this axonhub server itself. Correct its base_url."
    return Problem(kind="upstream", status=502, message=message, should_retry=False)

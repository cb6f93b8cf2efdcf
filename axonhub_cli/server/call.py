"""Everything about one client request while it is served, and what its answers carry in their headers."""

import time
from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from ..errors import AxonHubError
from ..protocols.base import Codec, Reply
from ..protocols.body import ClientBody
from ..protocols.gemini.framing import EventsToArray
from ..protocols.lanes import Prepared
from ..protocols.openai_responses.opening import TOLD
from ..protocols.pipe import Pipe
from ..routing.plan import Plan
from ..trace.records import BodyKind, RequestRecord
from ..types.edited import Body
from ..types.messages import Request
from ..types.problem import Problem
from .client import SAFE, Beginning, ClientStream
from .exchange import Answered, Whole
from .exchange import Request as Asked
from .gateway import Gateway
from .listen import Listener


class Call(Struct, eq=False):
    """Everything about one client request while it is served."""

    gateway: Gateway
    request: Asked
    codec: Codec
    body: ClientBody
    headers: Mapping[str, str]
    record: RequestRecord
    plan: Plan
    scale: float
    listener: Listener
    begun: float = field(default_factory=time.monotonic)
    compact: bool = False  # `/v1/responses/compact`: the answer is a shorter conversation
    bodies: dict[BodyKind, Body] = field(default_factory=dict)
    stream: ClientStream | None = None
    back: dict[str, str] = field(default_factory=dict)  # the upstream's headers that may go back
    problems: list[tuple[str, Problem]] = field(default_factory=list)
    pipe: Pipe | None = None  # of the attempt that streams
    answer_id: str = ""  # the id under which a keep-alive has begun the answer

    def ms(self) -> float:
        """Milliseconds since the request came."""
        return (time.monotonic() - self.begun) * 1000

    def reply(self, upstream_request: Prepared) -> Reply:
        """What the client's codec needs to answer."""
        return Reply(
            id=self.answer_id or self.record.id.replace("ar-", "", 1),
            model=self.record.asked_model,
            created=int(self.record.started),
            request=upstream_request.request,
            include_usage=self.codec.name == "openai-chat" and _wants_usage(self.body),
            told=TOLD if self.answer_id else 0,
        )

    def begin(self) -> bytes:
        """The first words of the client's stream, before there is an answer. Whatever becomes one goes on from here."""
        started = self.pipe.folder.start if self.pipe is not None else None
        reply = self.reply(Prepared(sent=b"", lane="convert", request=self.asked()))
        reply = replace(reply, id=(started.id if started is not None else "") or reply.id, told=TOLD)
        self.answer_id = reply.id
        if self.pipe is not None:
            self.pipe.begun(reply)
        assert self.codec.opening is not None
        return self.codec.opening(reply)

    def asked(self) -> Request | None:
        """The client's request as we understand it; None where we do not."""
        try:
            return self.codec.read_request(self.body.fields)
        except AxonHubError:  # passed on as it is; the upstream may understand it
            return None

    def answer_headers(self) -> dict[str, str]:
        """The headers of an answer: ours, and those of the upstream that may pass."""
        record = self.record
        headers = {**self.back, "AH-Request-Id": record.id, "AH-Trace-Id": record.trace_id}
        if record.channel:
            headers["x-axonhub-channel"] = record.channel
        if record.model:
            headers["x-axonhub-model"] = record.model
        if losses := sum(loss.action != "override" for loss in record.losses):
            headers["x-axonhub-losses"] = str(losses)
        said = "".join(headers.values())
        if said.isascii() and said.isprintable() and len(said) <= _PLAIN and self.gateway.redact(said) == said:
            return headers
        return {name: _header(self.gateway.redact(value)) for name, value in headers.items()}

    def whole(self, body: bytes) -> Answered:
        """Answer with JSON and status 200: at once, since what is noted of an answer takes as long as the way back itself."""
        self.record.status, self.record.bytes_out = 200, len(body)
        if self.record.first_byte_ms is None:
            self.record.first_byte_ms = self.ms()
        answer = Whole(body=body, headers={"Content-Type": "application/json", **SAFE, **self.answer_headers()})
        self.request.say(answer)
        return answer

    async def streamed(self, data: bytes) -> Answered:
        """The last bytes of a streamed answer, and its end."""
        assert self.stream is not None
        try:
            return await self.stream.end(data)
        finally:
            self.record.status, self.record.bytes_out = 200, self.stream.sent


def framing_of(call: Call) -> EventsToArray | None:
    """Gemini's streams are arrays unless `alt=sse` asks for events."""
    events = call.codec.name != "gemini" or call.request.query.get("alt") == "sse"
    return None if events else EventsToArray()


def beginning_of(call: Call) -> Beginning | None:
    """Responses clients take no keep-alive before the first words."""
    unopened = call.codec.unopened
    return Beginning(call.begin, unopened) if unopened is not None else None


_PLAIN = 1000  # characters: what is short and printable needs no look at each


def _header(value: str) -> str:
    if not (value.isascii() and value.isprintable()):
        value = "".join(char if " " <= char <= "~" else "?" for char in value)
    return value[:_PLAIN]


def _wants_usage(body: ClientBody) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True

"""A request's body, read and written. Messages are in `messages` and `history`, tools in `tools`; here are the parameters.

`safety_identifier`, `logit_bias`, `modalities`, `audio`, `prediction` and whatever else has no name in the model stay in `extra`.
"""

from typing import Any

from ...errors import RequestError
from ...types.messages import Request
from ..base import Losses, Target
from ..dialect import LOGPROBS, OPENAI_ONLY
from .effort import read_effort, write_effort, write_switch
from .fields import Fields, wrong
from .history import write_messages
from .messages import read_messages
from .parts import VENDOR, Block, Outward
from .tools import read_choice, read_format, read_tools, write_choice, write_format, write_tools

MAX_STOPS = 4
MAX_USER = 64
_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast"})


def read_request(body: dict[str, Any]) -> Request:
    """The request that a parsed body says. Raises `RequestError` with the path of whatever has a wrong type."""
    fields = Fields(body)
    model = fields.need_text("model")
    _one_answer(fields.integer("n"))
    output, unknown_format = read_format(fields)
    include_usage, options = _stream_options(fields)
    most, old_most = fields.integer("max_completion_tokens"), fields.integer("max_tokens")
    return Request(
        origin=VENDOR,
        model=model,
        messages=read_messages(fields.take("messages")),
        tools=read_tools(fields),
        tool_choice=read_choice(fields),
        parallel_tools=fields.flag("parallel_tool_calls"),
        thinking=read_effort(fields.text("reasoning_effort")),
        output=output,
        max_tokens=old_most if most is None else most,
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        top_k=fields.integer("top_k"),
        stop=_stops(fields.take("stop")),
        seed=fields.integer("seed"),
        presence_penalty=fields.number("presence_penalty"),
        frequency_penalty=fields.number("frequency_penalty"),
        verbosity=fields.text("verbosity"),
        service_tier=fields.text("service_tier"),
        user=fields.text("user"),
        cache_key=fields.text("prompt_cache_key"),
        metadata=fields.mapping("metadata"),
        stream=bool(fields.flag("stream")),
        include_usage=include_usage,
        extra={**(fields.rest() or {}), **unknown_format, **options} or None,
    )


def _one_answer(n: int | None) -> None:
    if n is not None and n != 1:
        raise RequestError(
            f"n: {n} answers were asked for, and one request carries one answer through this proxy.",
            hint="Leave n out, and send the request several times.",
            param="n",
        )


def _stream_options(fields: Fields) -> tuple[bool, dict[str, Any]]:
    options = Fields(fields.mapping("stream_options") or {}, "stream_options")
    include_usage = bool(options.flag("include_usage"))
    rest = options.rest()
    return include_usage, {"stream_options": rest} if rest else {}


def _stops(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise wrong("stop", "a string or a list of strings", value)
    for at, item in enumerate(items):
        if not isinstance(item, str):
            raise wrong(f"stop[{at}]", "a string", item)
    return tuple(items)


def write_request(request: Request, target: Target, losses: Losses) -> Block:
    """The body for an upstream: what its quirks refuse stays out and is told to `losses`."""
    out = Outward(native=request.origin == VENDOR, quirks=target.quirks, losses=losses, memory=target.memory)
    response_format, instruction = write_format(request.output, out)
    body: Block = _known(dict(out.keep(request.extra, "")), out)
    options = body.pop("stream_options", None)
    body |= {"model": target.model, "messages": write_messages(request, out, instruction)}
    body |= _tool_fields(request, out)
    fields = {
        "response_format": response_format,
        "reasoning_effort": write_effort(request.thinking, out),
        "thinking": write_switch(request.thinking, out),
        target.quirks.max_tokens_field: _max_tokens(request, out),
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": _write_stops(request, out),
        "user": _user(request, out),
        "metadata": _metadata(request, out),
        "service_tier": _tier(request, out),
        "prompt_cache_key": _cache_key(request, target, out),
        **_optional(request, out),
    }
    body |= {key: value for key, value in fields.items() if value is not None}
    apart = {"reasoning_split": True} if out.quirks.reasoning_split else {}
    return {**apart, **body, **_stream(request, out, options)}


def _known(extra: Block, out: Outward) -> Block:
    """A Chat client's other parameters, less those that the upstream refuses."""
    unknown = (*(() if out.quirks.unknown_fields else OPENAI_ONLY), *(() if out.quirks.logprobs else LOGPROBS))
    refused = [name for name in unknown if name in extra]
    for name in refused:
        out.losses.drop(name, "the upstream has no such parameter")
    return {key: value for key, value in extra.items() if key not in refused}


def _tool_fields(request: Request, out: Outward) -> Block:
    """Without tools the choice among them is an error at some vendors."""
    tools = write_tools(request, out)
    if not tools:
        return {}
    fields: Block = {"tools": tools}
    choice = write_choice(request, out)
    if choice is not None:
        fields["tool_choice"] = choice
    if request.parallel_tools is not None and out.quirks.parallel_flag:
        fields["parallel_tool_calls"] = request.parallel_tools
    return fields


def _max_tokens(request: Request, out: Outward) -> int | None:
    most, wanted = out.quirks.max_output_tokens, request.max_tokens
    if wanted is None or most is None or wanted <= most:
        return wanted
    out.losses.change("max_tokens", f"{wanted} became {most}, the most that this upstream gives")
    return most


def _write_stops(request: Request, out: Outward) -> list[str] | None:
    if request.stop and not out.quirks.stop:
        out.losses.drop("stop", "the upstream takes no stop sequences")
        return None
    if len(request.stop) > MAX_STOPS:
        gone = len(request.stop) - MAX_STOPS
        out.losses.drop("stop", f"{gone} of {len(request.stop)} stop sequences: {MAX_STOPS} are the most here")
        return list(request.stop[:MAX_STOPS])
    return list(request.stop) or None


def _user(request: Request, out: Outward) -> str | None:
    """Another protocol's user id may be a whole JSON object (Claude Code's is): too long here, and nobody's business."""
    if request.user is not None and not out.quirks.user:
        out.losses.drop("user", "the upstream has no such parameter")
        return None
    if request.user is None or out.native or len(request.user) <= MAX_USER:
        return request.user
    out.losses.drop("user", f"the user id is longer than {MAX_USER} characters")
    return None


def _metadata(request: Request, out: Outward) -> dict[str, Any] | None:
    """OpenAI takes metadata only for answers that it stores, which only a client of this protocol can have asked for."""
    if not request.metadata or (out.native and out.quirks.metadata):
        return request.metadata or None
    out.losses.drop("metadata", "the upstream keeps no metadata of this request")
    return None


def _tier(request: Request, out: Outward) -> str | None:
    tier = request.service_tier
    if tier is None or (out.quirks.service_tier and (out.native or tier in _TIERS)):
        return tier
    out.losses.drop("service_tier", f"the upstream knows no service tier {tier!r}")
    return None


def _cache_key(request: Request, target: Target, out: Outward) -> str | None:
    if out.quirks.cache_key:
        return request.cache_key or target.cache_key
    if request.cache_key is not None:
        out.losses.drop("prompt_cache_key", "the upstream has no such parameter")
    return None


def _optional(request: Request, out: Outward) -> Block:
    """Parameters that an upstream has or has not."""
    quirks = out.quirks
    rows = (
        ("top_k", request.top_k, quirks.top_k),
        ("seed", request.seed, quirks.seed),
        ("presence_penalty", request.presence_penalty, quirks.penalties),
        ("frequency_penalty", request.frequency_penalty, quirks.penalties),
        ("verbosity", request.verbosity, quirks.verbosity),
    )
    for key, value, taken in rows:
        if value is not None and not taken:
            out.losses.drop(key, "the upstream has no such parameter")
    return {key: value for key, value, taken in rows if taken}


def _stream(request: Request, out: Outward, options: Any) -> Block:
    """A stream is always asked for its usage: the trace wants it whoever else does."""
    if not request.stream:
        return {}
    kept = {**options} if isinstance(options, dict) and out.quirks.stream_usage else {}
    if out.quirks.stream_usage:
        kept["include_usage"] = True
    pieces = {"tool_stream": True} if out.quirks.tool_stream and request.tools else {}
    return {"stream": True, **({"stream_options": kept} if kept else {}), **pieces}

"""A request's body, read and written.

Two facts of a request stand in the path on this wire: the model, and whether a stream is wanted. A codec's body is the whole
request all the same, so both are keys of it here (`model`, `stream`): whoever reads a path puts them in, whoever writes one
takes them out (`Codec.in_path`).

`safetySettings`, `cachedContent`, `labels` and whatever else has no name in the model stay in `extra`, and so do unknown keys
of `generationConfig` and `toolConfig`, under those names.
"""

from typing import Any

from ...errors import RequestError
from ...types.messages import OutputFormat, Request
from ..base import Losses, Target
from .contents import read_contents, read_system
from .fields import VENDOR, Block, Fields, clean
from .history import write_contents, write_system
from .outward import Outward
from .schema import as_json_schema
from .thinking import read_thinking, takes_budget, write_thinking
from .tools import read_choice, read_tools, write_choice, write_tools

MAX_STOPS = 5
JSON = "application/json"


def read_request(body: dict[str, Any]) -> Request:
    """The request that a parsed body says. Raises `RequestError` with the path of whatever has a wrong type."""
    fields = Fields(body)
    config = fields.inner("generationConfig")
    _one_answer(config.integer("candidateCount"))
    choice, kept = read_choice(fields)
    output = _read_format(config)
    thinking = read_thinking(config.inner("thinkingConfig"))
    parameters = _parameters(config)
    rest = config.rest()
    return Request(
        origin=VENDOR,
        model=(fields.text("model") or "").removeprefix("models/"),
        stream=bool(fields.flag("stream")),
        system=read_system(fields.take("systemInstruction")),
        messages=read_contents(fields.take("contents")),
        tools=read_tools(fields),
        tool_choice=choice,
        output=output,
        thinking=thinking,
        **parameters,
        extra={**(fields.rest() or {}), **kept, **({"generationConfig": rest} if rest else {})} or None,
    )


def _parameters(config: Fields) -> dict[str, Any]:
    return {
        "max_tokens": config.integer("maxOutputTokens"),
        "temperature": config.number("temperature"),
        "top_p": config.number("topP"),
        "top_k": config.integer("topK"),
        "stop": config.texts("stopSequences"),
        "seed": config.integer("seed"),
        "presence_penalty": config.number("presencePenalty"),
        "frequency_penalty": config.number("frequencyPenalty"),
    }


def _one_answer(count: int | None) -> None:
    if count is not None and count > 1:
        raise RequestError(
            f"generationConfig.candidateCount: {count} answers were asked for, and one request carries one answer through this "
            "proxy.",
            hint="Leave candidateCount out, and send the request several times.",
            param="generationConfig.candidateCount",
        )


def _read_format(config: Fields) -> OutputFormat | None:
    """Structured output: JSON as such, or JSON of a schema. Other media types stay as they are."""
    mime = config.text("responseMimeType")
    if mime != JSON:
        if mime not in (None, "text/plain"):
            config.keep("responseMimeType", mime)
        return None
    plain = config.take("responseJsonSchema")
    schema = plain if isinstance(plain, dict) else as_json_schema(config.mapping("responseSchema"))
    return OutputFormat(kind="json") if schema is None else OutputFormat(kind="json_schema", schema=schema)


def write_request(request: Request, target: Target, losses: Losses) -> Block:
    """The body for an upstream, with `model` and `stream` in it: what its quirks refuse stays out and is told to `losses`."""
    out = Outward(native=request.origin == VENDOR, quirks=target.quirks, losses=losses)
    body: Block = dict(out.keep(request.extra, ""))
    kept, more = body.pop("generationConfig", {}), body.pop("toolConfig", {})
    body |= {"model": target.model, **({"stream": True} if request.stream else {})}
    body |= clean(
        systemInstruction=write_system(request, out),
        contents=write_contents(request, out, signs=not takes_budget(target.model)),
    )
    tools = write_tools(request, out)
    if tools:
        body["tools"] = tools
    choice = {**(write_choice(request, out) or {}), **more} if tools or out.native else {}
    if choice:
        body["toolConfig"] = choice
    config = {**kept, **_config(request, target, out)}
    _unsaid(request, out)
    return {**body, "generationConfig": config} if config else body


def _config(request: Request, target: Target, out: Outward) -> Block:
    quirks = out.quirks
    optional = (
        ("topK", "top_k", request.top_k, quirks.top_k),
        ("seed", "seed", request.seed, quirks.seed),
        ("presencePenalty", "presence_penalty", request.presence_penalty, quirks.penalties),
        ("frequencyPenalty", "frequency_penalty", request.frequency_penalty, quirks.penalties),
    )
    for _, name, value, taken in optional:
        if value is not None and not taken:
            out.losses.drop(name, "the upstream has no such parameter")
    fields = clean(
        maxOutputTokens=_max_tokens(request, out),
        temperature=request.temperature,
        topP=request.top_p,
        stopSequences=_stops(request, out),
        thinkingConfig=write_thinking(request, target.model, out),
        **{key: value for key, _, value, taken in optional if taken},
    )
    return fields | _write_format(request.output, out)


def _max_tokens(request: Request, out: Outward) -> int | None:
    most, wanted = out.quirks.max_output_tokens, request.max_tokens
    if wanted is None or most is None or wanted <= most:
        return wanted
    out.losses.change("max_tokens", f"{wanted} became {most}, the most that this upstream gives")
    return most


def _stops(request: Request, out: Outward) -> list[str] | None:
    if len(request.stop) > MAX_STOPS and not out.native:
        out.losses.drop(
            "stop", f"{len(request.stop) - MAX_STOPS} of {len(request.stop)} stop sequences: {MAX_STOPS} are the most"
        )
        return list(request.stop[:MAX_STOPS])
    return list(request.stop) or None


def _write_format(output: OutputFormat | None, out: Outward) -> Block:
    if output is None:
        return {}
    if output.kind == "json_schema" and out.quirks.json_schema:
        key = "responseJsonSchema" if out.quirks.plain_schemas else "responseSchema"
        return {"responseMimeType": JSON, key: out.schema(output.schema or {}, "response_format")}
    if output.kind == "json_schema":
        out.losses.change("response_format", "the upstream knows JSON without a schema only")
    return {"responseMimeType": JSON}


def _unsaid(request: Request, out: Outward) -> None:
    """What others can say and this protocol cannot."""
    fields = {
        "parallel_tool_calls": None if request.parallel_tools is not False else False,
        "verbosity": request.verbosity,
        "service_tier": request.service_tier,
        "user": request.user,
        "prompt_cache_key": request.cache_key,
        "metadata": request.metadata or None,
    }
    for name in clean(**fields):
        out.losses.drop(name, "the Gemini API has no such field")

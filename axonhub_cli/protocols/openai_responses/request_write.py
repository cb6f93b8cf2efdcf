"""A request, written as a Responses body: usually for a client of another protocol.

Two things differ from what a Responses client would say by default, and are therefore said: `store: false` (nobody asked the
vendor to keep the conversation), and `include: ["reasoning.encrypted_content"]` (without it the thinking could not be given
back).
"""

from typing import Any

from ...types.messages import OutputFormat, Request, Text, Thinking
from ...types.quirks import Quirks
from ..base import Losses, Target
from .content import NAME
from .fields import clean
from .history_write import InputWriter
from .tools import write_choice, write_tools

LEAST_TOKENS = 16
_USER_LIMIT = 64
_VALUE_LIMIT = 512
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_TIERS = {"auto": "auto", "standard_only": "default"}  # Anthropic's words
_API = "the Responses API"


def write_request(request: Request, target: Target, losses: Losses) -> dict[str, Any]:
    """The body. What the target cannot be told is on `losses`."""
    quirks, own = target.quirks, request.origin == NAME
    body: dict[str, Any] = clean(model=target.model, instructions=_instructions(request, losses))
    body["input"] = InputWriter(request, quirks, losses).finish()
    body |= _tools(request, quirks, losses)
    body |= clean(
        reasoning=_reasoning(request, quirks, losses),
        text=_text(request, quirks, losses),
        max_output_tokens=_max_tokens(request, quirks, losses),
        temperature=request.temperature,
        top_p=request.top_p,
        prompt_cache_key=(request.cache_key or target.cache_key) if quirks.cache_key else None,
        service_tier=_service_tier(request, quirks, losses),
        stream=True if request.stream else None,
    )
    body |= _identity(request, quirks, losses)
    _sampling(request, losses)
    return body | (_own_rest(request) if own else _foreign_rest(request, quirks, losses))


def _instructions(request: Request, losses: Losses) -> str | None:
    texts = []
    for at, part in enumerate(request.system):
        if isinstance(part, Text):
            texts.append(part.text)
        else:
            losses.drop(f"system[{at}]", "instructions are text")
    return "\n\n".join(text for text in texts if text) or None


def _tools(request: Request, quirks: Quirks, losses: Losses) -> dict[str, Any]:
    own = request.origin == NAME
    tools = write_tools(request, quirks, losses)
    fields: dict[str, Any] = {"tools": tools} if tools else {}
    if not (tools or own):
        return {}
    return fields | clean(tool_choice=write_choice(request, losses), parallel_tool_calls=request.parallel_tools)


def _reasoning(request: Request, quirks: Quirks, losses: Losses) -> dict[str, Any] | None:
    thinking, own = request.thinking, request.origin == NAME
    if thinking is None:
        return None
    if not quirks.reasoning_effort:
        losses.drop("reasoning", "this endpoint takes no reasoning settings")
        return None
    fields = clean(effort=_effort(thinking, quirks, losses), summary=_summary(thinking, own))
    return {**fields, **((thinking.extra if own else None) or {})} or None


def _summary(thinking: Thinking, own: bool) -> str | None:
    """Clients of other protocols see thinking as a matter of course: here it has to be asked for."""
    hidden = (thinking.extra or {}).get("display") == "omitted"
    wanted = not own and not hidden and thinking.mode in ("on", "adaptive")
    return thinking.summary or ("auto" if wanted else None)


def _effort(thinking: Thinking, quirks: Quirks, losses: Losses) -> str | None:
    asked = thinking.effort
    if thinking.mode == "off":
        asked = "none" if asked is None and ("none" in quirks.efforts or "minimal" in quirks.efforts) else asked
        if asked is None:
            losses.drop("thinking", "this endpoint has no switch that turns it off")
            return None
    if asked is None and thinking.budget is not None:
        asked = "low" if thinking.budget <= 4096 else "medium" if thinking.budget <= 16384 else "high"
        losses.change("thinking.budget_tokens", f"{_API} takes an effort, not a budget: {asked}")
    if asked is None or not quirks.efforts or asked in quirks.efforts:
        return asked
    nearest = _nearest(asked, quirks.efforts)
    losses.change("reasoning.effort", f"{asked} is not known here: {nearest}")
    return nearest


def _nearest(asked: str, known: tuple[str, ...]) -> str:
    """The highest known effort that is not above the one asked for, else the lowest; for an unknown word the highest."""
    if asked not in _EFFORTS:
        return known[-1]
    limit = _EFFORTS.index(asked)
    below = [effort for effort in known if effort in _EFFORTS and _EFFORTS.index(effort) <= limit]
    return below[-1] if below else known[0]


def _text(request: Request, quirks: Quirks, losses: Losses) -> dict[str, Any] | None:
    fields: dict[str, Any] = clean(format=_format(request, quirks, losses))
    if request.verbosity is not None and quirks.verbosity:
        fields["verbosity"] = request.verbosity
    elif request.verbosity is not None:
        losses.drop("text.verbosity", "this endpoint does not take it")
    own = (request.extra or {}).get("text") if request.origin == NAME else None
    return {**fields, **(own or {})} or None


def _format(request: Request, quirks: Quirks, losses: Losses) -> dict[str, Any] | None:
    output = request.output
    if output is None:
        return None
    if output.kind == "json_schema" and quirks.json_schema:
        return write_format(output, own=request.origin == NAME)
    if not quirks.json_object:
        losses.drop("text.format", "this endpoint has no structured output")
        return None
    if output.kind == "json_schema":
        losses.change("text.format", "this endpoint knows JSON without a schema only")
    return {"type": "json_object"}


def write_format(output: OutputFormat, *, own: bool) -> dict[str, Any]:
    """`text.format`. A name is required; strictness that was not asked for is refused in words, because its default is true."""
    if output.kind == "json":
        return {"type": "json_object"}
    strict = output.strict if own else bool(output.strict)
    fields = {"type": "json_schema", "name": output.name or "output", "schema": output.schema or {}}
    return {**fields, **clean(description=output.description, strict=strict)}


def _max_tokens(request: Request, quirks: Quirks, losses: Losses) -> int | None:
    asked = request.max_tokens
    if asked is None:
        return None
    if quirks.max_output_tokens is not None and asked > quirks.max_output_tokens:
        losses.change("max_output_tokens", f"{asked} is above this endpoint's limit: {quirks.max_output_tokens}")
        return quirks.max_output_tokens
    if asked < LEAST_TOKENS and request.origin != NAME:
        losses.change("max_output_tokens", f"{asked} is below the API's least: {LEAST_TOKENS}")
        return LEAST_TOKENS
    return asked


def _service_tier(request: Request, quirks: Quirks, losses: Losses) -> str | None:
    tier = request.service_tier
    if tier is None:
        return None
    known = _TIERS.get(tier) if request.origin == "anthropic" else tier
    if known is None or not quirks.service_tier:
        losses.drop("service_tier", f"{tier} means nothing to this endpoint")
        return None
    return known


def _identity(request: Request, quirks: Quirks, losses: Losses) -> dict[str, Any]:
    """`user` and `metadata`: the API refuses users over 64 characters, and values that are no short strings."""
    own, fields = request.origin == NAME, dict[str, Any]()
    user, metadata = request.user, request.metadata or {}
    if user is not None and not own and not quirks.metadata:
        losses.drop("user", "this endpoint does not take it")
    elif user is not None and not own and len(user) > _USER_LIMIT:
        losses.drop("user", f"a user's name may have {_USER_LIMIT} characters here")
    elif user is not None and user != (request.extra or {}).get("safety_identifier"):
        fields["user"] = user
    if metadata and not quirks.metadata:
        losses.drop("metadata", "this endpoint does not take it")
    elif own:
        fields |= clean(metadata=request.metadata)
    else:
        fields |= _metadata(metadata, losses)
    return fields


def _metadata(metadata: dict[str, Any], losses: Losses) -> dict[str, Any]:
    kept = {key: value for key, value in metadata.items() if isinstance(value, str) and len(value) <= _VALUE_LIMIT}
    for key in metadata.keys() - kept.keys():
        losses.drop(f"metadata.{key}", f"metadata are strings of at most {_VALUE_LIMIT} characters here")
    return {"metadata": kept} if kept else {}


def _sampling(request: Request, losses: Losses) -> None:
    given = {
        "stop": request.stop or None,
        "top_k": request.top_k,
        "seed": request.seed,
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
    }
    for name in clean(**given):
        losses.drop(name, f"{_API} has no such field")


def _own_rest(request: Request) -> dict[str, Any]:
    return {key: value for key, value in (request.extra or {}).items() if key != "text"}


def _foreign_rest(request: Request, quirks: Quirks, losses: Losses) -> dict[str, Any]:
    losses.extras(request.extra, "", _API)
    return {"store": False, **({"include": ["reasoning.encrypted_content"]} if quirks.native_responses else {})}

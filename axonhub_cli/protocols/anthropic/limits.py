"""How much a request may think and write, in the combinations that Anthropic accepts.

`max_tokens` is required, and a thinking budget lies below it. While a model thinks, no tool can be forced, temperature is 1,
top_k is absent and top_p is 0.95 or more. A newer endpoint (`adaptive`) takes an effort; an older one wants a budget.
"""

from typing import Any

from msgspec import Struct

from ...types.messages import Request, Thinking
from ...types.quirks import Quirks
from ..base import Losses

BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 31999}
_RISING = tuple(BUDGETS)
_OWN_EFFORTS = _RISING[1:]
MIN_BUDGET = 1024


class Limits(Struct, frozen=True):
    """What `write_request` sends: the output limit, the thinking object, the effort. `thinks` says whether thinking is on."""

    max_tokens: int
    thinking: dict[str, Any] | None = None
    effort: str | None = None

    @property
    def thinks(self) -> bool:
        return self.thinking is not None and self.thinking.get("type") in ("enabled", "adaptive")


def limits(request: Request, quirks: Quirks, losses: Losses, *, unsealed: bool) -> Limits:
    """The limits of a request. `unsealed`: it goes on with a tool turn whose thinking is lost, which a budget does not allow."""
    max_tokens = _max_tokens(request, quirks, losses)
    asked = request.thinking
    if asked is None:
        return Limits(max_tokens)
    if not quirks.thinking:
        if asked.mode in ("on", "adaptive") or asked.effort not in (None, "none"):
            losses.drop("thinking", "this endpoint has no thinking")
        return Limits(max_tokens)
    effort = _effort(asked, request.origin == "anthropic", quirks, losses)
    kind = _kind(asked, native=request.origin == "anthropic")
    if kind == "adaptive" and not quirks.adaptive:
        losses.change("thinking", "this endpoint takes a budget only")
        kind = "enabled"
    if kind == "enabled" and unsealed and not quirks.replay_reasoning:
        losses.drop("thinking", "the last tool turn has no signed thinking to go on from")
        return Limits(max_tokens, None, effort)
    if kind == "enabled":
        return _with_budget(asked, effort, max_tokens, request, quirks, losses)
    return Limits(max_tokens, _plain(asked, kind, request, losses), effort)


def _max_tokens(request: Request, quirks: Quirks, losses: Losses) -> int:
    value = quirks.default_max_tokens if request.max_tokens is None else request.max_tokens
    if quirks.max_output_tokens is None or value <= quirks.max_output_tokens:
        return value
    if request.max_tokens is not None:
        losses.change("max_tokens", f"this endpoint's limit is {quirks.max_output_tokens}")
    return quirks.max_output_tokens


def _kind(asked: Thinking, *, native: bool) -> str | None:
    """The wire's type of thinking. From another protocol an effort alone asks for thinking; in this one it does not."""
    if asked.mode == "off" or (asked.mode is None and asked.effort == "none"):
        return "disabled"
    if asked.budget is not None or (asked.mode == "on" and native):
        return "enabled"
    if asked.mode is None and (native or asked.effort is None):
        return None
    return "adaptive"


def _plain(asked: Thinking, kind: str | None, request: Request, losses: Losses) -> dict[str, Any] | None:
    """Thinking without a budget. The extra keys are `display` and, of a type that is not known here, the whole object."""
    extra = _extra(asked, request, losses)
    if kind is None:
        return extra or None
    if kind == "adaptive" and asked.summary not in (None, "none"):
        extra = {"display": "summarized", **extra}
    return {"type": kind, **extra}


def _extra(asked: Thinking, request: Request, losses: Losses) -> dict[str, Any]:
    if request.origin == "anthropic":
        return dict(asked.extra or {})
    losses.extras(asked.extra, "thinking", "Anthropic Messages")
    return {}


def _effort(asked: Thinking, native: bool, quirks: Quirks, losses: Losses) -> str | None:
    """The effort that goes out, clamped to what the endpoint knows; None when it goes out as a budget or not at all."""
    effort = asked.effort
    if effort in (None, "none") or (asked.mode == "off" and not native):
        return None
    if not (quirks.adaptive or quirks.effort_with_budget) or not quirks.reasoning_effort:
        if _kind(asked, native=native) != "adaptive":
            losses.drop("output_config.effort", "this endpoint takes no effort")
        return None
    known = quirks.efforts or _OWN_EFFORTS
    if effort in known or (native and not quirks.efforts):
        return effort
    clamped = _nearest(effort, known)
    losses.change("output_config.effort", f"{effort} is sent as {clamped}")
    return clamped


def _nearest(effort: str | None, known: tuple[str, ...]) -> str:
    """The highest known effort that is not above this one, else the lowest; an unknown word counts as `high`."""
    rank = _RISING.index(effort) if effort in _RISING else _RISING.index("high")
    below = [word for word in known if word in _RISING and _RISING.index(word) <= rank]
    return below[-1] if below else known[0]


def _with_budget(
    asked: Thinking, effort: str | None, max_tokens: int, request: Request, quirks: Quirks, losses: Losses
) -> Limits:
    """Thinking with a budget below `max_tokens`: the limit rises where the client named none, else the budget falls."""
    budget = asked.budget if asked.budget is not None else BUDGETS.get(asked.effort or "medium", BUDGETS["high"])
    if budget < MIN_BUDGET:
        losses.change("thinking.budget_tokens", f"{MIN_BUDGET} is the least")
        budget = MIN_BUDGET
    if budget >= max_tokens and request.max_tokens is None:
        max_tokens = min(budget + max_tokens, quirks.max_output_tokens or budget + max_tokens)
        losses.change("max_tokens", "raised above the thinking budget")
    if budget >= max_tokens:
        budget = max_tokens * 3 // 4
        losses.change("thinking.budget_tokens", f"it must lie below max_tokens ({max_tokens})")
    if budget < MIN_BUDGET:
        losses.drop("thinking", f"max_tokens ({max_tokens}) leaves no room for it")
        return Limits(max_tokens, None, effort)
    return Limits(max_tokens, {"type": "enabled", "budget_tokens": budget, **_extra(asked, request, losses)}, effort)


def sampling(request: Request, quirks: Quirks, thinks: bool, losses: Losses) -> dict[str, Any]:
    """Temperature and its kin, less what is refused while the model thinks or has no place in this protocol."""
    asked = {"temperature": request.temperature, "top_p": request.top_p, "top_k": request.top_k}
    out = {key: value for key, value in asked.items() if value is not None}
    for key, why in _refused(out, request, quirks, thinks).items():
        losses.drop(key, why)
        del out[key]
    if request.origin != "anthropic" and out.get("temperature", 0) > 1:
        losses.change("temperature", "1 is the highest")
        out["temperature"] = 1.0
    return out


def _refused(asked: dict[str, float], request: Request, quirks: Quirks, thinks: bool) -> dict[str, str]:
    refused: dict[str, str] = {}
    if thinks and asked.get("temperature", 1) != 1:
        refused["temperature"] = "it must be 1 while the model thinks"
    if thinks and asked.get("top_p", 1) < 0.95:
        refused["top_p"] = "it must be 0.95 or more while the model thinks"
    if "top_k" in asked and (thinks or not quirks.top_k):
        refused["top_k"] = "it is refused while the model thinks" if thinks else "this endpoint takes no top_k"
    if request.origin != "anthropic" and "top_p" in asked and "temperature" in asked.keys() - refused.keys():
        refused.setdefault("top_p", "it is refused beside temperature")
    return refused

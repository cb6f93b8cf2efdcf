"""How much to think, as this protocol says it.

Models up to 2.5 take a budget of tokens (0: off, -1: as the model likes), later ones a level, and refuse requests with both.
Levels have no "off": the lowest is as near as it gets. Google's own table turns efforts into budgets (its OpenAI-compatible
endpoint). `includeThoughts` asks for summaries of the thinking, which clients of other protocols see as a matter of course.
"""

import re

from ...types.messages import Request, Thinking
from .fields import VENDOR, Block, Fields, clean
from .outward import Outward

LEVELS = ("minimal", "low", "medium", "high")
_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576, "max": 24576}
_RISING = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_OLD = re.compile(r"gemini-(1|2)\b")


def takes_budget(model: str) -> bool:
    """Whether a model is of the generations that think by budget."""
    return bool(_OLD.search(model))


def read_thinking(fields: Fields) -> Thinking | None:
    """`thinkingConfig`, None where it says nothing."""
    shown, budget, level = fields.flag("includeThoughts"), fields.integer("thinkingBudget"), fields.text("thinkingLevel")
    effort = level.lower() if level and not level.endswith("UNSPECIFIED") else None
    extra = fields.rest()
    if not (shown or effort or extra) and budget is None:
        return None
    summary = "auto" if shown else None
    if budget == 0:
        return Thinking(mode="off", summary=summary, extra=extra)
    if budget is not None and budget > 0:
        return Thinking(mode="on", budget=budget, effort=effort, summary=summary, extra=extra)
    return Thinking(mode=None if effort else "adaptive", effort=effort, summary=summary, extra=extra)


def write_thinking(request: Request, model: str, out: Outward) -> Block | None:
    """`thinkingConfig` for the model, None to leave everything to its default."""
    asked = request.thinking
    if asked is None:
        return None
    if not out.quirks.thinking:
        if asked.mode != "off":
            out.losses.drop("thinking", "the upstream takes no thinking settings")
        return None
    off = asked.mode == "off" or (asked.mode is None and asked.effort == "none")
    amount = _budget(asked, off, model, out) if takes_budget(model) else _level(asked, off, out)
    shown = True if _shown(request, asked) and not off else None
    return {**amount, **clean(includeThoughts=shown), **out.keep(asked.extra, "thinking")} or None


def _shown(request: Request, asked: Thinking) -> bool:
    """Whether the client can be shown what the model thinks. Chat's clients never say; Responses' and our own do."""
    if request.origin in (VENDOR, "openai-responses"):
        return asked.summary not in (None, "none")
    return (asked.extra or {}).get("display") != "omitted"


def _budget(asked: Thinking, off: bool, model: str, out: Outward) -> Block:
    pro = "pro" in model
    if off:
        if pro:
            out.losses.change("thinking", "this model cannot be kept from thinking: 128 tokens are its least")
        return {"thinkingBudget": 128 if pro else 0}
    if asked.budget is None:
        return {"thinkingBudget": _BUDGETS.get(asked.effort, 24576)} if asked.effort else {"thinkingBudget": -1}
    most = 32768 if pro else 24576
    if asked.budget > most:
        out.losses.change("thinking.budget", f"{asked.budget} became {most}, the most of this model")
    return {"thinkingBudget": min(asked.budget, most)}


def _level(asked: Thinking, off: bool, out: Outward) -> Block:
    known = out.quirks.efforts or LEVELS
    if off:
        out.losses.change("thinking", f"this model cannot be kept from thinking: {known[0]} is its lowest level")
        return {"thinkingLevel": known[0]}
    wanted = asked.effort or _of_budget(asked.budget)
    if wanted is None:
        return {}
    given = wanted if wanted in known else _nearest(wanted, known)
    if asked.effort is None:
        out.losses.change("thinking.budget", f"a budget of {asked.budget} tokens became the level {given}")
    elif given != wanted:
        out.losses.change("thinking.effort", f"{wanted} became {given}: the upstream knows {', '.join(known)}")
    return {"thinkingLevel": given}


def _of_budget(budget: int | None) -> str | None:
    if budget is None:
        return None
    return next((level for level, most in (("low", 4096), ("medium", 16384)) if budget <= most), "high")


def _nearest(effort: str, known: tuple[str, ...]) -> str:
    """The highest known level that is not above this one, else the lowest; for an unknown word the highest."""
    if effort not in _RISING:
        return known[-1]
    below = [level for level in known if level in _RISING and _RISING.index(level) <= _RISING.index(effort)]
    return below[-1] if below else known[0]

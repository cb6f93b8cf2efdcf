"""How much to think, as this protocol says it: one word, `reasoning_effort`; and the switch that some of its vendors added."""

from typing import Any

from ...types.messages import Thinking
from .parts import Outward

RISING = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_BUDGETS = ((4096, "low"), (16384, "medium"))


def read_effort(effort: str | None) -> Thinking | None:
    """`none` is thinking switched off; any other word says how much, and leaves the switch alone."""
    if effort is None:
        return None
    return Thinking(mode="off" if effort == "none" else None, effort=effort)


def write_effort(thinking: Thinking | None, out: Outward) -> str | None:
    """The word for the upstream, None to leave it to its default."""
    if thinking is None:
        return None
    known = out.quirks.efforts
    if _off(thinking):
        if out.quirks.thinks_unasked:
            return None  # the switch says it
        said = "none" in known or (thinking.effort == "none" and not known)
        return "none" if said and out.quirks.reasoning_effort else None
    wanted = thinking.effort or _of_budget(thinking.budget)
    if wanted is None:
        return None
    if not out.quirks.reasoning_effort:
        out.losses.drop("thinking", f"the upstream takes no reasoning effort ({wanted})")
        return None
    given = nearest(wanted, known)
    if thinking.effort is None:
        out.losses.change("thinking.budget", f"a budget of {thinking.budget} tokens became reasoning_effort {given}")
    elif given != wanted:
        out.losses.change("reasoning_effort", f"{wanted} became {given}: the upstream knows {', '.join(known)}")
    return given


def write_switch(thinking: Thinking | None, out: Outward) -> dict[str, Any] | None:
    """`thinking`, where silence means on: only what is off has to be said."""
    return {"type": "disabled"} if out.quirks.thinks_unasked and thinking is not None and _off(thinking) else None


def _off(thinking: Thinking) -> bool:
    return thinking.mode == "off" or thinking.effort == "none"


def _of_budget(budget: int | None) -> str | None:
    if budget is None:
        return None
    return next((word for limit, word in _BUDGETS if budget <= limit), "high")


def nearest(effort: str, known: tuple[str, ...]) -> str:
    """The known word nearest to this one; of two equally near ones the higher. A word that nobody has ranked is above all."""
    if not known or effort in known:
        return effort
    ranked = [word for word in known if word != "none"] or list(known)
    return min(reversed(ranked), key=lambda word: abs(_rank(word) - _rank(effort)))


def _rank(word: str) -> int:
    return RISING.index(word) if word in RISING else len(RISING)

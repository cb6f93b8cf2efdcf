"""What comes after a failed attempt: the next candidate, or an answer. A pure function with a table of cases in its test.

Before anything was sent to the client a failure may stay invisible:

- the upstream could not be reached, broke off, was too slow or is overloaded: the next candidate;
- it refused the secret, or the secret's account is spent or limited: the next candidate, which is another secret or channel;
- it says that it does not know the model, or what is asked cannot be formed or done there: the next channel may;
- it says that the request is wrong: that is the client's answer, another channel would say the same.

After commit nothing is tried again. A client that left is nobody's fault.
"""

from typing import Literal

from ..types.problem import Problem

Step = Literal["next", "stop"]

_NEXT: frozenset[str] = frozenset(
    [
        "upstream",
        "timeout",
        "server",
        "overloaded",
        "rate_limit",
        "quota",
        "conflict",
        "authentication",
        "billing",
        "permission",
        "not_found",
    ]
)
_NEXT_STATUS: frozenset[int] = frozenset([401, 402, 403, 404, 408, 409, 429])


def decide(problem: Problem, *, committed: bool, left: int) -> Step:
    """Whether to try the next of `left` remaining candidates after this problem."""
    if committed or left <= 0 or problem.kind == "cancelled":
        return "stop"
    if problem.elsewhere or problem.kind in _NEXT or problem.status in _NEXT_STATUS or problem.status >= 500:
        return "next"
    return "stop"


_PASSING: frozenset[int] = frozenset([502, 503, 504, 529])
UNKNOWN_NAME = "name_not_resolved"  # code of a problem: no such host; a moment later there still is none


def again(problem: Problem, *, reached: bool, wait: float) -> bool:
    """Whether one more try of the very same place helps, where nobody else is left.

    `reached`: the upstream answered at least with its headers, so it may have done the work. `wait` is how many seconds it may
    ask for before it is asked again. What the upstream itself says about trying again is obeyed.
    """
    if problem.kind == "cancelled" or (problem.retry_after or 0.0) > wait:
        return False
    if problem.should_retry is not None:
        return problem.should_retry
    if reached:
        return problem.status in _PASSING
    return problem.kind == "upstream" and problem.code != UNKNOWN_NAME


def pause(problem: Problem, chance: float) -> float:
    """Seconds before that try: what the upstream asks for, or 0.2 to 0.4. `chance` is a random number between 0 and 1."""
    return max(problem.retry_after or 0.0, 0.2) + 0.2 * chance


_WORTH: tuple[str, ...] = (
    "invalid_request",
    "context_length",
    "too_large",
    "rate_limit",
    "overloaded",
    "quota",
    "billing",
    "server",
)


def worst(problems: list[Problem]) -> Problem:
    """Of all attempts' failures the one that the client should hear: the last that an upstream really said, else the last.

    That a place cannot do what is asked comes after what keeps an able one from it: that may pass.
    """
    able = [problem for problem in problems if not problem.elsewhere] or problems
    for problem in reversed(able):
        if problem.kind in _WORTH:
            return problem
    return able[-1]


def tried(problems: list[tuple[str, Problem]]) -> str:
    """Who was asked in vain, and why, in short; the reasons in full where none of them can do what is asked. Empty for one."""
    if len(problems) < 2:
        return ""
    if all(problem.elsewhere for _, problem in problems):
        others = [f"{place}: {problem.message}" for place, problem in problems if problem.message != problems[-1][1].message]
        return f"(no other channel can either: {' '.join(others)})" if others else f"(said of {_places(problems)})"
    words = {"upstream": "no good answer"}
    kinds = [
        (place, "cannot do this" if other.elsewhere else words.get(other.kind, other.kind.replace("_", " ")))
        for place, other in problems
    ]
    return f"(axonhub tried {', '.join(f'{place}: {word}' for place, word in kinds)})"


def _places(problems: list[tuple[str, Problem]]) -> str:
    return ", ".join(dict.fromkeys(place for place, _ in problems))

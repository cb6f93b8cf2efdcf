"""What comes after a failed attempt: the next candidate, or an answer. A pure function with a table of cases in its test.

Before anything was sent to the client a failure may stay invisible:

- the upstream could not be reached, broke off, was too slow or is overloaded: the next candidate;
- it refused the secret, or the secret's account is spent or limited: the next candidate, which is another secret or channel;
- it says that it does not know the model: the next channel may;
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
    if problem.kind in _NEXT or problem.status in _NEXT_STATUS or problem.status >= 500:
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
    """Of all attempts' failures the one that the client should hear: the last that an upstream really said, else the last."""
    for problem in reversed(problems):
        if problem.kind in _WORTH:
            return problem
    return problems[-1]

"""Failover as a table."""

from typing import Any

import pytest

from axonhub_cli.routing.failover import UNKNOWN_NAME, again, decide, pause, tried, worst
from axonhub_cli.types.problem import Problem

CASES = [
    ("upstream", 0, False, 1, "next"),
    ("timeout", 0, False, 1, "next"),
    ("timeout", 408, False, 1, "next"),
    ("conflict", 409, False, 1, "next"),
    ("rate_limit", 429, False, 1, "next"),
    ("quota", 429, False, 1, "next"),
    ("server", 500, False, 1, "next"),
    ("overloaded", 529, False, 1, "next"),
    ("authentication", 401, False, 1, "next"),
    ("billing", 402, False, 1, "next"),
    ("permission", 403, False, 1, "next"),
    ("not_found", 404, False, 1, "next"),
    ("invalid_request", 400, False, 1, "stop"),
    ("invalid_request", 422, False, 1, "stop"),
    ("context_length", 400, False, 1, "stop"),
    ("too_large", 413, False, 1, "stop"),
    ("server", 500, True, 1, "stop"),
    ("server", 500, False, 0, "stop"),
    ("cancelled", 499, False, 1, "stop"),
]


@pytest.mark.parametrize(("kind", "status", "committed", "left", "step"), CASES)
def test_what_follows_a_failure(kind: str, status: int, committed: bool, left: int, step: str) -> None:
    """Failures of an upstream move on while nothing was said; failures of the request are the client's answer."""
    problem = Problem(kind=kind, message="x", status=status)  # type: ignore[arg-type]

    assert decide(problem, committed=committed, left=left) == step


def test_the_client_hears_the_last_thing_an_upstream_really_said() -> None:
    """A connection that failed afterwards does not hide the rate limit that an upstream reported."""
    limit, broken = Problem(kind="rate_limit", message="slow down"), Problem(kind="upstream", message="refused")

    assert worst([limit, broken]) is limit
    assert worst([broken]) is broken


AGAIN = [
    ({"kind": "upstream"}, False, True),
    ({"kind": "upstream", "code": UNKNOWN_NAME}, False, False),
    ({"kind": "upstream", "should_retry": False}, False, False),
    ({"kind": "upstream"}, True, False),
    ({"kind": "timeout"}, False, False),
    ({"kind": "server", "status": 500}, True, False),
    ({"kind": "server", "status": 500, "should_retry": True}, True, True),
    ({"kind": "server", "status": 502}, True, True),
    ({"kind": "overloaded", "status": 503}, True, True),
    ({"kind": "overloaded", "status": 503, "should_retry": False}, True, False),
    ({"kind": "timeout", "status": 504}, True, True),
    ({"kind": "overloaded", "status": 529}, True, True),
    ({"kind": "overloaded", "status": 529, "retry_after": 30.0}, True, False),
    ({"kind": "rate_limit", "status": 429}, True, False),
    ({"kind": "conflict", "status": 409}, True, False),
    ({"kind": "invalid_request", "status": 400}, True, False),
]


@pytest.mark.parametrize(("fields", "reached", "expected"), AGAIN)
def test_what_is_worth_one_more_try_at_the_same_place(fields: dict[str, Any], reached: bool, expected: bool) -> None:
    """What passes by itself and has not done the work; the upstream's own word about it goes first."""
    assert again(Problem(message="x", **fields), reached=reached, wait=2.0) is expected


def test_the_pause_before_it_is_short_and_never_the_same() -> None:
    """0.2 to 0.4 seconds, or what the upstream asks for."""
    problem = Problem(kind="upstream", message="x")
    assert pause(problem, 0.0) == 0.2
    assert pause(problem, 1.0) == 0.4
    assert pause(Problem(kind="overloaded", message="x", retry_after=1.5), 0.5) == 1.6


UNABLE = Problem(kind="invalid_request", message="n: 2 answers", elsewhere=True)
DOWN = Problem(kind="upstream", message="gone")


def test_what_cannot_be_done_here_may_be_done_elsewhere() -> None:
    """The next candidate is asked, unless something was said already or nobody is left."""
    assert decide(UNABLE, committed=False, left=1) == "next"
    assert decide(UNABLE, committed=True, left=1) == "stop"
    assert decide(UNABLE, committed=False, left=0) == "stop"


def test_what_keeps_an_able_place_from_it_is_said_first() -> None:
    """It may pass; that another place cannot do it does not."""
    assert worst([DOWN, UNABLE]) is DOWN
    assert worst([UNABLE, UNABLE]) is UNABLE


def test_who_was_tried_in_words() -> None:
    """In short; in full where nobody can do what is asked."""
    other = Problem(kind="invalid_request", message="the last one holds audio.", elsewhere=True)
    assert tried([("a", DOWN)]) == ""
    assert tried([("a", DOWN), ("b", UNABLE)]) == "(axonhub tried a: no good answer, b: cannot do this)"
    assert tried([("a", other), ("b", UNABLE)]) == "(no other channel can either: a: the last one holds audio.)"
    assert tried([("a", UNABLE), ("b", UNABLE)]) == "(said of a, b)"

"""Failover as a table."""

import pytest

from axonhub_cli.routing.failover import decide, worst
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

"""Health: how long a place is left alone, who says so, and how it comes back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.routing.health import LONGEST, Cooldown, Health, Place, RetryBudget, after, hinted
from axonhub_cli.types.problem import STATUS, Problem

A, B = Place("a", "env:A", "m"), Place("b", "env:B", "m")


def problem(kind: str, status: int = 0, **more: Any) -> Problem:
    """A problem of this kind."""
    return Problem(kind=kind, message=more.pop("message", "x"), status=status, **more)  # type: ignore[arg-type]


WAITS = [
    (problem("rate_limit", 429, retry_after=7), 7, True),
    (problem("rate_limit", 429, retry_after=1e9), LONGEST, True),
    (problem("rate_limit", 429), 1, False),
    (problem("rate_limit", 429, retry_after=0), 1, False),
    (problem("overloaded", 529, retry_after=3), 3, True),
    (problem("server", 500), 1, False),
    (problem("upstream"), 1, False),
    (problem("timeout"), 5, False),
    (problem("quota", 429), 60, False),
    (problem("permission", 403), 60, False),
    (problem("not_found", 404), 60, False),
]


@pytest.mark.parametrize(("failure", "wait", "told"), WAITS)
def test_a_wait_is_the_upstreams_or_small(failure: Problem, wait: float, told: bool) -> None:
    """What the upstream asks for, capped at half an hour; else a short one that is ours."""
    found = after(None, failure, 100.0)

    assert found is not None
    assert (found.until, found.told) == (100.0 + wait, told)


@pytest.mark.parametrize("kind", ["invalid_request", "context_length", "too_large", "conflict", "unsupported", "cancelled"])
def test_a_failure_of_the_request_says_nothing_against_the_place(kind: str) -> None:
    """A wrong request and a client that left are held against no channel."""
    assert after(None, problem(kind), 0.0) is None


def test_waits_of_ours_double_with_every_failure_in_a_row_and_stay_below_a_minute() -> None:
    """1, 2, 4, 8 … 60 seconds; what failed beside it while it cooled counts once."""
    before: Cooldown | None = None
    now, waits = 0.0, []
    for _ in range(9):
        before = after(before, problem("server", 500), now)
        assert before is not None
        assert after(before, problem("server", 500), now) == before
        waits.append(before.until - now)
        now = before.until

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@given(st.sampled_from(sorted(STATUS)), st.floats(0, 1e12), st.integers(0, 40))
def test_no_wait_is_longer_than_half_an_hour(kind: str, asked: float, failures: int) -> None:
    """Whatever an upstream asks for and however often it fails."""
    before = Cooldown(until=0, told=False, failures=failures, kind="server", reason="x")
    found = after(before, problem(kind, retry_after=asked), 1.0)

    assert found is None or 0 <= found.until - 1.0 <= LONGEST


HINTS = [
    ("Rate limit reached. Please try again in 1.5s.", b"", 1.5),
    ("try again in 20 ms", b"", 0.02),
    ("Please retry in 17.3s", b"", 17.3),
    ("try again in 6m0s", b"", 360),
    ("retry after 2 sec", b"", 2),
    ("quota", b'{"error":{"details":[{"@type":"RetryInfo","retryDelay":"17s"}]}}', 17),
    ("no hint", b"", None),
]


@pytest.mark.parametrize(("message", "body", "seconds"), HINTS)
def test_hints_in_words_count_where_no_header_spoke(message: str, body: bytes, seconds: float | None) -> None:
    """`try again in 2s` and Google's RetryInfo; a header goes first."""
    assert hinted(problem("rate_limit", message=message), body).retry_after == seconds
    assert hinted(problem("rate_limit", message=message, retry_after=3), body).retry_after == 3


def test_those_that_cool_go_last_the_first_to_recover_first() -> None:
    """The order of healthy places stays as it is."""
    health = Health()
    health.failed(A, problem("rate_limit", 429, retry_after=50), 0.0)
    health.failed(B, problem("rate_limit", 429, retry_after=20), 0.0)
    c, d = Place("c", None, "m"), Place("d", None, "m")

    assert health.ordered([(A, "a"), (B, "b"), (d, "d"), (c, "c")], 1.0) == ["d", "c", "b", "a"]
    assert health.ordered([(A, "a"), (B, "b")], 60.0) == ["a", "b"]


def test_a_half_open_place_is_tried_by_one_at_a_time() -> None:
    """While its probe runs the others go elsewhere; its success ends that, its client's leaving frees it."""
    health = Health()
    health.failed(A, problem("server", 500), 0.0)
    assert health.rank(A, 2.0) == 0

    health.begin(A, 2.0)
    assert health.ordered([(A, "a"), (B, "b")], 2.0) == ["b", "a"]
    health.release(A)
    assert health.rank(A, 2.0) == 0
    health.begin(A, 2.0)
    assert health.rank(A, 1000.0) == 0  # a probe that hangs does not keep the place shut
    assert health.succeeded(A) is True
    assert health.cooldown(A) is None
    assert health.succeeded(A) is False


def test_only_what_the_upstream_asked_for_keeps_a_request_waiting() -> None:
    """A wait that we made up is imposed on nobody."""
    health = Health()
    health.failed(A, problem("server", 500), 0.0)
    health.failed(B, problem("rate_limit", 429, retry_after=9), 0.0)

    assert health.wait(A, 0.0) == 0
    assert health.wait(B, 4.0) == 5


def test_a_refused_secret_is_out_for_every_model_until_it_is_reset() -> None:
    """401 belongs to the secret; 403 to this model with it. A channel without a secret has nothing that could change."""
    health = Health()
    assert health.failed(A, problem("authentication", 401), 0.0) is not None
    other = A._replace(model="other")
    assert health.wait(other, 0.0) == LONGEST
    found = health.cooldown(other)
    assert found is not None
    assert found.refused
    assert health.reset(secret="env:A") == 1
    assert health.cooldown(other) is None

    health.failed(Place("c", None, "m"), problem("authentication", 401), 0.0)
    assert health.wait(Place("c", None, "m"), 0.0) == 0
    health.failed(A, problem("permission", 403), 0.0)
    assert health.cooldown(other) is None


def test_a_cooldown_is_news_once() -> None:
    """Requests that fail side by side tell the person at the terminal one thing."""
    health = Health()
    assert health.failed(A, problem("server", 500), 0.0) is not None
    assert health.failed(A, problem("server", 500), 0.1) is None
    assert health.failed(A, problem("server", 500), 5.0) is not None


def test_reset_forgets_one_channel_only() -> None:
    """And says how much there was."""
    health = Health()
    health.failed(A, problem("server", 500), 0.0)
    health.failed(B, problem("server", 500), 0.0)

    assert health.reset("a") == 1
    assert [row["channel"] for row in health.snapshot(0.0)] == ["b"]


def test_a_snapshot_is_for_people() -> None:
    """Seconds left, who asked for them, and why."""
    health = Health()
    health.failed(A, problem("rate_limit", 429, retry_after=30, message="slow down"), 0.0)

    assert health.snapshot(10.0) == [
        {
            "channel": "a", "secret": "env:A", "model": "m", "seconds": 20.0, "told": True, "refused": False, "failures": 1,
            "kind": "rate_limit", "reason": "slow down",
        }
    ]  # fmt: skip


def test_the_number_of_places_is_bounded() -> None:
    """Model names are the client's words: a flood of them costs a bounded amount of memory."""
    health = Health()
    for number in range(5000):
        health.failed(Place("a", None, f"m{number}"), problem("not_found", 404), float(number))

    assert len(health.snapshot(0.0)) <= 2048


def test_a_fifth_of_the_requests_may_be_tried_again() -> None:
    """A few at the start, then one in five; each channel has its own account."""
    budget = RetryBudget()
    assert [budget.take("a") for _ in range(4)] == [True, True, True, False]
    taken = 0
    for _ in range(100):
        budget.request("a")
        taken += budget.take("a")

    assert 19 <= taken <= 20
    assert budget.take("b")

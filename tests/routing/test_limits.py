"""Limits: what a channel takes, and when an agent is stopped."""

import pytest

from axonhub_cli.config.schema import Budget, ChannelLimits, Limits
from axonhub_cli.routing.limits import Gate, Meter, Spent, Use, wanted


def test_a_gate_counts_requests_at_a_time() -> None:
    """Over the limit somebody has to leave first."""
    gate, limits = Gate(), ChannelLimits(concurrent=2)
    for _ in range(2):
        assert gate.admit(limits, 0.0) == 0
        gate.enter(limits, 0.0)

    assert gate.admit(limits, 0.0) is None
    gate.leave()
    assert gate.admit(limits, 0.0) == 0


def test_a_gate_counts_requests_a_minute() -> None:
    """The wait ends when the oldest of the minute's requests is a minute old; asking counts nothing."""
    gate, limits = Gate(), ChannelLimits(rpm=2)
    for now in (0.0, 10.0):
        assert gate.admit(limits, now) == 0
        gate.enter(limits, now)

    assert gate.admit(limits, 20.0) == 40
    assert gate.admit(limits, 60.0) == 0


def test_without_limits_everything_goes() -> None:
    """And nothing is remembered."""
    gate = Gate()
    for _ in range(100):
        assert gate.admit(ChannelLimits(), 0.0) == 0
        gate.enter(ChannelLimits(), 0.0)


BUDGETS = [
    (Limits(trace=Budget(cost=1.0)), Spent("trace", "cost", 1.0)),
    (Limits(trace=Budget(requests=2)), Spent("trace", "requests", 2)),
    (Limits(key=Budget(cost=0.5)), Spent("key", "cost", 0.5)),
    (Limits(day=Budget(requests=1)), Spent("day", "requests", 1)),
    (Limits(day=Budget(cost=5)), None),
    (Limits(), None),
]


@pytest.mark.parametrize(("limits", "spent"), BUDGETS)
def test_the_first_budget_that_is_used_up_stops_the_next_request(limits: Limits, spent: Spent | None) -> None:
    """Two requests for a dollar in all, of one trace and one key."""
    meter = Meter()
    for _ in range(2):
        meter.request("t", "k")
        meter.cost("t", "k", 0.5)

    assert meter.spent(limits, "t", "k", None) == spent
    assert wanted(limits) is (limits != Limits())


def test_a_trace_that_is_allowed_more_goes_on() -> None:
    """By that much; other traces are none of its business."""
    meter, limits = Meter(), Limits(trace=Budget(cost=1.0))
    meter.cost("t", "k", 3.0)
    meter.allow("t", Use(5.0, 0))

    assert meter.spent(limits, "t", "k", None) is None
    meter.cost("t", "k", 3.0)
    assert meter.spent(limits, "t", "k", None) == Spent("trace", "cost", 6.0)
    assert meter.spent(limits, "other", "k", None) is None


def test_the_same_tool_calls_again_and_again_are_a_circle() -> None:
    """Counted for each agent of a trace; another call or a plain answer begins anew, and so does being allowed."""
    meter, limits = Meter(), Limits(identical_tool_calls=3)
    meter.request("t", "k")
    for _ in range(2):
        meter.calls("t", None, (("Bash", "ls"),))
    meter.calls("t", "sub", (("Bash", "ls"),))
    assert meter.spent(limits, "t", "k", None) is None
    meter.calls("t", None, (("Bash", "ls"),))
    assert meter.spent(limits, "t", "k", None) == Spent("trace", "identical tool calls", 3)
    assert meter.spent(limits, "t", "k", "sub") is None

    meter.allow("t", Use())
    assert meter.spent(limits, "t", "k", None) is None
    for calls in (("x",), ("x",), ("y",), (), ("x",)):
        meter.calls("t", None, calls)
    assert meter.spent(limits, "t", "k", None) is None


def test_what_earlier_runs_used_counts() -> None:
    """A restart is no way around a budget; a new day is."""
    meter, limits = Meter(), Limits(key=Budget(requests=3), trace=Budget(requests=10))
    meter.begin_day("2026-01-01", {"k": Use(0.0, 3)})
    meter.allow("t", Use())
    assert not meter.knows("t")
    meter.bring("t", Use(0.0, 10))
    meter.bring("t", Use(0.0, 10))

    assert meter.spent(limits, "t", "k", None) == Spent("trace", "requests", 10)
    assert meter.spent(limits, "u", "k", None) == Spent("key", "requests", 3)
    meter.begin_day("2026-01-02", {})
    assert meter.spent(limits, "u", "k", None) is None


def test_the_number_of_traces_is_bounded() -> None:
    """The oldest are forgotten."""
    meter = Meter()
    for number in range(5000):
        meter.request(f"t{number}", "k")

    assert meter.spent(Limits(trace=Budget(requests=1)), "t0", "k", None) is None
    assert meter.spent(Limits(trace=Budget(requests=1)), "t4999", "k", None) is not None

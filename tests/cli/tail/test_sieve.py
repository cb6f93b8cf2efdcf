"""What the filter lets through."""

from typing import Any

import pytest

from axonhub_cli.cli.tail.model import Tree
from axonhub_cli.cli.tail.sieve import Sieve
from axonhub_cli.trace.filter import parse

NOW = 1_800_000_000.0


def tree(*told: Any) -> Tree:
    made = Tree()
    for event in told:
        made.apply(event)
    return made


def shown(made: Tree, sieve: Sieve, now: float = NOW) -> list[str]:
    return [name for name, request in made.requests.items() if sieve.shows(made.places[name][0], request, now)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("~err", ["r2"]), ("~running", ["r3"]), ("~model glm", ["r1"]), ("~channel ds", ["r1"]), ("~failover", ["r1"]),
     ("~miss", ["r1"]),
     ("~tool bash ~cost>0.1", ["r1"]), ("~profile cheap", ["r1"]), ("~since 100s", ["r1", "r2"]), ("singing", ["r3"]),
     ("~agent", ["r2"]), ("~client claude ~side", ["r2"]), ("~loss", ["r1"]), ("~effort low", ["r1"]), ("~ttfb<1s", ["r1"])],
)  # fmt: skip
def test_a_request_of_the_tree_is_asked(events: Any, text: str, expected: list[str]) -> None:
    """Everything that a filter can ask for reaches it from the feed."""
    r1, r2 = events.request("r1"), events.request("r2", at=2, kind="title", agent="a1")
    told = [
        r1, events.attempt("r1", 0, "mx", outcome="error", status=529), events.attempt("r1", 1, "ds"), r2,
        events.end(r1, model="glm-4.6", tools=["Bash"], cost=0.2, profile="cheap", verdict="tools changed", effort="high",
                   effort_sent="low", first_byte_ms=300.0, losses=[{"path": "top_k", "action": "dropped", "why": "no"}]),
        events.end(r2, 3, outcome="error"), events.request("r3", at=-200), events.delta("r3", "I am singing"),
    ]  # fmt: skip
    assert shown(tree(*told), Sieve(parse(text))) == expected


def test_answers_follow_what_changes(events: Any) -> None:
    """An answer is remembered until the request or, for times, the moment is another."""
    r1 = events.request("r1")
    made, errors, young = tree(r1), Sieve(errors_only=True), Sieve(parse("~since 10s"))
    assert (shown(made, errors), shown(made, young, NOW + 9)) == ([], ["r1"])
    made.apply(events.end(r1, outcome="error"))
    assert (shown(made, errors), shown(made, young, NOW + 60)) == (["r1"], [])


def test_branches_are_shown_for_what_is_in_them(events: Any) -> None:
    """A turn with a fitting request deep below is shown."""
    r1, r2 = events.request("r1"), events.request("r2", agent="a1")
    made, sieve = tree(r1, r2, events.end(r2, outcome="error")), Sieve(parse("~err"))
    trace = made.traces["trace-1"]
    assert sieve.any(trace, trace.turns[0].children, NOW)
    assert not Sieve(parse("~cost>1")).any(trace, trace.turns[0].children, NOW)
    assert sieve.counted(made, NOW) == 1
    del made.requests["r2"]
    assert sieve.counted(made, NOW) == 0
    assert Sieve().active is False

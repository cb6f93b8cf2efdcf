"""Searching the tree."""

from typing import Any

import pytest

from axonhub_cli.cli.tail.find import following, matching, node, places
from axonhub_cli.cli.tail.model import Tree
from axonhub_cli.cli.tail.sieve import Sieve
from axonhub_cli.trace.filter import parse

NOW = 1_800_000_000.0


@pytest.fixture
def tree(events: Any) -> Tree:
    """Two traces; the first has a turn with a sub-agent that failed over."""
    r1, r2 = events.request("r1", prompt="Fix it"), events.request("r2", agent="a1", prompt="Look around")
    made = Tree()
    for event in (
        r1, r2, events.attempt("r2", 0, "mx", outcome="error", reason="overloaded"), events.attempt("r2", 1),
        events.end(r2, outcome="error"),
        events.request("r3", "trace-2", prompt="Sing"), events.delta("r3", "la la"),
    ):  # fmt: skip
        made.apply(event)
    return made


def hits(tree: Tree, words: str, sieve: Sieve | None = None) -> list[tuple[str, ...]]:
    return [place.key for place in places(tree, sieve or Sieve(), NOW) if matching(place.text, words)]


def test_everything_that_says_something_is_found(tree: Tree) -> None:
    """Prompts, answers, names, reasons; in the order of the tree, whatever the case."""
    assert hits(tree, "fix") == [("turn", "trace-1", "1")]
    assert hits(tree, "LOOK") == [("agent", "trace-1", "a1")]
    assert hits(tree, "overloaded") == [("request", "r2")]
    assert hits(tree, "la la") == [("request", "r3")]
    assert hits(tree, "claude-code") == [("trace", "trace-1"), ("trace", "trace-2")]
    assert hits(tree, "opus", Sieve(parse("~err"))) == [("request", "r2")]


def test_a_place_knows_what_must_be_open(tree: Tree) -> None:
    """Trace, turn, agent, and the bundle of earlier entries."""
    place = next(place for place in places(tree, Sieve(), NOW) if place.key == ("request", "r2"))
    assert place.above[:2] == (("trace", "trace-1"), ("turn", "trace-1", "1"))
    assert ("agent", "trace-1", "a1") in place.above


def test_it_goes_on_from_the_cursor_and_round(tree: Tree) -> None:
    """Forwards, backwards, from nowhere, and over the end."""
    everything = list(places(tree, Sieve(), NOW))
    order = [place.key for place in everything]
    found = [place for place in everything if place.key[0] == "trace"]
    assert [following(found, cursor, order, step) for cursor, step in ((None, 1), (order[0], 1), (order[-1], 1), (None, -1))] == [
        found[0], found[1], found[0], found[1],
    ]  # fmt: skip
    assert following([], None, order, 1) is None


def test_nodes_are_found_by_their_keys(tree: Tree) -> None:
    """Each kind; what is gone or is several requests is none."""
    for place in places(tree, Sieve(), NOW):
        found = node(tree, place.key)
        assert found is not None
        assert found[1].key == place.key
    assert [
        node(tree, key)
        for key in (("request", "x"), ("trace", "x"), ("turn", "x", "1"), ("bundle", "r1"), ("agent", "trace-1", "x"))
    ] == [None] * 5

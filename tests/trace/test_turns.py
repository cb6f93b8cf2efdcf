"""Turns: where they begin, and what belongs to them."""

from typing import Any

import pytest

from axonhub_cli.trace.turns import public, turns


def request(number: int, **fields: Any) -> dict[str, Any]:
    """A request of one second, one second after the one before."""
    row = {"id": f"r{number}", "started": float(number), "duration_ms": 1000.0, "kind": "turn", "agent": None, "turn": None,
           "prompt": None, "outcome": "ok", "cost": None}  # fmt: skip
    return {**row, **fields}


CASES: list[tuple[str, list[dict[str, Any]], list[list[str]]]] = [
    ("a prompt begins a turn, tool results go on with it",
     [{"prompt": "a"}, {}, {"prompt": "b"}, {}], [["r0", "r1"], ["r2", "r3"]]),
    ("side requests belong to the turn in which they come",
     [{"kind": "title", "prompt": "t"}, {"prompt": "a"}, {"kind": "title", "prompt": "x"}, {"prompt": "b"}],
     [["r0", "r1", "r2"], ["r3"]]),
    ("sub-agents are branches",
     [{"prompt": "a"}, {"agent": "x", "prompt": "look"}, {"agent": "x"}, {}, {"prompt": "b"}],
     [["r0", "r1", "r2", "r3"], ["r4"]]),
    ("a prompt that failed and is sent again is the same turn",
     [{"prompt": "a", "outcome": "error"}, {"prompt": "a"}, {"prompt": "a"}], [["r0", "r1"], ["r2"]]),
    ("the client's own turns count where it names them",
     [{"turn": "1", "prompt": "a"}, {"turn": "1", "prompt": "b"}, {"turn": "2"}], [["r0", "r1"], ["r2"]]),
    ("nothing", [], []),
]  # fmt: skip


@pytest.mark.parametrize(("what", "requests", "expected"), CASES, ids=[case[0] for case in CASES])
def test_which_requests_make_a_turn(what: str, requests: list[dict[str, Any]], expected: list[list[str]]) -> None:
    """Requests in the order of their start, grouped."""
    found = turns(request(number, **fields) for number, fields in enumerate(requests))
    assert [turn["requests"] for turn in found] == expected
    assert [turn["number"] for turn in found] == list(range(1, len(expected) + 1))


def test_what_a_turn_says() -> None:
    """Prompt, span, agents and cost; an unknown cost stays unknown."""
    first, second = turns([
        request(0, prompt="a", cost=0.5), request(1, agent="x", cost=0.25, duration_ms=9000.0), request(2),
        request(3, prompt="b"),
    ])  # fmt: skip
    assert public(first) == {
        "number": 1, "turn": None, "prompt": "a", "started": 0.0, "ended": 10.0, "requests": ["r0", "r1", "r2"], "agents": ["x"],
        "cost": 0.75,
    }  # fmt: skip
    assert second["cost"] is None

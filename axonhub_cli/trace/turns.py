"""Turns: one message of the user and the requests that it set off, derived from what clients send.

Codex names its turns. For others a turn begins where a new prompt stands at the end of a request of the main agent; requests that
bring tool results belong to the turn that goes on, and so does a prompt that is sent again because it failed. Requests of
sub-agents are branches of the turn in which they ran, side requests (titles, searches) belong to it as they are.
"""

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]


def turns(requests: Iterable[Row]) -> list[Row]:
    """Turns in order: number, turn (the client's id or None), prompt, started, ended, requests (ids), agents, cost.

    `requests` are those of one trace in order of their start, as the reader gives them.
    """
    found: list[Row] = []
    for request in requests:
        if not found or begins(request, found[-1]):
            found.append(opened(len(found) + 1, request))
        join(found[-1], request)
    return found


def begins(request: Row, turn: Row) -> bool:
    """Whether a request begins a new turn after this one."""
    if request["kind"] != "turn" or request["agent"] is not None:
        return False
    if turn["main"] and request["turn"] and turn["turn"]:
        return bool(request["turn"] != turn["turn"])
    return bool(turn["main"] and request["prompt"] and (request["prompt"] != turn["prompt"] or turn["answered"]))


def opened(number: int, request: Row) -> Row:
    """A turn that a request begins; it is not in it yet."""
    return {
        "number": number, "turn": None, "prompt": None, "started": request["started"], "ended": request["started"],
        "requests": [], "agents": [], "cost": None, "main": False, "answered": False,
    }  # fmt: skip


def join(turn: Row, request: Row) -> None:
    """Put a request into a turn."""
    turn["requests"].append(request["id"])
    turn["ended"] = max(turn["ended"], request["started"] + (request["duration_ms"] or 0) / 1000)
    if request["cost"] is not None:
        turn["cost"] = (turn["cost"] or 0.0) + request["cost"]
    if request["agent"] is not None:
        if request["agent"] not in turn["agents"]:
            turn["agents"].append(request["agent"])
    elif request["kind"] == "turn":
        turn["main"] = True
        turn["turn"] = turn["turn"] or request["turn"]
        turn["prompt"] = turn["prompt"] or request["prompt"]
        turn["answered"] = turn["answered"] or request["outcome"] == "ok"


def public(turn: Row) -> Row:
    """A turn without what only its derivation needs."""
    return {key: value for key, value in turn.items() if key not in ("main", "answered")}

"""Searching the tree: all that has a name or says something, folded or not, in the order in which it stands."""

from collections.abc import Iterator
from dataclasses import dataclass

from .model import Tree
from .nodes import Branch, Key, Request, Trace
from .sieve import Sieve, subject


@dataclass(frozen=True, slots=True)
class Place:
    """A node, its key, the keys of what must be open to see it, and its text."""

    key: Key
    above: tuple[Key, ...]
    text: str


def places(tree: Tree, sieve: Sieve, now: float) -> Iterator[Place]:
    """All nodes that the sieve lets through, from the top."""
    for trace in tree.traces.values():
        if sieve.active and not any(sieve.any(trace, turn.children, now) for turn in trace.turns):
            continue
        yield Place(trace.key, (), "\n".join(filter(None, (trace.client, trace.id, trace.thread))))
        for turn in trace.turns:
            yield from _branch(trace, turn, (trace.key,), sieve, now)


def _branch(trace: Trace, branch: Branch, above: tuple[Key, ...], sieve: Sieve, now: float) -> Iterator[Place]:
    if sieve.active and not sieve.any(trace, branch.children, now):
        return
    yield Place(branch.key, above, f"{branch.name}\n{branch.title or ''}")
    inside = (*above, branch.key)
    for child in branch.children:
        if isinstance(child, Branch):
            yield from _branch(trace, child, (*inside, ("earlier", *branch.key)), sieve, now)
        elif sieve.shows(trace, child, now):
            yield Place(child.key, (*inside, ("earlier", *branch.key)), _text(trace, child))


def _text(trace: Trace, request: Request) -> str:
    seen = subject(trace, request)
    words = (
        *seen.models,
        *seen.channels,
        *seen.tools,
        seen.id,
        seen.kind,
        seen.error,
        seen.finish,
        *seen.said(),
        *request.losses,
    )
    return "\n".join(filter(None, (*words, seen.verdict, *(attempt.reason for attempt in request.attempts.values()))))


def node(tree: Tree, key: Key) -> "tuple[Trace, Trace | Branch | Request] | None":
    """The node with that key and its trace; None when it is forgotten, or several requests in one line."""
    match key:
        case ("request", name) if name in tree.requests:
            return tree.places[name][0], tree.requests[name]
        case ("trace", name) if name in tree.traces:
            return tree.traces[name], tree.traces[name]
        case ("turn", name, _) | ("agent", name, _) if name in tree.traces:
            trace = tree.traces[name]
            found = next((branch for branch in (*trace.turns, *trace.agents.values()) if branch.key == key), None)
            return (trace, found) if found else None
    return None


def matching(text: str, wanted: str) -> bool:
    """Whether a text holds what is looked for, whatever the case."""
    return wanted.casefold() in text.casefold()


def following(found: list[Place], cursor: Key | None, order: list[Key], step: int) -> Place | None:
    """The next place that was found (`step` 1), or the one before (-1), seen from the cursor; at the end it goes round. `order`
    are the keys of all places."""
    if not found:
        return None
    at = order.index(cursor) if cursor in order else (-1 if step > 0 else len(order))
    where = {key: index for index, key in enumerate(order)}
    if step > 0:
        return next((place for place in found if where[place.key] > at), found[0])
    return next((place for place in reversed(found) if where[place.key] < at), found[-1])

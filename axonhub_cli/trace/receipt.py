"""A request's receipt in words: what a conversion could not carry, summed up for people."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

_VERBS = {"dropped": "dropped", "changed": "changed", "renamed": "renamed", "placeholder": "put a placeholder for"}
_NAMED = 3  # things of one kind that are named; more are counted


def receipt(losses: Iterable[Mapping[str, Any]]) -> str:
    """Like `dropped top_k, metadata; renamed 2 tool names; changed 14 × messages[].content`. Empty when nothing was lost."""
    kinds: dict[str, dict[str, int]] = {}
    for loss in losses:
        place = re.sub(r"\[\d+\]", "[]", str(loss["path"]))
        places = kinds.setdefault(str(loss["action"]), {})
        places[place] = places.get(place, 0) + 1
    return "; ".join(f"{_VERBS.get(action, action)} {_things(places)}" for action, places in kinds.items())


def _things(places: Mapping[str, int]) -> str:
    words = [place if times == 1 else f"{times} × {place}" for place, times in places.items()]
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + more

"""The gate. Events are JSON made from what models, clients and vendors said; nothing of them enters the tree except through here.

A value of the wrong type is a value that was not told (None): a feed of another version, or a damaged one, shows less, and never
breaks the picture.
"""

import math
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from ..output import clean

Event: TypeAlias = Mapping[str, Any]

_NAME = 200  # characters of a model's, channel's or tool's name
_NUMBER = 1e13  # beyond it a figure is not a figure
# Joiners and variation selectors make the width of a line depend on the terminal; without them each character has its own width.
_JOINERS = re.compile("[\u200d\ufe0e\ufe0f]")
_MARKS = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_STACKED = re.compile(f"({_MARKS}{{4}}){_MARKS}+")


def harmless(text: str, limit: int = 2000) -> str:
    """Foreign text that a terminal shows and does not obey, at most `limit` characters and a mark of the cut."""
    text = clean(text, limit)
    return text if text.isascii() else _STACKED.sub(r"\1", _JOINERS.sub("", text))


def text(event: Event, name: str, limit: int = _NAME) -> str | None:
    """A text, harmless and on one line; None when there is none."""
    value = event.get(name)
    return _line(value, limit) or None if isinstance(value, str) else None


def _line(value: str, limit: int) -> str:
    return " ".join(harmless(value, limit).split())


def number(event: Event, name: str) -> float | None:
    """A finite, sensible number of 0 or more."""
    value = event.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value < _NUMBER else None


def count(event: Event, name: str) -> int | None:
    """A whole number of 0 or more."""
    value = number(event, name)
    return None if value is None else int(value)


def flag(event: Event, name: str) -> bool:
    """Whether something was said to be so."""
    return event.get(name) is True


def group(event: Event, name: str) -> Event:
    """An object inside the event; empty when there is none."""
    value = event.get(name)
    return value if isinstance(value, dict) else {}


def groups(event: Event, name: str, limit: int) -> list[Event]:
    """The first objects of a list."""
    value = event.get(name)
    return [item for item in value[:limit] if isinstance(item, dict)] if isinstance(value, list) else []


def names(event: Event, name: str, limit: int) -> list[str]:
    """The first texts of a list."""
    value = event.get(name)
    return [_line(item, _NAME) for item in value[:limit] if isinstance(item, str)] if isinstance(value, list) else []

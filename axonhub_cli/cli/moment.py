"""Points in time as people write them on the command line."""

import re

from ..errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def moment(text: str, now: float) -> float:
    """A `--since` as Unix time: how long ago, or a date or time of day in ISO form, local unless it says otherwise."""
    from datetime import datetime

    ago = re.fullmatch(r"(\d{1,9})\s*([smhdw])", text.strip().lower())
    if ago:
        return now - int(ago[1]) * _UNITS[ago[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"--since {text!r} is no time.", hint="Use 30m, 2h, 7d, or a date like 2026-11-22.") from None

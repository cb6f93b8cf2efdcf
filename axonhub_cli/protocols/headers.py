"""What HTTP headers of an answer say to a codec: how long to wait."""

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `retry-after-ms` or `retry-after`; None when neither says anything usable.

    An HTTP date counts from the answer's own `date` header (a codec has no clock); one that lies in the past means 0.
    """
    low = {name.lower(): value.strip() for name, value in headers.items() if name.lower() in _NAMES}
    millis = _number(low.get("retry-after-ms"))
    if millis is not None:
        return millis / 1000
    text = low.get("retry-after")
    seconds = _number(text)
    return seconds if seconds is not None else _between(low.get("date"), text)


_NAMES = frozenset({"retry-after-ms", "retry-after", "date"})


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _between(start: str | None, end: str | None) -> float | None:
    if not start or not end:
        return None
    try:
        return max(0.0, (parsedate_to_datetime(end) - parsedate_to_datetime(start)).total_seconds())
    except (TypeError, ValueError, OverflowError):  # no dates; or one with a zone and one without
        return None

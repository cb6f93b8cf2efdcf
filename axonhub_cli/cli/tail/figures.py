"""Numbers as short words, each with a widest form that its column is made for. Unknown is an empty word, never a nought."""


def duration(milliseconds: float | None) -> str:
    """`840ms`, `3.2s`, `2m05s`, `17m`, `1h02m`: at most 5 characters."""
    if milliseconds is None:
        return ""
    if milliseconds < 999.5:
        return f"{milliseconds:.0f}ms"
    seconds = milliseconds / 1000
    if seconds < 99.95:
        return f"{seconds:.1f}s"
    minutes, seconds = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{seconds:02}s" if minutes < 10 else f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours < 10 else f"{min(hours, 9999)}h"


def age(seconds: float) -> str:
    """`8s`, `3m`, `2h`, `5d`."""
    seconds = max(seconds, 0.0)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


def count(value: int | None) -> str:
    """`520`, `9.4k`, `212k`, `1.2M`: at most 5 characters."""
    if value is None:
        return ""
    if value < 1000:
        return str(value)
    number = float(value)
    for unit in "kMGT":
        number /= 1000
        if number < 99.95:
            return f"{number:.1f}{unit}"
        if number < 999.5:
            return f"{number:.0f}{unit}"
    return f"{number:.0f}T"


def size(value: int | None) -> str:
    """`512 B`, `9.4 kB`, `1.2 MB`."""
    if value is None:
        return ""
    return f"{value} B" if value < 1000 else f"{count(value)[:-1]} {count(value)[-1]}B"


def percent(part: int | None, whole: int | None) -> str:
    """`71%`: at most 4 characters."""
    if part is None or not whole:
        return ""
    return f"{min(100 * part / whole, 100):.0f}%"


def money(cost: float | None, unpriced: int = 0) -> str:
    """`$0.0012`, `$0.012`, `$1.24`, `$124`; a `+` follows when the cost of some requests is not known: at most 7 characters."""
    if cost is None:
        return ""
    more = "+" if unpriced else ""
    if cost == 0:
        return f"$0{more}"
    digits = 4 if cost < 0.00995 and not more else 3 if cost < 0.9995 else 2 if cost < 99.995 else 0
    return f"${cost:.{digits}f}{more}" if cost < 9999.5 else f"${count(int(cost))}{more}"


def rate(output: int | None, duration_ms: float | None, first_token_ms: float | None) -> str:
    """Tokens per second after the first one: `41`; empty where there is too little to divide."""
    if not output or duration_ms is None or first_token_ms is None or duration_ms - first_token_ms < 50:
        return ""
    return count(round(output / (duration_ms - first_token_ms) * 1000))


def plural(number: int, word: str) -> str:
    """`1 request`, `2 requests`, `2 losses`."""
    ending = "" if number == 1 else "es" if word.endswith("s") else "s"
    return f"{number} {word}{ending}"


def short(name: str) -> str:
    """The beginning of an id by which people can tell it and commands find it. Ids that begin with a time need more of it."""
    if len(name) <= 12:
        return name
    timed = len(name) == 36 and name[14] == "7" and name[8] == "-"
    return name[:13] if timed else name[:8]

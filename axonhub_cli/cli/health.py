"""What the running server holds against its channels, for `status`, `channel list` and `route`."""

from typing import Any


def unwell() -> list[dict[str, Any]]:
    """The places that cool down (`routing.health.Health.snapshot`); empty when no server runs or all is well."""
    from ..config import state
    from ..config.paths import paths

    found = state.read(paths().server_file)
    answer = state.ask(found) if found is not None else None
    rows = answer.get("unwell") if answer is not None else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def word(row: dict[str, Any]) -> str:
    """One place's state in a few words."""
    if row.get("refused"):
        return "secret refused"
    seconds = float(row.get("seconds") or 0)
    if not seconds:
        return "half open"
    return f"{'rests' if row.get('told') else 'goes last'} {seconds:.0f} s"


def state_of(channel: str, rows: list[dict[str, Any]], *, secrets: int) -> str:
    """A channel's state: the worst of its places; how many of several secrets were refused."""
    mine = [row for row in rows if row.get("channel") == channel]
    refused = sum(bool(row.get("refused")) for row in mine)
    if refused and secrets > 1:
        return f"{refused} of {secrets} secrets refused"
    return word(max(mine, key=lambda row: (bool(row.get("refused")), float(row.get("seconds") or 0)))) if mine else "on"


def sentence(row: dict[str, Any]) -> str:
    """One place in full: where, what, why."""
    where = ", ".join(str(row[key]) for key in ("channel", "model", "secret") if row.get(key))
    return f"{where}: {word(row)} ({row.get('reason')})"

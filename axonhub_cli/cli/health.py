"""What the running server holds against its channels, for `status`, `channel list` and `route`."""

from collections.abc import Iterator
from typing import Any

SLOW_LOOP = 50.0  # milliseconds that a stream waits for the loop: from there on people notice


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


def beside(state: dict[str, Any]) -> Iterator[str]:
    """What is wrong beside the channels: the trace store, the OpenTelemetry exporter, a loop that is late."""
    store, otlp, lag = (state.get(name) or {} for name in ("store", "otlp", "loop_lag_ms"))
    if store.get("error"):
        yield f"traces: {store['error']}"
    if store.get("dropped_rows") or store.get("dropped_bodies"):
        yield f"traces: {store['dropped_rows']} requests and the bodies of {store['dropped_bodies']} are missing since the start"
    if otlp:
        lost = f", {otlp['dropped']} dropped" if otlp["dropped"] else ""
        why = f": {otlp['error']}" if otlp["error"] else ""
        yield f"OpenTelemetry: {otlp['sent']} spans sent to {otlp['endpoint']}{lost}{why}"
    if lag.get("p99", 0) >= SLOW_LOOP:
        yield f"the loop is late: {lag['p99']:.0f} ms in one look of a hundred (p50 {lag['p50']:.1f} ms)"

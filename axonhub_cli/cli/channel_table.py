"""The table of `axonhub channel list`."""

from typing import Any

from .output import clean, table


def few(items: list[str], none: str) -> str:
    """The first four of them."""
    shown = ", ".join(clean(item) for item in items[:4])
    return (shown + (f" and {len(items) - 4} more" if len(items) > 4 else "")) or none


def told(states: dict[str, str]) -> list[str]:
    """References with their states; never a value."""
    return [f"{reference} ({state})" for reference, state in states.items()]


def listing(rows: list[dict[str, Any]]) -> Any:
    """What fits into 80 columns: order, weight and tags only where some channel has them."""
    ordered = any(row["priority"] for row in rows) or any(row["weight"] != 1 for row in rows)
    tagged = any(row["tags"] for row in rows)
    columns = ["NAME", "TYPE", "MODELS", *(["ORDER"] if ordered else []), "SECRET", *(["TAGS"] if tagged else []), "STATE"]
    cells = [
        [
            row["name"], row["type"], _models(row["models"]), *([_order(row)] if ordered else []),
            few(told(row["secret_states"]), "none"), *([few(row["tags"], "-")] if tagged else []), row["state"],
        ]
        for row in rows
    ]  # fmt: skip
    return table(columns, cells)


def _models(names: list[str]) -> str:
    return clean(names[0], 40) if len(names) == 1 else f"{len(names)} models" if names else "any"


def _order(row: dict[str, Any]) -> str:
    return str(row["priority"]) + (f", weight {row['weight']}" if row["weight"] != 1 else "")

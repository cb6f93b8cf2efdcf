"""The page of `axonhub usage --html`: one file, no scripts, readable offline."""

from html import escape
from typing import Any

from .tail.figures import count, money, percent

Row = dict[str, Any]

_STYLE = """
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:right;padding:.3rem .6rem;border-bottom:1px solid #8884}
th:first-child,td:first-child{text-align:left}td.bar{width:30%}
td.bar i{display:block;height:.8rem;background:#3987c9;border-radius:2px}
"""


def page(by: str, rows: list[Row], causes: list[Row]) -> str:
    """The HTML."""
    largest = max((row["cost"] or 0 for row in rows), default=0) or 1
    head = "".join(f"<th>{name}</th>" for name in (by.capitalize(), "Requests", "In", "Cached", "Out", "Cost", ""))
    lines = "".join(_line(row, (row["cost"] or 0) / largest) for row in rows)
    misses = "".join(
        f"<li>{escape(cause['cause'])}: {cause['misses']} times, {count(cause['tokens'])} tokens {money(cause['cost'])}</li>"
        for cause in causes
    )
    reasons = f"<h2>Why the prompt cache was missed</h2><ul>{misses}</ul>" if misses else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>axonhub usage by {escape(by)}</title>'
        f"<style>{_STYLE}</style>"
        f"<h1>Usage by {escape(by)}</h1><table><tr>{head}</tr>{lines}</table>{reasons}</html>\n"
    )


def _line(row: Row, share: float) -> str:
    cells = (
        row["name"],
        row["requests"],
        count(row["input_tokens"]),
        percent(row["cached_tokens"], row["input_tokens"]),
        count(row["output_tokens"]),
        money(row["cost"], row["unpriced"]) or "-",
    )
    words = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
    return f'<tr>{words}<td class="bar"><i style="width:{share:.1%}"></i></td></tr>'

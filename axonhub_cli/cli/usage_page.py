"""The page of `axonhub usage --html`: one file, no scripts, readable offline, on a phone, in the dark."""

from html import escape
from typing import Any

from .tail.figures import count, money, percent, plural
from .usage_picture import measure

Row = dict[str, Any]

_STYLE = """
:root{color-scheme:light dark;--page:#f7f7f5;--card:#fff;--ink:#1d2127;--soft:#6a727d;--line:#e3e4e6;--bar:#3f83d8;
--warn:#9a6700}@media (prefers-color-scheme:dark){:root{--page:#0f1115;--card:#171a20;--ink:#dde2e8;--soft:#8d96a3;
--line:#272c35;--bar:#4c94ea;--warn:#e3b341}}*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.6 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:64rem;margin:0 auto;padding:2.2rem 1.25rem}h1{font-size:1.45rem;margin:0}
h2{font-size:1.02rem;margin:2rem 0 .5rem}.sub{color:var(--soft);margin:0 0 1.2rem}
.table{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:.45rem .8rem;white-space:nowrap}
tr+tr>*{border-top:1px solid var(--line)}th{color:var(--soft);font-weight:500;font-size:13px}
th:first-child,td:first-child{text-align:left}td:first-child{font-weight:600;max-width:20rem;overflow:hidden;
text-overflow:ellipsis}td.bar{width:26%;min-width:7rem}td.bar i{display:block;height:.8rem;background:var(--bar);
border-radius:3px}tr.all td{font-weight:600}.warn{color:var(--warn)}
ul{padding-left:1.2rem}
@media (max-width:46rem){main{padding:1.2rem .8rem}:is(th,td):is(:nth-child(3),:nth-child(4),:nth-child(6)){display:none}
th,td{padding:.4rem .5rem}td.bar{min-width:4rem}}
"""


def page(title: str, by: str, rows: list[Row], causes: list[Row], total: Row | None) -> str:
    """The HTML. `total` is the sum of the rows."""
    what = measure(rows)
    largest = max((row[what] or 0 for row in rows), default=0) or 1
    head = "".join(f"<th>{name}</th>" for name in (by.capitalize(), "Requests", "Failed", "In", "Cached", "Out", "Cost", ""))
    lines = "".join(_line(row, (row[what] or 0) / largest) for row in rows)
    last = _line({**total, "name": "all"}, None) if total is not None and len(rows) > 1 else ""
    table = f'<div class="table"><table><tr>{head}</tr>{lines}{last}</table></div>' if rows else "<p>Nothing was used.</p>"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1><p class="sub">'
        f"Bars show {'cost' if what == 'cost' else 'tokens in'}; an unknown cost is -, and + says that some have no price."
        f"</p>{table}{_misses(causes)}</main></body></html>\n"
    )


def _line(row: Row, share: float | None) -> str:
    cells = (
        row["name"],
        row["requests"],
        row["errors"] or "",
        count(row["input_tokens"]) or "-",
        percent(row["cached_tokens"], row["input_tokens"]),
        count(row["output_tokens"]) or "-",
        money(row["cost"], row["unpriced"]) or "-",
    )
    words = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
    drawn = f'<i style="width:{share:.1%}"></i>' if share else ""
    return f'<tr{" class=all" if share is None else ""}>{words}<td class="bar">{drawn}</td></tr>'


def _misses(causes: list[Row]) -> str:
    if not causes:
        return ""
    items = "".join(f"<li>{escape(cause_words(cause))}</li>" for cause in causes)
    return f'<h2>Why the prompt cache was missed</h2><ul class="warn">{items}</ul>'


def cause_words(cause: Row) -> str:
    """Why the cache was missed, how often, and what it cost."""
    times = "once" if cause["misses"] == 1 else plural(cause["misses"], "time")
    more = f", {money(cause['cost'])} more" if cause["cost"] else ""
    return f"{cause['cause']}, {times}: {count(cause['tokens'])} tokens{more}"

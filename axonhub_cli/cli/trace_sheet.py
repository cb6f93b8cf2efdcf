"""Everything that is known of one request, line by line: `trace show REQUEST` and the live tree's detail view are made of it.

A line is a label and words with their styles. What is not known has no words, and a line without words is left out; an unknown
price is `-`, never 0. All foreign text goes through `clean`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from .output import clean
from .tail.figures import count, duration, money, percent, plural, rate, size
from .trace_view import STYLES, cut

Row = dict[str, Any]
Words = tuple[str, str]


def sheet(request: Row) -> list[tuple[str, list[Words]]]:
    """The lines of a request as `TraceReader.request` gives it; `client_version` and such may be missing."""
    usage = request["usage"] or {}
    lines: list[tuple[str, Iterable[Words]]] = [
        ("request", _head(request)),
        ("session", _session(request)),
        ("models", _models(request)),
        ("routing", _routing(request)),
        ("result", _result(request)),
        ("times", _times(request, usage)),
        ("bytes", _bytes(request)),
        ("tokens in", _input(usage)),
        ("tokens out", _output(usage)),
        ("cost", [(money(request["cost"]) or ("-" if usage else ""), "bold")]),
        ("tools", [(_counted(request["tools"]), "cyan")]),
        *(("attempts" if index == 0 else "", _attempt(attempt)) for index, attempt in enumerate(request["attempts"])),
        *(("losses" if index == 0 else "", _loss(loss)) for index, loss in enumerate(request["losses"])),
        ("cache", _cache(request)),
        ("error", [(clean(" ".join((request["error"] or "").split())), "red")]),
    ]
    made = [(label, [word for word in words if word[0]]) for label, words in lines]
    return [(label, words) for label, words in made if words]


def _head(request: Row) -> Iterator[Words]:
    yield clean(request["id"], 60), "bold"
    yield f"{request['kind']} (side request)" if request["kind"] != "turn" else "", "magenta"
    yield f"sub-agent {cut(request['agent'], 40)}" if request["agent"] else "", "magenta"
    yield f"of {cut(request['parent_agent'], 40)}" if request.get("parent_agent") else "", "magenta"
    yield " ".join(filter(None, (cut(request["protocol"] or "", 20), cut(request["path"] or "", 60)))), "dim"
    yield "stream" if request["stream"] else "whole answer", "dim"


def _session(request: Row) -> Iterator[Words]:
    yield " ".join(filter(None, (cut(request["client"] or "unknown", 30), cut(request.get("client_version") or "", 20)))), ""
    yield clean(request["trace_id"], 60), "dim"
    yield f"thread {cut(request['thread'], 60)}" if request["thread"] else "", ""
    yield f"key {cut(request['key'], 30)}" if request.get("key") else "", "dim"


def _models(request: Row) -> Iterator[Words]:
    asked, model = request["asked_model"] or "?", request["model"]
    yield f"asked {cut(asked, 80)}", ""
    yield f"answered by {cut(model, 80)}" if model else "", "bold"
    sent, wanted = request["effort_sent"], request["effort"]
    if wanted or sent:
        yield f"effort asked {cut(wanted or '-', 20)}, sent {cut(sent or '-', 20)}", "" if wanted == sent else "yellow"


def _routing(request: Row) -> Iterator[Words]:
    yield f"profile {cut(request['profile'], 40)}" if request["profile"] else "", ""
    yield f"channel {cut(request['channel'], 40)}" if request["channel"] else "", "blue"
    yield f"lane {cut(request['lane'], 20)}" if request["lane"] else "", ""


def _result(request: Row) -> Iterator[Words]:
    yield f"{request['outcome']} {request['status'] or ''}".strip(), STYLES.get(request["outcome"], "")
    yield f"stop reason {cut(request['finish'], 40)}" if request["finish"] else "", ""


def _times(request: Row, usage: Row) -> Iterator[Words]:
    for words, name in (("first byte", "first_byte_ms"), ("first token", "first_token_ms"), ("in all", "duration_ms")):
        yield f"{words} {duration(request[name])}" if request[name] is not None else "", ""
    speed = rate(usage.get("output"), request["duration_ms"], request["first_token_ms"])
    yield f"{speed} tok/s" if speed else "", ""


def _bytes(request: Row) -> Iterator[Words]:
    yield f"in {size(request['bytes_in'])}" if request["bytes_in"] else "", ""
    yield f"out {size(request['bytes_out'])}" if request["bytes_out"] else "", ""


def _input(usage: Row) -> Iterator[Words]:
    """`12.0k = 2.0k uncached + 9.0k cache read (75%) + 1.0k written (5 min)`."""
    whole = usage.get("input")
    if whole is None:
        return
    read, short, long = usage.get("cache_read"), usage.get("cache_write_5m"), usage.get("cache_write_1h")
    yield count(whole), "bold"
    if read is short is long is None:
        return
    yield f"= {count(max(whole - sum(filter(None, (read, short, long))), 0))} uncached", ""
    yield f"+ {count(read)} cache read ({percent(read, whole) or '0%'})" if read is not None else "", "green" if read else ""
    yield f"+ {count(short)} written for 5 min" if short else "", ""
    yield f"+ {count(long)} written for 1 h" if long else "", ""


def _output(usage: Row) -> Iterator[Words]:
    yield count(usage.get("output")), "bold"
    yield f"of them {count(usage['reasoning'])} reasoning" if usage.get("reasoning") else "", ""


def _counted(tools: list[str]) -> str:
    counts: dict[str, int] = {}
    for tool in tools:
        counts[tool] = counts.get(tool, 0) + 1
    return ", ".join(cut(name, 60) if number == 1 else f"{cut(name, 60)} ×{number}" for name, number in counts.items())


def _attempt(attempt: Row) -> Iterator[Words]:
    yield f"{attempt['index'] + 1}", "dim"
    yield cut(attempt["channel"] or "?", 40), "blue"
    yield cut(attempt["model"] or "", 60), ""
    yield ", ".join(cut(attempt[name], 20) for name in ("protocol", "lane") if attempt[name]), "dim"
    yield cut(attempt["secret"] or "", 40), "dim"
    yield f"{attempt['outcome']} {attempt['status'] or ''}".strip(), STYLES.get(attempt["outcome"], "")
    yield duration(attempt["duration_ms"]), ""
    yield cut(attempt["reason"] or "", 300), "yellow"


def _loss(loss: Row) -> Iterator[Words]:
    yield f"{cut(str(loss['action']), 20)} {cut(str(loss['path']), 100)}", "yellow"
    yield cut(str(loss["why"]), 200), "dim"


def _cache(request: Row) -> Iterator[Words]:
    if not request["verdict"]:
        return
    yield f"missed: {cut(request['verdict'], 400)}", "yellow"
    tokens = f"{plural(request['missed_tokens'], 'token')} paid again" if request["missed_tokens"] else ""
    yield ", ".join(filter(None, (tokens, money(request["missed_cost"])))), "yellow"

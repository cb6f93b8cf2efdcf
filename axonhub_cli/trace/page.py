"""A trace as one HTML page: facts, waterfall, conversation. No script, no link, nothing to fetch: it is read offline, and
whatever a model or a client wrote is text in it.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from .conversation import Said, conversation
from .receipt import receipt
from .records import BodyKind
from .redact import Redactor

Row = dict[str, Any]

_OPEN = 1500  # characters; a longer text is folded
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root{color-scheme:light dark;--line:#8883;--soft:#777;--bar:#3987c9;--wait:#3987c955;--bad:#d0453e;--warn:#b7791f}
body{font:15px/1.55 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem}h1{font-size:1.3rem;margin:0 0 .2rem}
h2{font-size:1.05rem;margin:2.2rem 0 .6rem;border-top:1px solid var(--line);padding-top:1rem}.facts{color:var(--soft)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.2rem 0;font:13px/1.5 ui-monospace,monospace}
.said{display:grid;grid-template-columns:7rem 1fr;gap:.8rem;padding:.35rem 0}
.said>b{color:var(--soft);font-weight:600;text-align:right;
overflow-wrap:anywhere}.user pre{font:inherit;font-weight:600}.model pre{font:inherit}
.thinking pre{font:inherit;font-style:italic;opacity:.7}
.request{border-left:3px solid var(--line);padding-left:.8rem;margin:.8rem 0}.agent{margin-left:2rem;border-color:#a35bc4}
.meta{color:var(--soft);font-size:13px}.warn{color:var(--warn)}.bad{color:var(--bad)}summary{cursor:pointer;color:var(--soft)}
.row{display:grid;grid-template-columns:11rem 1fr 5rem;gap:.6rem;font-size:12.5px;align-items:center;padding:1px 0}
.row span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.track{position:relative;height:.8rem;background:var(--line);border-radius:2px}
.track i{position:absolute;top:0;bottom:0;background:var(--bar);border-radius:2px}.track i.wait{background:var(--wait)}
.track i.error{background:var(--bad)}
"""
_NAMES = {"user": "you", "system": "system", "model": "model", "thinking": "thinking"}


def page(trace: Row, bodies: Mapping[str, Mapping[BodyKind, bytes]], redactor: Redactor) -> str:
    """The whole document."""
    requests = {request["id"]: request for request in trace["requests"]}
    turns = "".join(_turn(turn, requests, bodies, redactor) for turn in trace["turns"])
    title = f"{trace['client']} · {trace['title'] or trace['id']}"[:120]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><title>{_text(title, redactor)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{_text(title, redactor)}</h1>{_facts(trace)}"
        f"<h2>Times</h2>{_waterfall(trace)}{turns}</body></html>\n"
    )


def _facts(trace: Row) -> str:
    cost = "cost unknown" if trace["cost"] is None else f"${trace['cost']:.4f}{'+' if trace['unpriced'] else ''}"
    begun = datetime.fromtimestamp(trace["first"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    words = (
        trace["id"], begun, f"{len(trace['turns'])} turns", f"{len(trace['requests'])} requests", f"{trace['errors']} failed",
        ", ".join(trace["models"]), f"{trace['input_tokens'] or 0:,} tokens in, {trace['cached_tokens'] or 0:,} of them cached",
        f"{trace['output_tokens'] or 0:,} out", cost,
    )  # fmt: skip
    return f'<p class="facts">{escape(" · ".join(words))}</p>'


def _waterfall(trace: Row) -> str:
    span = max(trace["last"] - trace["first"], 0.001)
    return "".join(_bar(request, trace["first"], span) for request in trace["requests"])


def _bar(request: Row, first: float, span: float) -> str:
    took = (request["duration_ms"] or 0) / 1000
    waited = min((request["first_token_ms"] or request["first_byte_ms"] or request["duration_ms"] or 0) / 1000, took)
    left = (request["started"] - first) / span
    model = request["model"] or request["asked_model"]
    style = "error" if request["outcome"] == "error" else ""
    return (
        f'<div class="row"><span title="{escape(request["id"])}">{escape(model)}</span><div class="track">'
        f'<i class="wait" style="left:{left:.2%};width:{max(waited / span, 0.001):.2%}"></i>'
        f'<i class="{style}" style="left:{left + waited / span:.2%};width:{max((took - waited) / span, 0.002):.2%}"></i></div>'
        f"<span>{took:.1f} s</span></div>"
    )


def _turn(turn: Row, requests: Mapping[str, Row], bodies: Mapping[str, Mapping[BodyKind, bytes]], redactor: Redactor) -> str:
    inner = "".join(_request(requests[name], bodies.get(name, {}), redactor) for name in turn["requests"])
    return f"<h2>Turn {turn['number']}</h2>{inner}"


def _request(request: Row, bodies: Mapping[BodyKind, bytes], redactor: Redactor) -> str:
    said = conversation(request, bodies)
    asked = [each for each in said if each.who in ("user", "tool", "system")]
    answered = [each for each in said if each not in asked]
    notes = "".join(f'<div class="{style}">{_text(words, redactor)}</div>' for style, words in _notes(request))
    agent = " agent" if request["agent"] else ""
    return (
        f'<div class="request{agent}">{_all(asked, redactor)}<div class="meta">{_text(_meta(request), redactor)}</div>{notes}'
        f"{_all(answered, redactor)}</div>"
    )


def _meta(request: Row) -> str:
    usage = request["usage"] or {}
    words = [
        request["id"], request["kind"] if request["kind"] != "turn" else "", request["agent"] or "",
        f"{request['asked_model']} → {request['model'] or '-'} @{request['channel'] or '-'}",
        f"{request['outcome']} {request['status'] or ''}",
        f"{request['duration_ms'] / 1000:.1f} s" if request["duration_ms"] else "",
        f"{usage['input']:,} in ({usage.get('cache_read') or 0:,} cached)" if usage.get("input") is not None else "",
        f"{usage['output']:,} out" if usage.get("output") is not None else "",
        f"${request['cost']:.4f}" if request["cost"] is not None else "-",
    ]  # fmt: skip
    return " · ".join(filter(None, words))


def _notes(request: Row) -> Iterable[tuple[str, str]]:
    for attempt in request["attempts"] if len(request["attempts"]) > 1 else ():
        why = f": {attempt['reason']}" if attempt["reason"] else ""
        yield "meta", f"attempt {attempt['index'] + 1} @{attempt['channel']} {attempt['outcome']} {attempt['status'] or ''}{why}"
    if request["losses"]:
        yield "warn", f"receipt: {receipt(request['losses'])}"
    if request["verdict"]:
        yield "warn", f"cache missed: {request['verdict']} ({request['missed_tokens']:,} tokens)"
    if request["error"]:
        yield "bad", request["error"]


def _all(said: Iterable[Said], redactor: Redactor) -> str:
    return "".join(_said(each, redactor) for each in said)


def _said(each: Said, redactor: Redactor) -> str:
    name = _NAMES.get(each.who) or (f"{each.name or 'tool'} →" if each.who == "call" else f"→ {each.name or 'tool'}")
    text = f"<pre>{_text(each.text, redactor)}</pre>"
    if len(each.text) > _OPEN:
        text = f"<details><summary>{len(each.text):,} characters</summary>{text}</details>"
    return f'<div class="said {each.who}"><b>{_text(name, redactor)}</b><div>{text}</div></div>'


def _text(text: str, redactor: Redactor) -> str:
    return escape(redactor.text(text))

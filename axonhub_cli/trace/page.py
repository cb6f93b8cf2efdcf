"""A trace as one HTML page: facts, times, conversation. Nothing is fetched and nothing runs but the page's own script, which its
policy names by hash; whatever a model or a client wrote is text in it.

Long texts show their beginning and fold the rest. On the time axis what lies between two turns is cut out: people think for
longer than models do.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from .. import __version__
from .conversation import Said, conversation
from .harmless import harmless
from .page_look import SCRIPT, STYLE
from .receipt import receipt
from .records import BodyKind
from .redact import Redactor

Row = dict[str, Any]
Bodies = Mapping[str, Mapping[BodyKind, bytes]]

_SHORT = 50  # milliseconds of answering that are too few to tell a speed from
_LINES, _CHARACTERS = 12, 1600  # of a text that are shown; the rest is folded
_HASH = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
_NAMES = {"user": "you", "system": "system", "model": "model", "thinking": "thinking"}
_TOOLS = (
    '<nav class="tools" hidden><div><input type="search" id="q" placeholder="Search in this page (/)" aria-label="Search">'
    '<span id="found" role="status"></span><button id="bad" aria-pressed="false">Failed only</button>'
    '<button id="fold">Unfold all</button></div></nav>'
)


def page(trace: Row, bodies: Bodies, redactor: Redactor) -> str:
    """The whole document."""
    requests = {request["id"]: request for request in trace["requests"]}
    turns = "".join(_turn(turn, requests, bodies, redactor) for turn in trace["turns"])
    title = f"{trace['client']} · {trace['title'] or trace['id']}"
    shown = _text(" ".join(title.split())[:160], redactor)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><title>{shown}</title><style>{STYLE}</style></head>'
        f"<body><header><h1>{shown}</h1>{_facts(trace, redactor)}</header>{_TOOLS}"
        f'<main><section><h2>Times</h2><div class="times">{_times(trace, requests, redactor)}</div></section>{turns}</main>'
        f"<footer>Exported by axonhub {escape(__version__)}. Known secrets and what looks like a key were taken out.</footer>"
        f"<script>{SCRIPT}</script></body></html>\n"
    )


def _facts(trace: Row, redactor: Redactor) -> str:
    begun = datetime.fromtimestamp(trace["first"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    version = " ".join(filter(None, (trace["client"], trace["client_version"])))
    models = ", ".join(trace["models"])
    words = " · ".join((trace["id"], version, begun, f"{models} @{', '.join(trace['channels']) or '-'}"))
    tiles = "".join(
        f"<div><dt>{name}</dt><dd>{escape(value)}{f'<small>{escape(note)}</small>' if note else ''}</dd></div>"
        for name, value, note in _tiles(trace)
    )
    return f'<p class="sub">{_text(words, redactor)}</p><dl class="tiles">{tiles}</dl>'


def _tiles(trace: Row) -> Iterator[tuple[str, str, str]]:
    given, cached = trace["input_tokens"], trace["cached_tokens"]
    yield "Turns", str(len(trace["turns"])), _plural(len(trace["agents"]), "sub-agent")
    yield "Requests", str(len(trace["requests"])), f"{trace['errors']} failed" if trace["errors"] else ""
    yield "Time", _span((trace["last"] - trace["first"]) * 1000), ""
    yield "Tokens in", _count(given), f"{100 * cached / given:.0f}% from the cache" if given and cached is not None else ""
    yield "Tokens out", _count(trace["output_tokens"]), ""
    some = f"without {_plural(trace['unpriced'], 'request')}" if trace["unpriced"] and trace["cost"] is not None else ""
    yield "Cost", _money(trace["cost"]), some or ("unknown" if trace["cost"] is None else "")
    if trace["misses"]:
        more = f", {_money(trace['missed_cost'])} more" if trace["missed_cost"] else ""
        yield "Cache missed", f"{trace['misses']} ×", f"{_count(trace['missed_tokens'])} tokens{more}"


def _times(trace: Row, requests: Mapping[str, Row], redactor: Redactor) -> str:
    """A bar for each request; the axis has the turns one after the other, without the time between them."""
    total = sum(turn["ended"] - turn["started"] for turn in trace["turns"]) or 0.001
    rows, before = [], 0.0
    for turn in trace["turns"]:
        for index, name in enumerate(turn["requests"]):
            start = before + requests[name]["started"] - turn["started"]
            rows.append(_bar(requests[name], turn["number"], start, total, redactor, first=index == 0))
        before += turn["ended"] - turn["started"]
    return "".join(rows)


def _bar(request: Row, number: int, start: float, total: float, redactor: Redactor, *, first: bool) -> str:
    took = (request["duration_ms"] or 0) / 1000
    waited = min((request["first_token_ms"] or request["first_byte_ms"] or request["duration_ms"] or 0) / 1000, took)
    model = request["model"] or request["asked_model"]
    name = f"{request['kind']} · {model}" if request["kind"] != "turn" else model
    look, link = _look(request), f'class="row{" first" if first else ""}" href="#{escape(request["id"])}"'
    bars = (("wait", start, waited), (look, start + waited, took - waited))
    drawn = "".join(
        f'<i class="{style}" style="left:{left / total:.2%};width:{max(wide / total, 0.003):.2%}"></i>'
        for style, left, wide in bars
    )
    return (
        f'<a {link}><span class="n">{number if first else ""}</span><span>{_text(name, redactor)}</span>'
        f'<div class="track">{drawn}</div><span class="took">{_span(request["duration_ms"])}</span></a>'
    )


def _look(request: Row) -> str:
    if request["outcome"] == "error":
        return "error"
    return "agent" if request["agent"] else "side" if request["kind"] != "turn" else ""


def _turn(turn: Row, requests: Mapping[str, Row], bodies: Bodies, redactor: Redactor) -> str:
    inner = "".join(_request(requests[name], bodies.get(name, {}), redactor) for name in turn["requests"])
    begun = datetime.fromtimestamp(turn["started"], UTC).strftime("%H:%M:%S")
    facts = " · ".join(filter(None, (begun, _span((turn["ended"] - turn["started"]) * 1000), _money(turn["cost"]).strip("-"))))
    title = " ".join((turn["prompt"] or "").split())[:140]
    name = f"turn-{turn['number']}"
    return (
        f'<section class="turn" id="{name}"><h2><a class="n" href="#{name}">Turn {turn["number"]}</a>'
        f'<span class="title">{_text(title, redactor)}</span><span class="when">{facts}</span></h2>{inner}</section>'
    )


def _request(request: Row, bodies: Mapping[BodyKind, bytes], redactor: Redactor) -> str:
    said = conversation(request, bodies)
    asked = [each for each in said if each.who in ("user", "tool", "system")]
    answered = [each for each in said if each not in asked]
    notes = "".join(f'<div class="note {style}">{_text(words, redactor)}</div>' for style, words in _notes(request))
    return (
        f'<article class="request {_look(request)}" id="{escape(request["id"])}">{_all(asked, redactor)}'
        f'<div class="meta">{"".join(_meta(request, redactor))}</div>{notes}{_all(answered, redactor)}</article>'
    )


def _meta(request: Row, redactor: Redactor) -> Iterator[str]:
    """The facts of a request, as elements."""
    usage = request["usage"] or {}
    yield f'<a href="#{escape(request["id"])}">{escape(request["id"])}</a>'
    tags = (request["kind"] if request["kind"] != "turn" else "", f"agent {request['agent'][:12]}" if request["agent"] else "")
    yield from (f'<span class="tag">{_text(tag, redactor)}</span>' for tag in tags if tag)
    asked, model = request["asked_model"], request["model"]
    yield f"<b>{_text(asked if model in (None, asked) else f'{asked} → {model}', redactor)}</b>"
    yield f"<span>@{_text(request['channel'], redactor)}</span>" if request["channel"] else ""
    how, style = f"{request['outcome']} {request['status'] or ''}".strip(), "bad" if request["outcome"] == "error" else ""
    yield f'<b class="{style}">{escape(how)}</b>'
    yield from (f"<span>{_text(word, redactor)}</span>" for word in _figures(request, usage) if word)


def _figures(request: Row, usage: Row) -> Iterator[str]:
    took, first, out = request["duration_ms"], request["first_token_ms"], usage.get("output")
    yield _span(took) if took else ""
    yield f"first token {_span(first)}" if first else ""
    yield f"{out / (took - first) * 1000:.0f} tok/s" if out and took and first and took > first + _SHORT else ""
    written = (usage.get("cache_write_5m") or 0) + (usage.get("cache_write_1h") or 0)
    notes = [f"{_count(number)} {what}" for number, what in ((usage.get("cache_read"), "cached"), (written, "written")) if number]
    cached = f" ({', '.join(notes)})" if notes else ""
    yield f"{_count(usage['input'])} in{cached}" if usage.get("input") is not None else ""
    thought = f" ({_count(usage['reasoning'])} thinking)" if usage.get("reasoning") else ""
    yield f"{_count(out)} out{thought}" if out is not None else ""
    yield _money(request["cost"]) if usage else ""
    yield f"effort {request['effort_sent'] or request['effort']}" if request["effort_sent"] or request["effort"] else ""
    yield request["finish"] or ""


def _notes(request: Row) -> Iterable[tuple[str, str]]:
    for attempt in request["attempts"] if len(request["attempts"]) > 1 else ():
        why = f": {attempt['reason']}" if attempt["reason"] else ""
        style = "bad" if attempt["outcome"] == "error" else "soft"
        yield style, f"attempt {attempt['index'] + 1} @{attempt['channel']} {attempt['outcome']} {attempt['status'] or ''}{why}"
    if request["losses"]:
        yield "warn", f"receipt: {receipt(request['losses'])}"
    if request["verdict"]:
        more = f", {_money(request['missed_cost'])} more" if request["missed_cost"] else ""
        yield "warn", f"cache missed: {request['verdict']} ({request['missed_tokens']:,} tokens{more})"
    if request["error"]:
        yield "bad", request["error"]


def _all(said: Iterable[Said], redactor: Redactor) -> str:
    return "".join(_said(each, redactor) for each in said)


def _said(each: Said, redactor: Redactor) -> str:
    name = _NAMES.get(each.who) or (f"{each.name or 'tool'} →" if each.who == "call" else f"→ {each.name or 'tool'}")
    text = _shown(_readable(each.text) if each.who == "call" else each.text.strip("\n"), redactor)
    blocks = "".join(_blocks(text)) if each.who == "model" else _folded(text)
    return (
        f'<div class="said {each.who}"><b>{_text(name, redactor)}</b><div class="text">{blocks}</div>'
        '<button class="copy" title="Copy this text">Copy</button></div>'
    )


def _readable(arguments: str) -> str:
    """A call's arguments, one a line, with texts as they are; what is no object stays as it is."""
    try:
        fields = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
    if not isinstance(fields, dict):
        return arguments
    lines = (
        f"{key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()
    )
    return "\n".join(lines)


def _blocks(text: str) -> Iterator[str]:
    """A model's text: what it fenced as code is set as code."""
    for index, block in enumerate(f"\n{text}".split("\n```")):
        if index % 2:
            _, _, code = block.partition("\n")
            yield f'<pre class="code">{escape(code)}</pre>'
        elif block.strip():
            yield _folded(block.strip("\n"))


def _folded(text: str) -> str:
    """A text; of a long one the beginning, and the rest to unfold."""
    lines = text.split("\n")
    head = "\n".join(lines[:_LINES])
    if len(lines) <= _LINES + 3 and len(text) <= _CHARACTERS + 400:
        return f"<pre>{escape(text)}</pre>"
    if len(head) > _CHARACTERS:
        head, rest, more = text[:_CHARACTERS], text[_CHARACTERS:], f"{len(text) - _CHARACTERS:,} more characters"
    else:
        rest, more = "\n".join(lines[_LINES:]), f"{len(lines) - _LINES:,} more lines"
    return f"<pre>{escape(head)}</pre><details><summary>{more}</summary><pre>{escape(rest)}</pre></details>"


def _text(text: str, redactor: Redactor) -> str:
    return escape(_shown(text, redactor))


def _shown(text: str, redactor: Redactor) -> str:
    """Without secrets, and without what would turn the page's letters around or hide some."""
    return harmless(redactor.text(text).replace("\r\n", "\n"))


def _count(number: int | None) -> str:
    if number is None:
        return "-"
    return str(number) if number < 10_000 else f"{number / 1000:.1f}k" if number < 1_000_000 else f"{number / 1e6:.2f}M"


def _span(milliseconds: float | None) -> str:
    seconds = (milliseconds or 0) / 1000
    if seconds < 60:
        return f"{milliseconds or 0:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
    return (
        f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
        if seconds < 3600
        else f"{seconds // 3600:.0f} h {seconds % 3600 / 60:.0f} min"
    )


def _plural(number: int, word: str) -> str:
    """Empty for none."""
    return f"{number} {word}{'' if number == 1 else 's'}" if number else ""


def _money(dollars: float | None) -> str:
    """`-` when it is unknown."""
    return "-" if dollars is None else f"${dollars:.4f}" if dollars < 1 else f"${dollars:.2f}"

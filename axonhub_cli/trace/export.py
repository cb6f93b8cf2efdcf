"""Traces in other programs' forms: JSON lines, HTTP archive (HAR 1.2), OTLP JSON, curl; the page is in `page`.

Each export is a function from `Exported` to text. Bodies were stored without secrets; they are masked once more with what is
known now.
"""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .. import __version__
from . import page, spans
from .records import BodyKind
from .redact import Redactor

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exported:
    """A trace as the reader gives it, and the bodies of its requests by their ids. `base` is where the server is or would be."""

    trace: Row
    bodies: Mapping[str, Mapping[BodyKind, bytes]]
    redactor: Redactor
    base: str = "http://127.0.0.1:8090"

    def text(self, request_id: str, kind: BodyKind) -> str:
        """A body as text, without secrets; empty when it is not kept."""
        data = self.bodies.get(request_id, {}).get(kind, b"")
        return self.redactor.clean(data).decode("utf-8", "replace")


def jsonl(exported: Exported) -> str:
    """One line a request, with its bodies as text."""
    lines = []
    for request in exported.trace["requests"]:
        texts = {kind: exported.text(request["id"], kind) for kind in exported.bodies.get(request["id"], {})}
        lines.append(json.dumps({**request, "bodies": texts}, ensure_ascii=False) + "\n")
    return "".join(lines)


def har(exported: Exported) -> str:
    """An archive as browsers and HTTP tools read it: what went between the client and us."""
    entries = [_entry(exported, request) for request in exported.trace["requests"]]
    creator = {"name": "axonhub", "version": __version__}
    return json.dumps({"log": {"version": "1.2", "creator": creator, "entries": entries}}, ensure_ascii=False, indent=1) + "\n"


def _entry(exported: Exported, request: Row) -> Row:
    sent, answered = exported.text(request["id"], "client_request"), exported.text(request["id"], "upstream_response")
    waited, took = request["first_byte_ms"] or 0.0, request["duration_ms"] or 0.0
    mime = "text/event-stream" if request["stream"] else "application/json"
    nothing: Row = {"cookies": [], "headers": [], "httpVersion": "HTTP/1.1", "headersSize": -1}
    return {
        "startedDateTime": datetime.fromtimestamp(request["started"], UTC).isoformat(),
        "time": took,
        "request": {
            **nothing, "method": "POST", "url": f"{exported.base}{request['path']}", "queryString": [],
            "bodySize": request["bytes_in"], "postData": {"mimeType": "application/json", "text": sent},
        },
        "response": {
            **nothing, "status": request["status"], "statusText": request["outcome"], "redirectURL": "",
            "bodySize": request["bytes_out"], "content": {"size": len(answered), "mimeType": mime, "text": answered},
        },
        "cache": {},
        "timings": {"send": 0, "wait": waited, "receive": max(0.0, took - waited)},
        "comment": f"{request['model'] or request['asked_model']} @{request['channel'] or '-'}",
    }  # fmt: skip


def curl(exported: Exported) -> str:
    """A shell command for one request; the local key comes from the environment.

    The body comes from stdin: a shell takes no argument of more than 128 KiB, and agents' requests are longer.
    """
    (request,) = exported.trace["requests"]
    words = ["curl", "-N", f"{exported.base}{request['path']}", "-H", "content-type: application/json"]
    if request["protocol"] == "anthropic":
        words += ["-H", "anthropic-version: 2023-06-01"]
    command = " ".join(map(shlex.quote, words)) + ' -H "authorization: Bearer $AXONHUB_KEY"'
    body, mark = exported.text(request["id"], "client_request"), "BODY"
    while mark in body.split("\n"):
        mark += "_"
    return f"{command} --data-binary @- <<'{mark}'\n{body}\n{mark}\n"


def html(exported: Exported) -> str:
    """One page, readable offline."""
    return page.page(exported.trace, exported.bodies, exported.redactor)


def otlp(exported: Exported) -> str:
    """Spans with the GenAI semantic conventions, as an OTLP exporter would send them."""
    return json.dumps(spans.resource_spans(spans.of_trace(exported.trace)), indent=1) + "\n"


EXPORTS: dict[str, Callable[[Exported], str]] = {"html": html, "jsonl": jsonl, "har": har, "otlp": otlp, "curl": curl}

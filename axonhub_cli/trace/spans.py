"""A trace as OpenTelemetry spans with the GenAI semantic conventions, in OTLP's JSON form.

One span a request, one below it for each attempt, one above them all. Ids are derived, so that the same trace exported twice is
the same trace. No body and no prompt is in them.
"""

import hashlib
from typing import Any

from .. import __version__

Row = dict[str, Any]

_INTERNAL, _CLIENT, _SERVER = 1, 3, 2
_SYSTEMS = {"anthropic": "anthropic", "openai-chat": "openai", "openai-responses": "openai", "gemini": "gcp.gemini"}


def resource_spans(trace: Row) -> Row:
    """The body of an OTLP trace export."""
    root = _span(trace, trace["id"], None, f"{trace['client']} session", _INTERNAL, trace["first"], trace["last"])
    root["attributes"] = _attributes({"gen_ai.conversation.id": trace["id"], "user_agent.name": trace["client"]})
    spans = [root]
    for request in trace["requests"]:
        spans += _request(trace, request)
    resource = {"attributes": _attributes({"service.name": "axonhub", "service.version": __version__})}
    scope = {"scope": {"name": "axonhub", "version": __version__}, "spans": spans}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}


def _request(trace: Row, request: Row) -> list[Row]:
    usage = request["usage"] or {}
    end = request["started"] + (request["duration_ms"] or 0) / 1000
    span = _span(trace, request["id"], trace["id"], f"chat {request['asked_model']}", _SERVER, request["started"], end)
    span["attributes"] = _attributes({
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": request["asked_model"],
        "gen_ai.response.model": request["model"],
        "gen_ai.response.finish_reasons": [request["finish"]] if request["finish"] else None,
        "gen_ai.usage.input_tokens": usage.get("input"),
        "gen_ai.usage.output_tokens": usage.get("output"),
        "gen_ai.usage.cache_read.input_tokens": usage.get("cache_read"),
        "gen_ai.conversation.id": request["trace_id"],
        "gen_ai.agent.id": request["agent"],
        "http.response.status_code": request["status"] or None,
        "axonhub.kind": request["kind"],
        "axonhub.channel": request["channel"],
        "axonhub.profile": request["profile"],
        "axonhub.cost_usd": request["cost"],
        "axonhub.first_token_ms": request["first_token_ms"],
        "axonhub.cache_verdict": request["verdict"],
        "axonhub.losses": len(request["losses"]),
        "error.type": str(request["status"] or "error") if request["outcome"] == "error" else None,
    })  # fmt: skip
    span["status"] = {"code": 2, "message": request["error"] or ""} if request["outcome"] == "error" else {"code": 1}
    return [span, *(_attempt(trace, request, attempt) for attempt in request["attempts"])]


def _attempt(trace: Row, request: Row, attempt: Row) -> Row:
    start = request["started"] + attempt["started_ms"] / 1000
    end, name = start + (attempt["duration_ms"] or 0) / 1000, f"chat {attempt['model']}"
    span = _span(trace, f"{request['id']}/{attempt['index']}", request["id"], name, _CLIENT, start, end)
    span["attributes"] = _attributes({
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _SYSTEMS.get(attempt["protocol"], attempt["protocol"]),
        "gen_ai.request.model": attempt["model"],
        "http.response.status_code": attempt["status"] or None,
        "axonhub.channel": attempt["channel"],
        "axonhub.lane": attempt["lane"],
    })  # fmt: skip
    failed = attempt["outcome"] == "error"
    span["status"] = {"code": 2, "message": attempt["reason"] or ""} if failed else {"code": 1}
    return span


def _span(trace: Row, name: str, parent: str | None, title: str, kind: int, start: float, end: float) -> Row:
    span = {
        "traceId": hashlib.sha256(f"trace {trace['id']}".encode("utf-8", "replace")).hexdigest()[:32],
        "spanId": _id(trace, name),
        "name": title,
        "kind": kind,
        "startTimeUnixNano": str(int(start * 1e9)),
        "endTimeUnixNano": str(int(max(start, end) * 1e9)),
    }
    return span if parent is None else {**span, "parentSpanId": _id(trace, parent)}


def _id(trace: Row, name: str) -> str:
    return hashlib.sha256(f"span {trace['id']} {name}".encode("utf-8", "replace")).hexdigest()[:16]


def _attributes(values: Row) -> list[Row]:
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value is not None]


def _value(value: Any) -> Row:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": str(value)}

"""A trace as OpenTelemetry spans: session → turn → request → attempt.

An attempt is what the GenAI semantic conventions call inference: it carries model, tokens and finish reason, and nothing above it
repeats them, so that backends that add up count once. A request is an HTTP server span, a turn an `invoke_agent` span, and all
of them name the conversation. What no convention knows is under `axonhub.`. Ids are derived: the same trace sent twice is the
same trace. The conventions: https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-spans.md

This is the one mapping: `resource_spans` writes it as OTLP JSON (`trace export --otlp`), `otlp_sender` gives it to the exporter.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .. import __version__
from .conversation import Said

Row = dict[str, Any]

INTERNAL, SERVER, CLIENT = 1, 2, 3  # kinds, as OTLP numbers them
SCHEMA = "https://opentelemetry.io/schemas/gen-ai/1.42.0"
_PROVIDERS = {"anthropic": "anthropic", "openai-chat": "openai", "openai-responses": "openai", "gemini": "gcp.gemini"}


@dataclass(frozen=True, slots=True)
class Span:
    """One span. Ids are hexadecimal (32 and 16 characters), times Unix seconds; `error` says why it failed."""

    trace: str
    id: str
    parent: str | None
    name: str
    kind: int
    start: float
    end: float
    attributes: Row = field(default_factory=dict)
    error: str | None = None


def of_trace(trace: Row) -> list[Span]:
    """All spans of a trace as the reader gives it."""
    by_id = {request["id"]: request for request in trace["requests"]}
    spans = [session(trace["id"], trace["client"], trace["first"], trace["last"])]
    for each in trace["turns"]:
        spans.append(turn(trace["id"], trace["client"], each))
        for request_id in each["requests"]:
            spans += request(by_id[request_id], each["requests"][0])
    return spans


def session(trace_id: str, client: str, start: float, end: float) -> Span:
    """The whole session."""
    attributes = {"gen_ai.conversation.id": trace_id, "gen_ai.agent.name": client}
    return _span(trace_id, "session", None, f"{client} session", INTERNAL, start, end, attributes)


def turn(trace_id: str, client: str, row: Row) -> Span:
    """One turn; it is named by its first request, so that a trace that is seen in part has the same ids."""
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": client,
        "gen_ai.conversation.id": trace_id,
        "axonhub.turn": row["number"],
        "axonhub.cost_usd": row["cost"],
    }
    name = f"turn {row['requests'][0]}"
    return _span(trace_id, name, "session", f"invoke_agent {client}", INTERNAL, row["started"], row["ended"], attributes)


def request(row: Row, turn_begins: str, said: Iterable[Said] = ()) -> list[Span]:
    """A request and its attempts. `turn_begins` is the first request of its turn; what was said in it goes to the attempt that
    answered."""
    end = row["started"] + (row["duration_ms"] or 0) / 1000
    failed = row["outcome"] not in ("ok", "cancelled")
    attributes = {
        "http.request.method": "POST",
        "url.path": row["path"],
        "http.response.status_code": row["status"] or None,
        "gen_ai.conversation.id": row["trace_id"],
        "gen_ai.agent.id": row["agent"],
        "axonhub.request_id": row["id"],
        "axonhub.kind": row["kind"],
        "axonhub.outcome": row["outcome"],
        "axonhub.asked_model": row["asked_model"],
        "axonhub.channel": row["channel"],
        "axonhub.profile": row["profile"],
        "axonhub.cost_usd": row["cost"],
        "axonhub.first_token_ms": row["first_token_ms"],
        "axonhub.effort": row["effort_sent"] or row["effort"],
        "axonhub.cache_verdict": row["verdict"],
        "axonhub.cache_missed_tokens": row["missed_tokens"],
        "axonhub.losses": len(row["losses"]) or None,
        "axonhub.failovers": len(row["attempts"]) - 1 if len(row["attempts"]) > 1 else None,
        "error.type": str(row["status"] or "_OTHER") if failed else None,
    }
    span = _span(
        row["trace_id"], row["id"], f"turn {turn_begins}", f"POST {row['path']}", SERVER, row["started"], end, attributes,
        (row["error"] or row["outcome"]) if failed else None,
    )  # fmt: skip
    last = row["attempts"][-1]["index"] if row["attempts"] else None
    return [span, *(_attempt(row, each, said if each["index"] == last else None) for each in row["attempts"])]


def _attempt(row: Row, attempt: Row, said: Iterable[Said] | None) -> Span:
    """`said` is None for an attempt that another one followed."""
    start = row["started"] + attempt["started_ms"] / 1000
    failed = attempt["outcome"] == "error"
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _PROVIDERS.get(attempt["protocol"], attempt["protocol"]),
        "gen_ai.request.model": attempt["model"],
        "gen_ai.request.stream": row["stream"] or None,
        "gen_ai.conversation.id": row["trace_id"],
        "gen_ai.agent.id": row["agent"],
        "http.response.status_code": attempt["status"] or None,
        "axonhub.channel": attempt["channel"],
        "axonhub.lane": attempt["lane"],
        "error.type": str(attempt["status"] or "_OTHER") if failed else None,
        **(_answer(row, attempt, said) if said is not None else {}),
    }
    name, end = f"{row['id']}/{attempt['index']}", start + (attempt["duration_ms"] or 0) / 1000
    reason = (attempt["reason"] or "failed") if failed else None
    return _span(row["trace_id"], name, row["id"], f"chat {attempt['model']}", CLIENT, start, end, attributes, reason)


def _answer(row: Row, attempt: Row, said: Iterable[Said]) -> Row:
    usage = row["usage"] or {}
    written = [usage[name] for name in ("cache_write_5m", "cache_write_1h") if usage.get(name) is not None]
    first = row["first_token_ms"] if row["stream"] else None
    asked, answered = messages(said, row["finish"])
    return {
        "gen_ai.response.model": row["model"],
        "gen_ai.response.finish_reasons": [row["finish"]] if row["finish"] else None,
        "gen_ai.response.time_to_first_chunk": max(0.0, first - attempt["started_ms"]) / 1000 if first else None,
        "gen_ai.usage.input_tokens": usage.get("input"),
        "gen_ai.usage.output_tokens": usage.get("output"),
        "gen_ai.usage.cache_read.input_tokens": usage.get("cache_read"),
        "gen_ai.usage.cache_creation.input_tokens": sum(written) if written else None,
        "gen_ai.usage.reasoning.output_tokens": usage.get("reasoning"),
        "gen_ai.input.messages": json.dumps(asked, ensure_ascii=False) if asked else None,
        "gen_ai.output.messages": json.dumps(answered, ensure_ascii=False) if answered else None,
    }


def messages(said: Iterable[Said], finish: str | None) -> tuple[list[Row], list[Row]]:
    """What is new in a request and what was answered, in the conventions' form: (input messages, output messages)."""
    asked: list[Row] = []
    parts: list[Row] = []
    for each in said:
        match each.who:
            case "user" | "system":
                asked.append({"role": each.who, "parts": [{"type": "text", "content": each.text}]})
            case "tool":
                result = {"type": "tool_call_response", "id": None, "response": each.text}
                asked.append({"role": "tool", "parts": [result], "name": each.name})
            case "call":
                parts.append({"type": "tool_call", "id": None, "name": each.name or "", "arguments": each.text})
            case "thinking":
                parts.append({"type": "reasoning", "content": each.text})
            case _:
                parts.append({"type": "text", "content": each.text})
    answer = {"role": "assistant", "parts": parts, "finish_reason": finish or "unknown"}
    return asked, [answer] if parts else []


def _span(
    trace_id: str, name: str, parent: str | None, title: str, kind: int, start: float, end: float, attributes: Row,
    error: str | None = None,
) -> Span:  # fmt: skip
    known = {key: value for key, value in attributes.items() if value is not None}
    above = None if parent is None else _id(trace_id, parent)
    return Span(_hash(f"trace {trace_id}", 32), _id(trace_id, name), above, title, kind, start, max(start, end), known, error)


def _id(trace_id: str, name: str) -> str:
    return _hash(f"span {trace_id} {name}", 16)


def _hash(text: str, length: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:length]


def resource() -> Row:
    """Who sends."""
    return {"service.name": "axonhub", "service.version": __version__}


def resource_spans(spans: Iterable[Span]) -> Row:
    """The body of an OTLP trace export, as JSON has it."""
    scope = {"name": "axonhub", "version": __version__}
    listed = {"scope": scope, "spans": [_json(span) for span in spans], "schemaUrl": SCHEMA}
    return {"resourceSpans": [{"resource": {"attributes": list(_attributes(resource()))}, "scopeSpans": [listed]}]}


def _json(span: Span) -> Row:
    row = {
        "traceId": span.trace,
        "spanId": span.id,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(int(span.start * 1e9)),
        "endTimeUnixNano": str(int(span.end * 1e9)),
        "attributes": list(_attributes(span.attributes)),
        "status": {} if span.error is None else {"code": 2, "message": span.error},
    }
    return row if span.parent is None else {**row, "parentSpanId": span.parent}


def _attributes(values: Row) -> Iterator[Row]:
    for key, value in values.items():
        yield {"key": key, "value": _value(value)}


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

"""Spans reach a real OTLP receiver, and nothing that goes wrong on the way reaches a request."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from axonhub_cli.config.schema import Otlp as Settings
from axonhub_cli.trace import otlp
from axonhub_cli.trace.otlp import Otlp
from axonhub_cli.trace.records import AttemptRecord, RequestRecord
from axonhub_cli.trace.redact import Redactor
from axonhub_cli.types.messages import Usage
from tests.trace.receiver import Receiver, receiver, values

MakeRecord = Callable[..., RequestRecord]
SECRET = "a-secret-of-the-channel"
ASKED = json.dumps({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": f"hello {SECRET}"}]}).encode()


@pytest.fixture
def collector() -> Iterator[Receiver]:
    """A receiver that takes everything."""
    with receiver() as found:
        yield found


def sink(settings: Settings | None, store: Any = None) -> Otlp:
    """A sink with these settings, before that store."""
    return Otlp(store, lambda: settings, {"env:KEY": "123"}.__getitem__, lambda: Redactor([SECRET]))


def one(sent: Otlp, record: RequestRecord, bodies: dict[Any, bytes] | None = None, **found: Any) -> None:
    """A request from begin to end; the store finds `found`."""
    sent.begin(record)
    record.outcome, record.status, record.duration_ms = "ok", 200, 900.0
    sent.end(record, bodies or {}, lambda _: None)


def attempts(*outcomes: str) -> list[AttemptRecord]:
    """One attempt for each outcome."""
    return [
        AttemptRecord(index, f"c{index}", "anthropic", "claude-real", outcome=outcome, status=529 if outcome == "error" else 200,
                      reason=f"overloaded {SECRET}" if outcome == "error" else None, started_ms=10.0 * index, duration_ms=5.0)
        for index, outcome in enumerate(outcomes)
    ]  # fmt: skip


def test_spans_arrive(collector: Receiver, make_record: MakeRecord) -> None:
    """Session, turns, requests and attempts form one tree; the attempt that answered carries model and tokens."""
    sent = sink(Settings(endpoint=collector.url, headers={"Authorization": "Bearer env:KEY"}))
    usage = Usage(input=100, output=7, cache_read=60, cache_write_5m=30, reasoning=3)
    for number in range(2):
        one(sent, make_record(f"ar-{number}", prompt=f"p{number}", started=1e9 + 60 * number, model="claude-real", usage=usage,
                              stream=True, finish="stop", first_token_ms=500.0, attempts=attempts("error", "ok")))  # fmt: skip
    sent.close(20)

    assert set(collector.paths) == {"/v1/traces"}
    assert {headers["authorization"] for headers in collector.headers} == {"Bearer 123"}
    assert collector.resources[0]["service.name"] == "axonhub"
    by_id = {span.span_id: span for span in collector.spans}
    names = sorted((span.name, by_id[span.parent_span_id].name if span.parent_span_id else "") for span in collector.spans)
    assert names == [
        ("POST /v1/messages", "invoke_agent claude-code"),
        ("POST /v1/messages", "invoke_agent claude-code"),
        *[("chat claude-real", "POST /v1/messages")] * 4,
        *[("claude-code session", "")],
        *[("invoke_agent claude-code", "claude-code session")] * 2,
    ]
    failed, answered = (values(span.attributes) for span in collector.spans[1:3])
    assert failed["error.type"] == "529"
    assert "gen_ai.usage.input_tokens" not in failed
    assert answered == {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-real",
        "gen_ai.request.stream": True, "gen_ai.conversation.id": "trace-1", "http.response.status_code": 200,
        "axonhub.channel": "c1", "axonhub.lane": "verbatim", "gen_ai.response.model": "claude-real",
        "gen_ai.response.finish_reasons": ["stop"], "gen_ai.response.time_to_first_chunk": 0.49,
        "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 7, "gen_ai.usage.cache_read.input_tokens": 60,
        "gen_ai.usage.cache_creation.input_tokens": 30, "gen_ai.usage.reasoning.output_tokens": 3,
    }  # fmt: skip
    assert collector.spans[1].status.message == "overloaded [***]"
    assert sent.state() == {"endpoint": collector.url, "waiting": 0, "sent": 9, "dropped": 0, "error": None}


@pytest.mark.parametrize("content", [False, True])
def test_what_was_said_is_sent_on_request_only(content: bool, collector: Receiver, make_record: MakeRecord) -> None:
    """With `content = true` the new messages go with it, without secrets; otherwise nothing of them does."""
    sent = sink(Settings(endpoint=collector.url, content=content))
    one(sent, make_record(prompt="hello", attempts=attempts("ok")), {"client_request": ASKED})
    sent.close(20)
    found = [values(span.attributes) for span in collector.spans]
    assert ("hello" in str(found)) == content
    if content:
        (message,) = json.loads(found[1]["gen_ai.input.messages"])
        assert message == {"role": "user", "parts": [{"type": "text", "content": "hello [***]"}]}


def test_the_store_is_told_all_the_same(collector: Receiver, make_record: MakeRecord) -> None:
    """Everything passes on to the store; what it finds is in the spans."""
    heard: list[str] = []

    class Store:
        def begin(self, record: RequestRecord) -> None:
            heard.append("begin")

        def end(self, record: RequestRecord, bodies: object, told: Callable[[Any], None]) -> None:
            told({"cost": 0.25})

        def messages(self) -> list[tuple[str, str]]:
            return [("info", "from the store")]

    sent = sink(Settings(endpoint=collector.url), Store())
    record, found = make_record(), []
    sent.begin(record)
    sent.end(record, {}, found.append)
    assert (heard, found, sent.messages()) == (["begin"], [{"cost": 0.25}], [("info", "from the store")])
    sent.close(20)
    assert values(collector.spans[0].attributes)["axonhub.cost_usd"] == 0.25


def test_nothing_happens_where_nothing_is_configured(make_record: MakeRecord) -> None:
    """No thread, no state; the end is told."""
    sent, found = sink(None), []
    record = make_record()
    sent.begin(record)
    sent.end(record, {}, found.append)
    sent.close(1)
    assert (found, sent.state(), sent.messages()) == ([{}], None, [])


@pytest.mark.parametrize("status", [400, 401])
def test_a_collector_that_refuses_is_told_once(status: int, collector: Receiver, make_record: MakeRecord) -> None:
    """Spans are dropped and counted; the status says why; nothing is raised."""
    collector.status = status
    sent = sink(Settings(endpoint=collector.url))
    one(sent, make_record(attempts=attempts("ok")))
    sent.close(20)
    state = sent.state()
    assert state is not None
    assert (state["sent"], state["dropped"]) == (0, 4)
    assert str(status) in state["error"]
    ((level, words),) = sent.messages()
    assert level == "warning"
    assert words.startswith("Spans cannot be sent: ")


def test_a_missing_extra_is_said(collector: Receiver, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that adds it."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    sent = sink(Settings(endpoint=collector.url))
    one(sent, make_record())
    sent.close(20)
    state = sent.state()
    assert state is not None
    assert "pip install 'axonhub-cli[otel]'" in state["error"]


def test_a_full_queue_drops(collector: Receiver, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no room is counted, at once: nobody waits."""
    monkeypatch.setattr(otlp, "QUEUE", 0)
    sent = sink(Settings(endpoint=collector.url))
    one(sent, make_record(attempts=attempts("error", "ok")))
    sent.close(1)
    state = sent.state()
    assert state is not None
    assert (state["dropped"], collector.paths) == (3, [])


def test_a_quiet_turn_is_over(collector: Receiver, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while without a request the turn is sent, and then the session; not while one runs."""
    sent = sink(Settings(endpoint=collector.url))
    one(sent, make_record("ar-1", prompt="p"))
    sent._sessions.clear()
    session = otlp._Session("codex", 1.0)
    row = otlp._small(make_record("ar-1", prompt="p"))
    session.begin(row)
    sent._sessions["t"] = session
    later = otlp.TURN_IDLE + 1
    assert sent._idle(later, everything=False) == []
    session.end({**row, "duration_ms": 5.0})
    assert [span.name for span in sent._idle(later, everything=False)] == ["invoke_agent codex"]
    assert [span.name for span in sent._idle(later, everything=False)] == []
    assert [span.name for span in sent._idle(otlp.SESSION_IDLE + 1, everything=False)] == ["codex session"]
    assert sent._sessions == {}
    sent.close(20)

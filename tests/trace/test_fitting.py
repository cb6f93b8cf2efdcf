"""Filters over the store: the same answers as for what the reader gives."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.trace import filter_sql, fitting
from axonhub_cli.trace.filter import parse
from axonhub_cli.trace.filter_words import FLAGS, NUMBERS, TEXTS, TIMES
from axonhub_cli.trace.reader import reader
from axonhub_cli.trace.records import AttemptRecord
from axonhub_cli.trace.subject import of_row
from axonhub_cli.types.messages import Loss, Usage

Make = Callable[..., Any]
BODIES = {"client_request": b'{"messages":[{"role":"user","content":"sing a song"}]}', "client_response": b""}


@pytest.fixture
def filled(database: Path, make_store: Make, make_record: Make) -> Path:
    """A rich request, a bare one that failed, and one that was never answered."""
    store = make_store()
    rich = make_record(
        "ar-1", model="v3", asked_model="opus", channel="b", tools=["Bash"], effort="low", effort_sent="high", outcome="ok",
        usage=Usage(input=10, output=5, cache_read=4, reasoning=1), losses=[Loss("dropped", "top_k", "why")], cost=0.5,
        first_byte_ms=1.0, first_token_ms=2.0, duration_ms=300.0, stream=True, status=200, prompt="Fix it", profile="cheap",
        attempts=[AttemptRecord(0, "a", "anthropic", "opus", outcome="error"), AttemptRecord(1, "b", "anthropic", "v3")],
    )  # fmt: skip
    store.end(rich, dict(BODIES))
    store.end(make_record("ar-2", trace_id="trace-2", channel="c", outcome="error", error="no model", started=1e9 + 50), {})
    store.begin(make_record("ar-3", trace_id="trace-3"))
    assert store.close(60)
    return database


def test_a_row_is_seen_alike_both_ways(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The short way through one query and the long way through the reader make equal subjects."""
    seen: dict[str, Any] = {}
    with reader(filled) as traces:
        spy = parse("")
        object.__setattr__(spy, "test", lambda subject, now: seen.setdefault(subject.id, subject) is subject)
        assert len(fitting.fitting(traces._connection, spy, 0.0, 2e9)) == 3
        for name, subject in seen.items():
            row = traces.request(name)
            assert row is not None
            assert of_row(row, subject.said) == subject


@pytest.mark.parametrize(
    ("text", "expected"),
    [("~err", ["trace-2"]), ("~tool bash ~effort high", ["trace-1"]), ("~failover", ["trace-1"]), ("~channel c", ["trace-2"]),
     ("song", ["trace-1"]), ("~running", ["trace-3"]), ("~since 2001-09-09T01:47:00+00:00", ["trace-2"]), ("~in=10 ~err", []),
     ("", ["trace-2", "trace-1", "trace-3"])],
)  # fmt: skip
def test_the_reader_lists_traces_with_a_request_that_fits(filled: Path, text: str, expected: list[str]) -> None:
    """One request must fit the whole filter; bare words look into what was said."""
    with reader(filled) as traces:
        assert sorted(trace["id"] for trace in traces.traces(fits=parse(text))) == sorted(expected)
        assert traces.traces(fits=parse(text), client="nobody") == []


ROUGH: list[tuple[str, str | None]] = [
    ("~err", "outcome IN ('error', 'interrupted')"),
    ("~model V3 ~cost>=0.5", "(instr(lower(asked_model || char(10) || coalesce(model, '')), ?)) AND (cost >= ?)"),
    ("~err | ~miss", "(outcome IN ('error', 'interrupted')) OR (verdict IS NOT NULL)"),
    ("(~err | /song/) ~id ar", "(instr(lower(requests.id), ?))"),
    ("~err | song", f"(outcome IN ('error', 'interrupted')) OR ({filter_sql.WORDS})"), ("Song", filter_sql.WORDS),
    ("~err | /song/", None), ("'a\\b'", None), ("!song", None), ("!~err", None),
    ("~model /v3/", None), ("~client ü", None), ("~agent", None), ("~cached>1", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sql"), ROUGH)
def test_what_the_store_is_asked(text: str, sql: str | None) -> None:
    """As much as it can say; nothing where it could leave out a row that fits."""
    rough = parse(text).rough
    assert (None if rough is None else rough.sql) == sql


def asked() -> Iterator[str]:
    """Each name of the language with values that fit some rows and not others."""
    yield from FLAGS
    yield from (f"{name} {value}" for name in TEXTS for value in ("a", "BASH", "v3", "x_y"))
    for name in (*NUMBERS, *TIMES, "status"):
        yield from (
            f"{name}{compare}{value}" for compare in ("<", "<=", ">", ">=", "=", "!=") for value in ("0", "1", "0.5", "200")
        )


def test_the_store_leaves_out_no_row_that_fits(filled: Path) -> None:
    """With its help a filter fits the same requests as without."""
    with reader(filled) as traces:
        for name in asked():
            for text in (f"~{name}", f"song ~{name}", f"~{name} | ~err"):
                alone = dataclasses.replace(parse(text), rough=None)
                found = [fitting.fitting(traces._connection, fits, 0.0, 2e9) for fits in (parse(text), alone)]
                assert found[0] == found[1], text


@pytest.mark.parametrize("between", [" ", " | "])
def test_very_many_words_and_odd_ones_are_looked_for_too(filled: Path, between: str) -> None:
    """More than SQLite takes, in the deepest filter that there may be; what a terminal gives for bytes that are no text."""
    deep = "(" * 49 + between.join(["song"] * 3000) + ")" * 49
    with reader(filled) as traces:
        assert [trace["id"] for trace in traces.traces(fits=parse(deep))] == ["trace-1"]
        assert traces.traces(fits=parse("\udcff")) == []


TEXTS_OF_ROWS = {
    "prompt": "Die Straße", "error": "Ноль", "verdict": "new system", "client": "Codex", "profile": "cheap", "agent": "explorer",
    "thread": "t-9", "finish": "stop", "asked_model": "OPUS", "model": "gpt-ﬁve", "channel": "main", "tools": ["Bash", "mcp__a"],
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS_OF_ROWS)
@pytest.mark.parametrize("change", [str, str.upper, str.casefold], ids=["as it is", "upper", "folded"])
def test_a_word_is_found_wherever_it_stands(
    database: Path, make_store: Make, make_record: Make, name: str, change: Callable[[str], str]
) -> None:
    """In each of a request's texts, in any case of any script, and in none of another request's."""
    value = TEXTS_OF_ROWS[name]
    word = change(value if isinstance(value, str) else value[1])
    store = make_store()
    store.end(make_record("ar-1", started=1.0, outcome="ok", **{name: value}), {})
    store.end(make_record("ar-2", started=2.0, outcome="ok", attempts=[AttemptRecord(0, "tried", "anthropic", "m")]), {})
    assert store.close(60)
    with reader(database) as traces:
        assert fitting.fitting(traces._connection, parse(f'"{word}"'), 0.0, 2e9) == ["ar-1"]
        assert fitting.fitting(traces._connection, parse(f'"{word}" | TRIED'), 0.0, 2e9) == ["ar-1", "ar-2"]
        assert fitting.fitting(traces._connection, parse("AR-1"), 0.0, 2e9) == ["ar-1"]

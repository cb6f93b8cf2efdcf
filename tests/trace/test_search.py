"""Search: words in prompts and answers, whatever characters they are made of."""

from collections.abc import Callable
from pathlib import Path

import pytest

from axonhub_cli.trace.reader import reader
from axonhub_cli.trace.records import AttemptRecord, RequestRecord
from axonhub_cli.trace.store import Store

MakeRecord = Callable[..., RequestRecord]
MakeStore = Callable[..., Store]
SECRET = "sk-ant-search-0123456789abcdef"


@pytest.fixture
def filled(database: Path, make_store: MakeStore, make_record: MakeRecord) -> Path:
    """Two requests with bodies."""
    store = make_store()
    for name, asked, answered in (
        ("ar-1", f"Why does the parser fail? {SECRET}", "A missing bracket, and Größe."),
        ("ar-2", "Write a release note", "The parser is faster now; it's done."),
    ):
        record = make_record(name, outcome="ok", attempts=[AttemptRecord(0, "c", "openai-chat", "m")])
        answer = f'data: {{"choices":[{{"delta":{{"content":"{answered}"}}}}]}}\n\n'
        store.end(record, {"client_request": b'{"input":"%s"}' % asked.encode(), "upstream_response": answer.encode()})
    assert store.flush(10)
    return database


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("parser", {"ar-1", "ar-2"}),
        ("PARSER fail", {"ar-1"}),
        ("release parser", {"ar-2"}),
        ('"missing bracket"', {"ar-1"}),
        ('"bracket missing"', set()),
        ("brack*", {"ar-1"}),
        ("grosse", set()),
        ("größe", {"ar-1"}),
        ("it's", {"ar-2"}),
        ("parser AND NOT (x:", set()),
        ('"', set()),
        ("- * ()", set()),
        ("", set()),
        ("search-0123456789abcdef", set()),
    ],
)
def test_what_is_found(filled: Path, text: str, expected: set[str]) -> None:
    """All words must be there; quotes hold words together; nothing is an operator; secrets cannot be found."""
    with reader(filled) as traces:
        assert {row["id"] for row in traces.search(text)} == expected


def test_where_it_stands(filled: Path) -> None:
    """The words are marked where they stand, in the question and the answer."""
    with reader(filled) as traces:
        (row,) = traces.search("bracket")
        assert len(traces.search("parser", 1)) == 1
    assert row["answered"] == "A missing \x02bracket\x03, and Größe."
    assert (row["trace_id"], row["client"]) == ("trace-1", "claude-code")


def test_what_is_deleted_is_not_found(filled: Path) -> None:
    """After `clear` no word is left, in the index neither."""
    with reader(filled) as traces:
        assert traces.clear() == 2
        assert traces.search("parser") == []
    assert b"bracket" not in b"".join(file.read_bytes() for file in filled.parent.iterdir())

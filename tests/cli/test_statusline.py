"""The status line: what is known of a session in one line, and silence about everything else."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.cli import statusline
from axonhub_cli.config.schema import Trace
from axonhub_cli.trace.records import AttemptRecord, RequestRecord
from axonhub_cli.trace.store import Store
from axonhub_cli.types.messages import Usage

SESSION = "0b0b7f6c-52b8-4d6a-9a57-3f1f8f6a2c11"


@pytest.fixture
def filled(home: Path) -> Path:
    """A session with a failover, a sub-agent and a title, and one whose model nobody has a price for."""
    store = Store(home / "traces.db", Trace(retention_days=100_000))
    store.start()

    def put(number: int, trace_id: str = SESSION, **fields: Any) -> None:
        given = {"client": "claude-code", "outcome": "ok", "channel": "b", "asked_model": "opus", **fields}
        store.end(RequestRecord(f"ar-{number}", trace_id, 1e9 + number, "anthropic", "/v1/messages", **given), {})

    put(1, model="old", cost=0.25, usage=Usage(input=10, output=1, cache_read=0))
    put(
        2,
        model="deepseek-chat",
        cost=0.5,
        usage=Usage(input=1000, output=1, cache_read=875),
        attempts=[
            AttemptRecord(0, "a", "anthropic", "opus", outcome="error"),
            AttemptRecord(1, "b", "anthropic", "m", outcome="ok"),
        ],
    )
    put(3, model="haiku", agent="a1", cost=0.25)
    put(4, model="haiku", kind="title")
    put(5, "unpriced", model="x\x1b[31m", channel=None, usage=Usage(input=10, output=1))
    assert store.close(60)
    return home


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (json.dumps({"session_id": SESSION, "model": {"id": "opus"}}), "deepseek-chat · @b · $1.00 · cache 87% · 1 failover"),
        ('{"session_id":"unpriced"}', "x[31m · -"),
        ('{"session_id":"nobody"}', ""),
        ('{"session_id":7}', ""),
        ("{}", ""),
    ],
)
def test_what_a_session_shows(filled: Path, given: str, expected: str) -> None:
    """The main agent's last turn, and the sum of all; a cost that is not known is a dash."""
    assert statusline.line(given) == expected


@pytest.mark.parametrize("given", ["", "no json", "[]", '{"session_id":"x"}'])
def test_trouble_is_silent(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: str) -> None:
    """Without a store, with a broken one, and with anything on stdin: no word, no error."""
    for content in (None, b"garbage " * 1000):
        if content is not None:
            (home / "traces.db").write_bytes(content)
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        statusline.run()
    assert capsys.readouterr() == ("", "")


def test_as_a_process(filled: Path) -> None:
    """It runs without the command line's imports: no typer, no rich, no msgspec."""
    code = (
        "import sys; sys.argv = ['axonhub', 'statusline']; from axonhub_cli.__main__ import main; main();"
        "print(sorted({'typer', 'rich', 'msgspec', 'aiohttp', 'genai_prices', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps({"session_id": SESSION}), capture_output=True, text=True, check=True
    )
    assert done.stdout == "deepseek-chat · @b · $1.00 · cache 87% · 1 failover\n[]\n"

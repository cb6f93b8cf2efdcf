"""`axonhub trace`: what it lists, shows, deletes and watches, for people and for programs."""

import io
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from axonhub_cli.cli.trace import app
from axonhub_cli.cli.trace_view import listing
from axonhub_cli.config.schema import Trace
from axonhub_cli.errors import AxonHubError, NotConfigured, NotRunning, UsageError
from axonhub_cli.trace.records import AttemptRecord, RequestRecord
from axonhub_cli.trace.store import Store
from axonhub_cli.types.messages import Loss, Usage

NOW = 1_800_000_000.0
SESSION = "0b0b7f6c-52b8-4d6a-9a57-3f1f8f6a2c11"
Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command at a fixed time, in a wide terminal."""
    monkeypatch.setattr(time, "time", lambda: NOW)
    monkeypatch.setenv("COLUMNS", "160")

    def invoke(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(app, list(arguments), **options)

    return invoke


def error(result: Result) -> AxonHubError:
    assert isinstance(result.exception, AxonHubError)
    return result.exception


@pytest.fixture
def filled(home: Path) -> Path:
    """A Claude Code session with a failover and a sub-agent, and a lone hostile call, in the store of the test's home."""
    path = home / "traces.db"
    store = Store(path, Trace(retention_days=100_000))
    store.start()

    def put(request_id: str, trace_id: str, started: float, bodies: dict[Any, bytes], **fields: Any) -> None:
        store.end(RequestRecord(request_id, trace_id, started, "anthropic", "/v1/messages", **fields), bodies)

    put(
        "ar-aa01", SESSION, NOW - 120,
        {"client_request": b'{"model":"claude-sonnet-4-5"}', "client_response": b"event: ping\n\n"},
        client="claude-code", client_version="2.1.330", thread="release", prompt="Fix the parser",
        asked_model="claude-sonnet-4-5",
        model="deepseek-chat", channel="deepseek", status=200, outcome="ok", finish="tool_calls", duration_ms=3200.0, cost=0.0123,
        usage=Usage(input=12_000, output=800, cache_read=9000), tools=["Bash", "Read"],
        losses=[Loss("dropped", "top_k", "the target does not have it")],
        attempts=[
            AttemptRecord(0, "anthropic", "anthropic", "claude-sonnet-4-5", outcome="error", status=529, reason="overloaded"),
            AttemptRecord(1, "deepseek", "openai-chat", "deepseek-chat", lane="convert", outcome="ok", status=200),
        ],
    )  # fmt: skip
    put("ar-aa02", SESSION, NOW - 60, {}, client="claude-code", agent="a22b4cfd4253d7db4", asked_model="claude-haiku-4-5",
        kind="title", outcome="error", status=404, error="no such model")  # fmt: skip
    put("ar-bb01", "evil\x1b[2J", NOW - 7200, {"client_request": b"\x1b]52;c;x\x07"}, client="e\x1b[31mvil",
        asked_model="m\u202e", prompt="[red]\x1b[31m\nnew line", outcome="ok")  # fmt: skip
    assert store.close(60)
    return path


def harmless(text: str) -> bool:
    return not any(ord(character) < 32 and character != "\n" for character in text) and "\u202e" not in text


def test_list_for_people(run: Run, filled: Path) -> None:
    """The list has a line for each trace, the newest first, and nothing in it can harm a terminal."""
    result = run("list")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].split() == ["When", "Trace", "Client", "Title", "Models", "Reqs", "Err", "In", "Out", "Cached", "Cost"]
    assert lines[1].split() == [
        "1m", "ago", "0b0b7f6c-52b8", "claude-code", "Fix", "the", "parser", "claude-haiku-4-5", "+1",
        "2", "1", "12.0k", "800", "75%", "$0.012",
    ]  # fmt: skip
    assert lines[2].startswith("2h ago")
    assert "[red]" in lines[2]
    assert harmless(result.output)


@pytest.mark.parametrize(("width", "columns"), [(80, 8), (160, 11)])
def test_a_narrow_list_keeps_titles(width: int, columns: int) -> None:
    """In a narrow terminal models and tokens give way to titles; every line fits."""
    trace = {"id": SESSION, "last": NOW, "client": "claude-code", "title": "Fix the parser", "models": ["m"], "requests": 2,
             "running": 0, "errors": 1, "input_tokens": 10, "output_tokens": 1,
             "cached_tokens": 5, "cost": 1.0, "unpriced": 0}  # fmt: skip
    file = io.StringIO()
    listing([trace], NOW)(Console(file=file, width=width, force_terminal=True, color_system=None))
    lines = file.getvalue().splitlines()
    assert (len(lines[0].split()), max(map(len, lines)) <= width) == (columns, True)
    assert "Fix the parser" in lines[1]


def test_list_for_programs(run: Run, filled: Path) -> None:
    """`--json` gives a list of objects with ids as they were sent."""
    found = json.loads(run("list", "--json").output)
    assert [trace["id"] for trace in found] == [SESSION, "evil\x1b[2J"]
    assert (found[0]["requests"], found[0]["errors"], found[0]["threads"], found[0]["cost"]) == (2, 1, ["release"], 0.0123)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--since", "90s"], 1),
        (["--since", "3h"], 2),
        (["--since", "2000-01-01"], 2),
        (["--since", "2100-01-01T00:00:00+00:00"], 0),
        (["--client", "claude-code"], 1),
        (["--model", "deepseek"], 1),
        (["--channel", "anthropic"], 1),
        (["--errors"], 1),
        (["--limit", "1"], 1),
        (["--sort", "cost", "--limit", "1"], 1),
        (["--client", "nobody"], 0),
        (["--filter", "~failover ~tool bash ~cost>0.01"], 1),
        (["-f", "~err | evil"], 2),
        (["-f", "~loss ~err"], 0),
    ],
)
def test_list_filters(run: Run, filled: Path, arguments: list[str], expected: int) -> None:
    """Every filter reaches the store."""
    assert len(json.loads(run("list", "--json", *arguments).output)) == expected


def test_a_filter_that_cannot_be_read(run: Run, filled: Path) -> None:
    """It says where, and what was meant."""
    told = error(run("list", "--filter", "~err & ~cots>1"))
    assert (told.exit_code, "character 8" in told.message, told.hint) == (2, True, "Did you mean ~cost?")


def test_filters_are_listed(run: Run) -> None:
    """Every name of the language is in the list."""
    from axonhub_cli.trace.filter_words import NAMES

    listed = run("filters").output
    assert [name for name in NAMES if f"~{name}" not in listed] == []


def test_list_sorted(run: Run, filled: Path) -> None:
    """The dearest first, if that is asked for; an unknown order is refused."""
    assert [trace["id"] for trace in json.loads(run("list", "--sort", "cost", "--json").output)] == [SESSION, "evil\x1b[2J"]
    assert "misses" in (error(run("list", "--sort", "colour")).hint or "")


def age(file: Path) -> None:
    """Make all requests twenty years old."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("UPDATE requests SET started = started - 20 * 366 * 86400")
    connection.close()


def test_a_dry_run_deletes_nothing(run: Run, filled: Path) -> None:
    """`prune --dry-run` says what would go, and leaves it."""
    age(filled)
    (filled.parent / "config.toml").write_text("[trace]\nretention_days = 1\n")
    said = run("prune", "--dry-run").output
    assert said.startswith("Would delete 3 requests: kept are 1 day, and 1,024 MiB; the store has ")
    assert json.loads(run("prune", "--dry-run", "--json").output)["would_delete"] == 3
    assert run("prune").output == "Deleted 3 requests.\n"


def test_list_without_traces(run: Run) -> None:
    """Nothing recorded yet is no failure: a sentence for people, an empty list for programs."""
    assert "No traces yet" in run("list").output
    result = run("list", "--json")
    assert (result.exit_code, json.loads(result.output)) == (0, [])


def test_list_when_nothing_fits(run: Run, filled: Path) -> None:
    """Filters that leave nothing are said to be why."""
    assert "No trace fits" in run("list", "--client", "nobody").output


@pytest.mark.parametrize("since", ["yesterday", "5x", "-3h", "", "99999-01-01"])
def test_since_that_is_no_time(run: Run, filled: Path, since: str) -> None:
    """A time that cannot be understood is a usage error that says what can."""
    if not since:
        assert run("list", "--since", since).exit_code == 0
        return
    assert isinstance(error(run("list", f"--since={since}")), UsageError)


def test_show_for_people(run: Run, filled: Path) -> None:
    """A trace is its turns: what was asked, what it took, with attempts, receipt and errors, and a waterfall of the times."""
    text = run("show", SESSION[:6]).output
    assert text.splitlines()[0] == (
        f"{SESSION}  claude-code 2.1.330  thread release  1 turn  2 requests  1 failed  60.0s  in 12.0k (75% cached)  out 800"
        "  $0.012"
    )
    order = [
        "── Turn 1", "with a22b4cfd4253…", "you  Fix the parser",
        "ar-aa01", "claude-sonnet-4-5 → deepseek-chat", "@deepseek", "ok 200", "3.2s", "in 12.0k (75% cached)",
        "out 800", "$0.012",
        "attempt 1  anthropic", "error 529", "overloaded", "attempt 2  deepseek", "openai-chat, convert",
        "receipt  dropped top_k",
        "│ ar-aa02", "[a22b4cfd4253…]", "title", "claude-haiku-4-5", "error 404", "no such model",
        "── Times", "  1  ar-aa01",
    ]  # fmt: skip
    place = text.index("\n")
    for word in order:
        assert word in text[place:], word
        place = text.index(word, place)


def test_show_for_programs(run: Run, filled: Path) -> None:
    """`--json` has the requests and their attempts."""
    trace = json.loads(run("show", "ar-aa02", "--json").output)
    assert trace["id"] == SESSION
    assert [len(request["attempts"]) for request in trace["requests"]] == [2, 0]
    assert trace["requests"][0]["usage"]["cache_read"] == 9000


def test_show_is_harmless(run: Run, filled: Path) -> None:
    """Whatever a client called itself or its models: control characters are shown, not obeyed, in the tree and in bodies."""
    for arguments in (["show", "evil"], ["show", "ar-bb01", "--raw"]):
        result = run(*arguments)
        assert result.exit_code == 0
        assert harmless(result.output)


def test_raw(run: Run, filled: Path) -> None:
    """`--raw` prints the stored bodies of the request that was named."""
    assert run("show", "ar-aa01", "--raw").output == (
        '── client_request (29 characters)\n{"model":"claude-sonnet-4-5"}\n\n── client_response (13 characters)\nevent: ping\n'
    )
    assert json.loads(run("show", "ar-aa01", "--raw", "--json").output)["bodies"]["client_response"] == "event: ping\n\n"
    assert "No bodies" in run("show", "ar-aa02", "--raw").output


def test_raw_needs_one_request(run: Run, filled: Path) -> None:
    """`--raw` on a trace with several requests asks for one of them."""
    told = error(run("show", SESSION, "--raw"))
    assert told.exit_code == 2
    assert "ar-aa01, ar-aa02" in (told.hint or "")
    assert run("show", "evil", "--raw").exit_code == 0


def test_show_what_is_not_there(run: Run, filled: Path) -> None:
    """An unknown or ambiguous id is a usage error; no store at all is exit code 3."""
    assert "no trace or request 'zz'" in str(error(run("show", "zz")))
    filled.unlink()
    assert isinstance(error(run("show", "zz")), NotConfigured)


def test_clear(run: Run, filled: Path) -> None:
    """`clear` asks first, does nothing without an answer, and deletes everything with --yes."""
    assert isinstance(error(run("clear")), UsageError)
    assert json.loads(run("clear", "--yes", "--json").output) == {"deleted": 3}
    assert json.loads(run("list", "--json").output) == []


def test_prune(run: Run, filled: Path, home: Path) -> None:
    """`prune` applies the limits of config.toml; no days are for ever."""
    age(filled)
    (home / "config.toml").write_text("[trace]\nretention_days = 100000\n")
    assert run("prune").output == "Deleted 0 requests.\n"
    (home / "config.toml").write_text("[trace]\nretention_days = 0\n")
    assert run("prune").output == "Deleted 0 requests.\n"
    assert run("prune", "--dry-run").output.startswith("Would delete nothing: kept is all, however old")
    (home / "config.toml").write_text("[trace]\nretention_days = 1\n")
    assert run("prune").output == "Deleted 3 requests.\n"
    connection = sqlite3.connect(filled)
    assert connection.execute("SELECT count(*) FROM packs").fetchone() == (0,)
    connection.close()


def test_tail_without_a_server(run: Run) -> None:
    """Watching needs a server: exit code 3 and how to start one."""
    told = error(run("tail"))
    assert isinstance(told, NotRunning)
    assert (told.exit_code, told.hint) == (3, "Start it: axonhub serve")


def test_help_is_cheap() -> None:
    """Importing the command group loads neither SQLite nor the HTTP client nor the price list."""
    code = "import sys, axonhub_cli.cli.trace; sys.exit(bool({'sqlite3', 'http.client', 'genai_prices'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

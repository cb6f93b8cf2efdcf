"""Lines for pipes and files, JSON for programs, the summary at the end."""

import io
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from axonhub_cli.cli.tail import follow
from axonhub_cli.cli.tail.glyphs import ASCII, UNICODE
from axonhub_cli.cli.tail.model import Tree
from axonhub_cli.cli.tail.plain import Lines, json_line, summary


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.delenv("TZ")
    time.tzset()


def told(events: Any) -> list[dict[str, Any]]:
    one, two = events.request("ar-1", prompt="fix"), events.request("ar-2", kind="title", agent="a1")
    return [
        events.hello(),
        one,
        events.attempt("ar-1", 0, "groq"),
        events.attempt("ar-1", 0, "groq", outcome="error", status=429, reason="too many"),
        events.attempt("ar-1", 1, "deepseek"),
        events.delta("ar-1", "Hi"),
        two,
        events.end(two, outcome="error", status=502, error="upstream is down", channel="groq"),
        events.end(one, 2, channel="deepseek", model="chat", lane="convert", usage=events.usage(1000, 60, 500), cost=0.01,
                   losses=[{"action": "dropped"}]),
        events.log("config.toml was reloaded"),
    ]  # fmt: skip


def test_one_line_for_each_event_that_means_something(events: Any) -> None:
    """Start, failover, end with figures, error, message; deltas and starts of attempts are silent."""
    lines = Lines(UNICODE)
    assert [line for event in told(events) for line in lines.feed(event)] == [
        "08:00:00 axonhub   0.1.0  http://127.0.0.1:8090  profile cheap  channels deepseek",
        "08:00:00 request   ar-1 claude-code trace-1 opus",
        "08:00:00 failover  ar-1 @groq 429 too many",
        "08:00:00 request   ar-2 claude-code trace-1 opus agent a1 (title)",
        "08:00:01 error     ar-2 opus @groq 502 upstream is down",
        "08:00:02 done      ar-1 opus → chat @deepseek 2.0s first 500ms 40 tok/s in 1.0k (50% cached) out 60 $0.010 convert stop"
        " 1 loss",
        "08:00:00 info      config.toml was reloaded",
    ]


def test_a_second_end_and_a_late_beginning_are_silent(events: Any) -> None:
    """Each request ends once; one that came as its end alone has one line."""
    lines, one = Lines(UNICODE, banner=False), events.request("ar-1")
    told = [events.hello(), events.end(one, outcome="cancelled"), events.end(one), one, {"type": "ping"}, None]
    assert [line for event in told for line in lines.feed(event)] == ["08:00:01 cancelled ar-1 opus 1.0s stop"]


def test_a_time_that_is_none_is_shown_as_none(events: Any) -> None:
    """An event without a sensible time still has its line."""
    assert len(list(Lines(UNICODE).feed({"type": "log", "message": "x", "t": 1e12}))) == 1
    assert list(Lines(UNICODE).feed({"type": "log", "message": "x"})) == ["--:--:-- info      x"]


def test_follow_prints_lines_where_there_is_no_terminal(events: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """What a pipe gets is what `Lines` says, and the exit code is 0."""
    assert follow(iter(told(events))) == 0
    assert len(capsys.readouterr().out.splitlines()) == 7


def test_json_is_each_event_as_one_line(events: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is lost, pings are left out, and every character is ASCII."""
    odd = events.log("\x1b[31m\ud800 é\n")
    assert follow(iter([*told(events), odd, {"type": "ping"}]), json=True) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert [json.loads(line) for line in out.splitlines()] == [*told(events), odd]
    assert json_line(None) is None


def test_an_error_of_the_events_is_the_callers(events: Any) -> None:
    """What the iterator raises comes out of `follow`."""

    def broken() -> Any:
        yield events.hello()
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        follow(broken())


def test_ctrl_c_is_a_good_end(events: Any) -> None:
    """Stopping to look is no failure."""

    def interrupted() -> Any:
        yield events.hello()
        raise KeyboardInterrupt

    assert follow(interrupted()) == 0


def test_a_closed_pipe_is_a_good_end(events: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`| head -1` ends the program quietly."""

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Closed())
    assert follow(iter(told(events))) == 0


def test_the_summary_is_short(events: Any) -> None:
    """Totals and the last traces; cut to the width; ASCII where it must be."""
    tree = Tree()
    for event in told(events):
        tree.apply(event)
    assert summary(tree, UNICODE, stopped=True, width=100) == [
        "axonhub: server stopped. 2 requests in 1 trace, 1 failed, 1.0k in (50% cached), 60 out, $0.010",
        "  ✗ claude-code trace-1  2 requests, 1 failed, 1.0k in (50% cached), 60 out, $0.010  fix",
    ]
    short = summary(tree, ASCII, stopped=False, width=40)
    assert short == ["axonhub: 2 requests in 1 trace, 1 faile~"[:38] + "~", "  x claude-code trace-1  2 requests, 1 ~"[:38] + "~"]
    assert summary(Tree(), UNICODE, stopped=True, width=80) == ["axonhub: server stopped."]
    assert summary(Tree(), UNICODE, stopped=False, width=80) == []


def test_a_filter_leaves_lines_out(events: Any) -> None:
    """A request's lines begin when it fits; what is about no request stays."""
    from axonhub_cli.cli.tail.sieve import Sieve
    from axonhub_cli.trace.filter import parse

    lines = Lines(UNICODE, sieve=Sieve(parse("~err | ~model glm")))
    one, two = events.request("r1"), events.request("r2")
    told = [events.hello(), one, two, events.log("mind this"), events.end(one, outcome="error", error="no"), events.end(two)]
    said = [line[9:].split()[:2] for event in told for line in lines.feed(event)]
    assert said == [["axonhub", "0.1.0"], ["info", "mind"], ["error", "r1"]]
    assert [lines.fits(event) for event in told] == [True, True, False, True, True, False]
    assert not lines.fits(events.delta("gone", "x"))
    assert lines.fits("no event")


def test_a_channel_that_was_passed_over_has_its_line(events: Any) -> None:
    """Nobody was asked there, so there is no status: the reason alone."""
    one = events.request("ar-1")
    told = [
        one,
        events.attempt("ar-1", 0, "blind", outcome="skipped", reason="it sees no images"),
        events.attempt("ar-1", 1, "b"),
    ]
    lines = Lines(UNICODE, banner=False)
    assert [line for event in told for line in lines.feed(event)][1:] == ["08:00:00 failover  ar-1 @blind it sees no images"]

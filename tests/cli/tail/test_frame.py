"""One screen as exact text, at the sizes that people have."""

from typing import Any

import pytest
from rich.text import Text

from axonhub_cli.cli.tail.frame import Composer, window
from axonhub_cli.cli.tail.glyphs import ASCII, UNICODE, Glyphs
from axonhub_cli.cli.tail.model import Tree
from axonhub_cli.cli.tail.outline import Row
from axonhub_cli.cli.tail.ui import Ui

NOW = 1_800_000_000.0
SESSION, AGENT = "7e4a1c9d-52b0-4f7e-9c1d-0f3b2a6d8e11", "a22b4cfd4253d7db4"


def scene(events: Any) -> list[dict[str, Any]]:
    """A finished Codex session, and Claude Code in its second turn: failover, error, sub-agent, a stream that runs."""

    def done(name: str, at: float, until: float, trace: str = SESSION, **more: Any) -> list[dict[str, Any]]:
        request = events.request(name, trace, at, **more)
        first = {"first_token_ms": 500.0, "channel": "deepseek", "model": "deepseek-reasoner", "lane": "convert"}
        return [request, events.end(request, until, **{**first, "duration_ms": (until - at) * 1000, **more})]

    codex = {
        "trace": "01998f3a-77c2-7d10-8a4e-5b6c7d8e9f00",
        "client": "codex",
        "turn": "t1",
        "prompt": "Rename load to read everywhere",
    }
    ask = {"asked_model": "claude-sonnet-4-5", "prompt": "Fix the flaky test in tests/test_feed.py"}
    lost = [{"action": "dropped", "path": "text.verbosity", "why": "chat has no word for it"}]
    err = "deepseek: 400 The conversation is too long for this model."
    tools = {"finish": "tool_calls", "tools": ["Read", "Read"]}
    over = [
        {"index": 0, "channel": "groq", "outcome": "error", "status": 429, "reason": "Rate limit reached", "duration_ms": 412.0}
    ]
    run = events.request("ar-6", SESSION, -9, **ask)
    search = {"asked_model": "claude-haiku-4-5", "agent": AGENT, "prompt": "Search for tests that wait"}
    return [
        events.hello(channels=["deepseek", "groq", "anthropic"]),
        *done("ar-1", -300, -291.8, asked_model="gpt-5.5", usage=events.usage(11873, 412, 0), cost=0.0071, losses=lost, **codex),
        *done("ar-2", -150, -148, kind="title", asked_model="claude-haiku-4-5", usage=events.usage(412, 14), cost=0.0001),
        *done("ar-3", -140, -130, **{**ask, "prompt": "What does it cover?"}, usage=events.usage(16230, 520, 0), cost=0.0093),
        *done("ar-4", -60, -51, **ask, usage=events.usage(17044, 344, 16128), cost=0.0021, **tools,
              attempts=[*over, {"index": 1, "channel": "deepseek", "outcome": "ok"}]),
        *done("ar-5", -40, -35, **ask, outcome="error", status=400, error=err),
        *done("ar-7", -24, -18, **search, model="deepseek-chat", usage=events.usage(6120, 210, 4096), cost=0.0004),
        run,
        events.attempt("ar-6", at=-9, model="deepseek-reasoner"),
        events.delta("ar-6", "The fixture publishes before anybody listens.", "thinking", -8),
        events.delta("ar-6", "Found it. I'll subscribe first.", at=-4),
        events.delta("ar-6", "Edit", "tool", -3),
        events.delta("ar-6", '{"file_path": "tests/test_feed.py", "old_str', "arguments", -2),
        events.log("deepseek: cooling down for 12 s", "warning", -3),
    ]  # fmt: skip


def screen(told: list[dict[str, Any]], width: int, height: int, ui: Ui | None = None, **more: Any) -> list[str]:
    """The lines of one screen, without the blanks at their ends."""
    tree = Tree()
    for event in told:
        tree.apply(event)
    frame = Composer(tree, ui or Ui(), width, height, NOW, **more).frame()
    assert len(frame.lines) == height
    assert all(line.cell_len <= width for line in frame.lines)
    return [line.plain.rstrip() for line in frame.lines]


def test_the_whole_screen_at_80_columns(events: Any) -> None:
    """Every kind of line, figures in their columns."""
    assert screen(scene(events), 80, 24) == WIDE_80.splitlines()[1:]


def test_the_whole_screen_at_120_columns(events: Any) -> None:
    """More figures, whole names, the lane and the tools."""
    assert screen(scene(events), 120, 23) == WIDE_120.splitlines()[1:]


def test_the_whole_screen_in_ascii(events: Any) -> None:
    """The same picture in seven bits."""
    lines = screen([*scene(events), events.log("für 漢字", at=-1)], 80, 24, glyphs=ASCII)
    assert all(line.isascii() for line in lines)
    assert lines[3] == " > * codex 01998f3a-77c2  4m ago  Rename load to read~ 11.9k    0%   412 $0.0071"
    assert lines[10] == "   |- x > deepseek-reasoner @deepseek  400 error  5.0s"
    assert lines[-2] == " . f?r ??" + "1s ago".rjust(70)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("height", [1, 2, 3, 4, 6, 8, 10, 12, 50])
@pytest.mark.parametrize("width", [1, 2, 10, 39, 40, 64, 200])
def test_every_size_keeps_what_runs_in_sight(events: Any, width: int, height: int, glyphs: Glyphs) -> None:
    """Small screens lose the header, never the last line of what runs."""
    lines = screen(scene(events), width, height, glyphs=glyphs)
    if width >= 39 and height >= 2:
        assert any("Edit file_path" in line for line in lines)


def test_before_the_first_request_it_says_what_to_do(events: Any) -> None:
    """A newcomer sees the two set-up commands and the address."""
    lines = screen([events.hello(channels=[], profile=None, demo=True)], 80, 16)
    assert lines[0] == " axonhub 0.1.0  http://127.0.0.1:8090" + " DEMO".rjust(42)
    assert lines[1] == " A built-in demo model answers, offline and free. Next: axonhub channel add"
    assert lines[5:10] == [
        "  Waiting for the first request.", "",
        '  Claude Code    eval "$(axonhub setup claude-code)" && claude',
        "  Codex          axonhub setup codex",
        '                 eval "$(axonhub setup codex --env)" && codex',
    ]  # fmt: skip


def test_the_servers_own_hint_is_taken(events: Any) -> None:
    """What the hello event says to do next stands below the header; without a banner there is neither."""
    assert screen([events.hello(demo=True, hint="Do this.")], 80, 16)[1] == " Do this."
    assert "axonhub" not in screen([events.hello()], 80, 16, banner=False)[0]


def test_help_says_keys_and_marks(events: Any) -> None:
    """The help takes the tree's place and ends with the last messages."""
    lines = screen(scene(events), 80, 24, Ui(help=True))
    assert lines[3] == "  ↑↓ j k       move; PgUp PgDn g G by pages, to the top, to the end"
    lines = screen(scene(events), 80, 24, Ui(help=True, help_top=1000))
    assert "    3s ago  deepseek: cooling down for 12 s" in lines
    assert lines[-1] == " any key goes back  ↑↓ scroll"
    assert all(len(line) < 80 for line in lines[4:])


def test_messages_go_away_and_errors_stay(events: Any) -> None:
    """A warning is gone after two minutes, an error is there until the next message."""
    assert "old" not in "".join(screen([events.log("old", "warning", -130)], 80, 24))
    assert screen([events.log("bad", "error", -130)], 80, 24)[-2] == " ✗ bad" + "2m ago".rjust(73)


def test_errors_only_without_errors_says_so(events: Any) -> None:
    """The screen is not just empty."""
    lines = screen([events.request("r1")], 80, 24, Ui(errors_only=True))
    assert "  No request has failed." in lines
    assert "errors only" in lines[1]


def test_without_a_keyboard_no_keys_are_offered(events: Any) -> None:
    """Only Ctrl-C works then."""
    assert screen([], 80, 24, keys=False)[-1] == " Ctrl-C quit"


def test_the_selected_row_is_marked_and_in_sight(events: Any) -> None:
    """The mark needs no colour."""
    lines = screen(scene(events), 80, 14, Ui(follow=False, cursor=("request", "ar-4"), top=20))
    assert [line for line in lines if line.startswith("▌")] == [
        "▌  ├─ ✓ sonnet-4-5 → deepseek-reasoner @deepseek  9.0s 17.0k   95%   344 $0.0021"
    ]


def test_the_trace_and_turn_of_the_first_row_stay_pinned(events: Any) -> None:
    """However far the window is, it says where it is."""
    lines = screen(scene(events), 80, 13)
    assert lines[3].startswith(" ▾ ✻ claude-code 7e4a1c9d")
    assert lines[4].startswith("   ❯ Fix the flaky test")


@pytest.mark.parametrize(
    ("live", "body", "expected"),
    [([], 10, 90), ([95], 10, 90), ([50], 10, 48), ([50, 51, 52], 10, 48), ([10, 50], 10, 41), ([0], 10, 0), ([5], 200, 0)],
)
def test_the_window_follows_what_runs(live: list[int], body: int, expected: int) -> None:
    """All that runs where it fits, else the last of it; with nothing running, the end."""
    rows = [Row("request", None, key=(str(index),), live=index in live) for index in range(100)]
    assert window(rows, Ui(), body, None) == expected


def test_the_window_moves_with_the_cursor() -> None:
    """No further than it must."""
    rows = [Row("request", None, key=(str(index),)) for index in range(100)]
    places = [window(rows, Ui(follow=False, cursor=(str(at),), top=50), 10, None) for at in (55, 50, 10, 58, 59, 99)]
    assert places == [50, 48, 8, 50, 51, 90]
    assert window(rows, Ui(follow=False, cursor=("gone",), top=50), 10, None) == 48


def test_nothing_is_said_by_colour_alone(events: Any) -> None:
    """Errors and running requests have marks of their own, and styles are the terminal's sixteen colours."""
    tree = Tree()
    for event in scene(events):
        tree.apply(event)
    lines = Composer(tree, Ui(), 120, 40, NOW).frame().lines
    words = {word for line in lines for span in line.spans for word in str(span.style).split()}
    assert words <= {"bold", "dim", "italic", "reverse", "red", "green", "yellow", "blue", "magenta", "cyan"}
    assert all(isinstance(line, Text) for line in lines)


WIDE_80 = """
 axonhub 0.1.0  http://127.0.0.1:8090  profile cheap  channels deepseek, groq, …
 2 traces · 7 requests · 1 running · 1 failed          51.7k   39%  1.5k  $0.019
───────────────────────────────────────────────── time ── in cache ─ out ── cost
 ▸ ◆ codex 01998f3a-77c2  4m ago  Rename load to read… 11.9k    0%   412 $0.0071

 ▾ ✻ claude-code 7e4a1c9d  2m  ◐ 1  ✗ 1  6 requests    39.8k   51%  1.1k  $0.012
   ❯ What does it cover?  2 requests                   16.6k    0%   534 $0.0094
   ❯ Fix the flaky test in tests/test_feed.py
   ├─ ✓ sonnet-4-5 → deepseek-reasoner @deepseek  9.0s 17.0k   95%   344 $0.0021
   │  ↷ @groq 429 Rate limit reached             412ms
   ├─ ✗ → deepseek-reasoner @deepseek  400 error  5.0s
   │  deepseek: 400 The conversation is too long for this model.
   ├─ ▸ agent a22b4cfd  1 request  Search for tests t…  6.1k   67%   210 $0.0004
   └─ ◐ sonnet-4-5 → deepseek-reasoner @deepseek  9.0s               ~31
      ┊ thinking  The fixture publishes before anybody listens.
      ┊ Found it. I'll subscribe first.
      ┊ Edit file_path: "tests/test_feed.py", "old_str





 ! deepseek: cooling down for 12 s                                       3s ago
 q quit  ↑↓ move  enter open  F following  f filter  / search  e errors  ? help
"""
WIDE_120 = """
 axonhub 0.1.0  http://127.0.0.1:8090  profile cheap  channels deepseek, groq, anthropic
 2 traces · 7 requests · 1 running · 1 failed                                               51.7k    39%   1.5k   $0.019
─────────────────────────────────────────────────────────────────────── time  first  tok/s ─── in  cache ── out ─── cost
 ▸ ◆ codex 01998f3a-77c2  4m ago  Rename load to read everywhere                            11.9k     0%    412  $0.0071

 ▾ ✻ claude-code 7e4a1c9d  2m  ◐ 1  ✗ 1  6 requests                                         39.8k    51%   1.1k   $0.012
   ❯ What does it cover?  2 requests                                                        16.6k     0%    534  $0.0094
   ❯ Fix the flaky test in tests/test_feed.py
   ├─ ✓ claude-sonnet-4-5 → deepseek-reasoner @deepseek  Read ×2        9.0s  500ms     40  17.0k    95%    344  $0.0021
   │  ↷ @groq 429 Rate limit reached                                   412ms
   ├─ ✗ claude-sonnet-4-5 → deepseek-reasoner @deepseek  400 error      5.0s  500ms
   │  deepseek: 400 The conversation is too long for this model.
   ├─ ▸ agent a22b4cfd  1 request  Search for tests that wait                                6.1k    67%    210  $0.0004
   └─ ◐ claude-sonnet-4-5 → deepseek-reasoner @deepseek  convert        9.0s   1.0s     ~4                  ~31
      ┊ thinking  The fixture publishes before anybody listens.
      ┊ Found it. I'll subscribe first.
      ┊ Edit file_path: "tests/test_feed.py", "old_str




 ! deepseek: cooling down for 12 s                                                                               3s ago
 q quit  ↑↓ move  enter open  F following  f filter  / search  e errors  x export  ? help
"""


def test_all_that_runs_stays_in_sight(events: Any) -> None:
    """What is said below requests that run gives way to the requests themselves, however many channels they have tried."""
    tree = Tree()
    for number in range(4):
        name = f"r{number}"
        for event in (events.request(name, f"trace-{number}", prompt="Explain it."), events.attempt(name, outcome="error"),
                      events.attempt(name, 1, "spare"), events.delta(name, "word " * 200)):  # fmt: skip
            tree.apply(event)
    lines = [line.plain for line in Composer(tree, Ui(), 100, 34, events.now + 2).frame().lines]
    assert sum("└─ " in line for line in lines) == 4
    assert sum("↷ @deepseek" in line for line in lines) == 4
    assert sum("┊" in line for line in lines) >= 4

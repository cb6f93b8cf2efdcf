"""The real thing: `follow` on a terminal, seen through a terminal emulator."""

import json
import os
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from typing import Any

import pytest

Start = Callable[..., Any]

LEAVE = b"\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l"


def test_the_tree_appears_as_events_come(events: Any, terminal: Start) -> None:
    """Header, request, stream and figures, each when its event has come; a quiet server sends nothing more."""
    shown = terminal(100, 24)
    shown.send(events.hello())
    shown.shows(" axonhub 0.1.0  http://127.0.0.1:8090  profile cheap  channel deepseek")
    assert "Waiting for the first request." in shown.text
    request = events.request("ar-1", prompt="Fix the flaky test")
    shown.send(request, events.attempt("ar-1"))
    shown.shows("❯ Fix the flaky test")
    shown.send(events.delta("ar-1", "thinking hard", "thinking"), events.delta("ar-1", "Found it."))
    shown.shows("┊ Found it.")
    assert "┊ thinking  thinking hard" in shown.text
    shown.send(events.end(request, 2, channel="deepseek", model="chat", usage=events.usage(1000, 60, 500), cost=0.01))
    shown.shows("✓ opus → chat @deepseek")
    assert next(line for line in shown.lines if "✓" in line).endswith("2.0s  1.0k   50%    60  $0.010")


def test_a_line_is_cleared_before_it_is_written(events: Any, terminal: Start) -> None:
    """After a full line the cursor stands on its last cell: clearing then would eat the last figure."""
    shown = terminal(100, 24)
    shown.send(events.hello())
    shown.shows("Waiting for the first request.")
    assert re.findall(rb"(.{4})\x1b\[K", shown.raw)
    assert all(before.endswith(b";1H") for before in re.findall(rb"(.{4})\x1b\[K", shown.raw))


def test_q_ends_it_and_leaves_a_summary(events: Any, terminal: Start) -> None:
    """Exit code 0, the terminal as before, the totals in the normal buffer."""
    shown = terminal()
    request = events.request("ar-1", prompt="Fix it")
    shown.send(events.hello(), request, events.end(request))
    shown.shows("✓ opus")
    shown.type(b"q")
    assert shown.exit_code() == 0
    assert termios.tcgetattr(shown.slave) == shown.modes
    rest = shown.raw.split(LEAVE)[1].decode().splitlines()
    assert rest == ["axonhub: 1 request in 1 trace", "  ✓ claude-code trace-1  1 request  Fix it"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_every_signal_that_ends_it_restores_the_terminal(events: Any, terminal: Start, number: signal.Signals) -> None:
    """No traceback, exit code 0, echo back on."""
    shown = terminal()
    shown.send(events.hello())
    shown.shows("Waiting")
    shown.signal(number)
    assert shown.exit_code() == 0
    assert termios.tcgetattr(shown.slave) == shown.modes
    assert shown.raw.endswith(LEAVE)


def test_ctrl_c_on_the_keyboard_ends_it(events: Any, terminal: Start) -> None:
    """The terminal itself makes the signal of it."""
    shown = terminal()
    shown.send(events.hello())
    shown.shows("Waiting")
    shown.type(b"\x03")
    assert shown.exit_code() == 0
    assert b"Traceback" not in shown.raw


def test_the_end_of_the_events_is_the_servers(events: Any, terminal: Start) -> None:
    """The screen closes by itself and says what happened to what still ran."""
    shown = terminal()
    shown.send(events.hello(), events.request("ar-1", prompt="Fix it"))
    shown.shows("Fix it")
    shown.stop_server()
    assert shown.exit_code() == 0
    assert b"axonhub: server stopped. 1 request in 1 trace, 1 still running\r\n" in shown.raw.split(LEAVE)[1]


def test_a_broken_connection_is_the_servers_end_too(events: Any, terminal: Start) -> None:
    """An OSError of the iterator is no failure of ours."""
    shown = terminal()
    shown.send(events.hello(), {"type": "raise", "what": "ConnectionError"})
    assert shown.exit_code() == 0
    assert b"server stopped" in shown.raw


def test_any_other_error_is_reported_on_a_restored_terminal(events: Any, terminal: Start) -> None:
    """What the iterator raises comes out after the screen is closed."""
    shown = terminal()
    shown.send(events.hello(), {"type": "raise", "what": "ValueError"})
    assert shown.exit_code() == 1
    assert termios.tcgetattr(shown.slave) == shown.modes
    assert b"ValueError: scripted" in shown.raw.split(LEAVE)[1]


def test_a_new_size_is_a_new_picture(events: Any, terminal: Start) -> None:
    """After a resize the whole screen is drawn for the new width."""
    shown = terminal(80, 24)
    shown.send(events.hello(), events.request("ar-1", prompt="A prompt that is a good deal longer than forty columns of text"))
    shown.shows("columns of text")
    shown.resize(40, 10)
    shown.until(lambda now: now.lines[-1].startswith(" q quit") and "columns" not in now.text and "A prompt that" in now.text)
    assert all(len(line) <= 40 for line in shown.lines)
    shown.resize(120, 30)
    shown.until(lambda now: "tok/s" in now.text and now.lines[29].startswith(" q quit"))


def test_keys_move_fold_filter_and_explain(events: Any, terminal: Start) -> None:
    """The cursor, an opened request, errors only, the help, and back to following."""
    shown = terminal(100, 24)
    good, bad = events.request("ar-1", prompt="one"), events.request("ar-2", prompt="two")
    shown.send(events.hello(), good, events.end(good, lane="convert"), bad, events.end(bad, outcome="error", error="it broke"))
    shown.shows("it broke")
    shown.type(b"k")
    shown.shows("▌  └─ ✗ opus")
    shown.type(b"\r")
    shown.until(lambda now: "claude-code trace-1 › ar-2" in now.text and "stop reason stop" in now.text)
    shown.type(b"q")
    shown.shows("▌  └─ ✗ opus")
    shown.type(b" ")
    shown.shows("ar-2  turn")
    shown.type(b"\x1b[A\x1b[A")
    shown.shows("▌  ❯ one")
    shown.type(b" ")
    shown.shows("└─ ✓ opus")
    shown.type(b"e")
    shown.until(lambda now: "errors only" in now.text and "one" not in now.text)
    shown.type(b"e?")
    shown.shows("open or shut it")
    shown.type(b"z")
    shown.type(b"F")
    shown.until(lambda now: "following" in now.text and "▌" not in now.text)


def test_ctrl_l_draws_everything_again(events: Any, terminal: Start) -> None:
    """What others wrote over the screen goes away."""
    shown = terminal()
    shown.send(events.hello())
    shown.shows("Waiting")
    shown.screen.reset()
    shown.type(b"\x0c")
    shown.shows("Waiting for the first request.")


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(events: Any, terminal: Start) -> None:
    """The shell has its own modes while the job is stopped; afterwards the tree is there as it was."""
    shown = terminal(mode="shell")
    shown.send(events.hello(), events.request("ar-1", prompt="Fix it"))
    shown.shows("❯ Fix it")
    shown.type(b"\x1a")
    shown.until(lambda now: b"[1]+ Stopped" in now.raw)
    assert LEAVE in shown.raw
    assert termios.tcgetattr(shown.slave) == shown.modes
    shown.screen.reset()
    shown.type(b"fg\n")
    shown.shows("❯ Fix it")
    assert not termios.tcgetattr(shown.slave)[3] & termios.ECHO
    shown.send(events.delta("ar-1", "still here"))
    shown.shows("still here")
    shown.type(b"q")
    assert shown.exit_code() == 0
    assert termios.tcgetattr(shown.slave) == shown.modes


def test_the_c_locale_is_served_in_ascii(events: Any, terminal: Start) -> None:
    """Not one byte above seven bits reaches the terminal, whatever was said."""
    shown = terminal(environ={"LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    shown.send(events.hello(), events.request("ar-1", prompt="Für 漢字 👩"))
    shown.shows("> F?r ??")
    shown.type(b"q")
    assert shown.exit_code() == 0
    assert shown.raw.isascii()


def test_colour_is_used_unless_it_is_unwanted(events: Any, terminal: Start) -> None:
    """NO_COLOR keeps bold and dim and drops every colour."""
    shown = terminal()
    shown.send(events.hello(), events.request("ar-1", prompt="Fix it"))
    shown.shows("Fix it")
    assert not [code for code in (b"[31m", b"[36m", b"[1;36m", b"[34m") if code in shown.raw]
    coloured = terminal(environ={"NO_COLOR": ""})
    coloured.send(events.hello(), events.request("ar-1", prompt="Fix it"))
    coloured.shows("Fix it")
    assert b"\x1b[1;36m axonhub" in coloured.raw


def test_a_dumb_terminal_gets_lines(events: Any, terminal: Start) -> None:
    """Where there is no screen to be had, nothing is sent that only a screen understands."""
    shown = terminal(environ={"TERM": "dumb"})
    shown.send(events.hello(), events.request("ar-1"))
    shown.shows("request   ar-1 claude-code trace-1 opus")
    shown.stop_server()
    assert shown.exit_code() == 0
    assert b"\x1b" not in shown.raw


def test_a_hundred_thousand_deltas_are_few_frames(events: Any, terminal: Start) -> None:
    """The screen is drawn some times a second, however fast a model writes, and ends up with the last words."""
    shown = terminal()
    shown.send(events.hello(), events.request("ar-1", prompt="Write"))
    shown.shows("Write")
    for start in range(0, 3000, 100):
        shown.send(*(events.delta("ar-1", f"word{number} ") for number in range(start, start + 100)))
    shown.shows("word2999")
    frames = shown.raw.count(b"\x1b[?2026h")
    assert frames < 300


# Text that attacks a terminal, its user, or the renderer, by class.
HOSTILE = {
    "sgr": "\x1b[31mred\x1b[0m", "clear": "\x1b[2J\x1b[H", "cursor": "\x1b[10;10Hx", "scroll": "\x1b[5S", "erase line": "\x1b[2K",
    "alternate off": "\x1b[?1049l", "cursor show": "\x1b[?25h", "wrap on": "\x1b[?7h", "mouse on": "\x1b[?1000h",
    "paste on": "\x1b[?2004h", "title": "\x1b]0;owned\x07", "title st": "\x1b]2;owned\x1b\\",
    "link": "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "clipboard": "\x1b]52;c;cm0gLXJm\x07",
    "clipboard read": "\x1b]52;c;?\x07",
    "palette": "\x1b]4;1;rgb:00/00/00\x07", "notify": "\x1b]9;hi\x07", "iterm": "\x1b]1337;File=:AA\x07",
    "query": "\x1b[c\x1b[6n\x1b[>q",
    "window": "\x1b[8;1;1t", "report title": "\x1b[21t", "dcs": "\x1bP+q544e\x1b\\", "sixel": "\x1bPq#0!1~\x1b\\",
    "apc": "\x1b_Gi=1;AA\x1b\\", "pm": "\x1b^x\x1b\\", "sos": "\x1bXx\x1b\\", "reset": "\x1bc", "charset": "\x1b(0",
    "shift": "\x0e\x0f", "keypad": "\x1b=", "save": "\x1b7\x1b8", "index": "\x1bM", "c1 csi": "\x9b31m", "c1 osc": "\x9d0;x\x9c",
    "c1 dcs": "\x90x\x9c", "c1 nel": "a\x85b", "bell": "\x07" * 50, "backspace": "safe\x08\x08\x08\x08evil",
    "return": "safe\revil",
    "line": "a\nforged line", "form": "\x0b\x0c", "null": "a\x00b", "delete": "a\x7fb", "bidi": "\u202egnp.exe\u202c",
    "isolate": "\u2066x\u2069", "marks": "\u200e\u200f\u061c", "invisible": "a\u200b\u2060\ufeffb",
    "tags": "".join(chr(0xE0000 + ord(letter)) for letter in "ignore"), "separators": "a\u2028b\u2029c",
    "surrogate": "\ud800x\udfff",
    "markup": "[red]x[/red] [/] [link=http://evil]y[/link]", "emoji code": ":boom: :smile:", "annotation": "\ufff9a\ufffab\ufffb",
    "zalgo": "Z" + "\u0301\u0302\u0303" * 200, "joiners": "👩\u200d👩\u200d👧\ufe0f", "wide": "漢" * 500, "long": "x" * 100_000,
    "split": "\x1b" + "[" * 3, "tab": "\t" * 100, "nested": "\x1b\x1b[31m\x1b]\x1b[m",
}  # fmt: skip
HARMLESS = set(range(0x20, 0x7F)) | {0x0A, 0x0D}
FORBIDDEN = {
    0x061C,
    0xFE0F,
    0xFEFF,
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xFFF9, 0xFFFC),
}
FORBIDDEN |= {*range(0x7F, 0xA0), *range(0xE0000, 0xE0080), *range(0xD800, 0xE000)}


def everywhere(events: Any, text: str, name: str = "ar-1") -> list[dict[str, Any]]:
    """Events that carry a text in every place where a stranger's text can be."""
    words = dict.fromkeys(("prompt", "client", "asked_model", "thread", "effort", "lane", "turn"), text)
    request = events.request(name, text + name, **words)
    other = events.request(name + text, text + name, agent=text, prompt=text, kind=text)
    end = dict.fromkeys(("model", "channel", "finish", "error"), text)
    return [
        events.hello(version=text, host=text, profile=text, channels=[text, text], hint=text, demo=True, config=text),
        request,
        other,
        events.attempt(name, 0, text, outcome="error", reason=text, model=text),
        events.attempt(name, 1, text, model=text, reason=text),
        events.end(other, outcome="error", tools=[text], losses=[dict.fromkeys(("path", "action", "why"), text)], **end),
        *(events.delta(name, text, kind) for kind in ("thinking", "text", "tool", "arguments")),
        events.log(text, "error"),
        events.log(text, text),
    ]


def assert_harmless(raw: bytes) -> None:
    """Text with no control characters but line ends, and nothing that is invisible or turns the direction."""
    text = raw.decode()
    assert {ord(letter) for letter in text if ord(letter) < 0x80} <= HARMLESS
    assert not {ord(letter) for letter in text} & FORBIDDEN


@pytest.mark.parametrize("part", range(4))
def test_hostile_text_never_reaches_the_terminal(events: Any, terminal: Start, part: int) -> None:
    """Of every class and in every place: only sequences of our own are written, and the screen stays whole."""
    assert len(HOSTILE) >= 46
    shown = terminal(120, 40)
    for number, text in list(enumerate(HOSTILE.values()))[part::4]:
        shown.send(*everywhere(events, text, f"ar-{number}"))
        shown.type(b"k\rk\r")
        shown.send(events.log(f"this was {number}.", "error"))
        shown.shows(f"this was {number}.")
        shown.until(lambda screen: screen.lines[-1].startswith(" q quit"))
        shown.type(b"F")
    shown.type(b"?")
    shown.shows("any key goes back")
    shown.type(b"xq")
    assert shown.exit_code() == 0
    assert_harmless(shown.foreign())


def test_hostile_text_is_harmless_in_lines(events: Any, terminal: Start) -> None:
    """Without a screen too: one event is one line, and a stranger's line end makes no second one."""
    shown = terminal(environ={"TERM": "dumb"})
    for number, text in enumerate(HOSTILE.values()):
        shown.send(*everywhere(events, text[:3000], f"ar-{number}"))
    shown.stop_server()
    assert shown.exit_code() == 0
    assert_harmless(shown.raw)
    assert not [line for line in shown.raw.split(b"\r\n") if line.startswith(b"forged")]


def test_a_pipe_that_is_closed_ends_it_quietly(events: Any, tmp_path: Any) -> None:
    """Like `| head -1`: exit code 0 and not a word on stderr."""
    told = tmp_path / "events"
    told.write_text("".join(json.dumps(events.log(f"message {number}")) + "\n" for number in range(20_000)))
    code = "import json, sys; from axonhub_cli.cli.tail import follow; sys.exit(follow(map(json.loads, open(sys.argv[1]))))"
    command, environ = [sys.executable, "-c", code, str(told)], {**os.environ, "PYTHONPATH": os.getcwd()}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().endswith(b"info      message 0\n")
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_a_filter_is_typed_into_a_real_terminal(events: Any, terminal: Start) -> None:
    """With a mistake, corrected; the rest goes out of sight; escape brings it back."""
    shown = terminal(100, 24)
    good, bad = events.request("ar-1", prompt="one"), events.request("ar-2", prompt="two")
    shown.send(events.hello(), good, events.end(good), bad, events.end(bad, outcome="error", error="it broke"))
    shown.shows("it broke")
    shown.type(b"f~errr\r")
    shown.shows("^ there is no ~errr. Did you mean ~err?")
    shown.type(b"\x7f\r")
    shown.until(lambda now: "~err  1 shown" in now.text and "❯ one" not in now.text)
    shown.type(b"\x1b")
    shown.shows("❯ one")


def test_what_is_pasted_is_not_obeyed(events: Any, terminal: Start) -> None:
    """A pasted q quits nothing; in a line it is text."""
    shown = terminal()
    shown.send(events.hello(), events.request("ar-1", prompt="Fix it"))
    shown.shows("Fix it")
    assert b"\x1b[?2004h" in shown.raw
    shown.type(b"\x1b[200~q\x1b[201~/\x1b[200~qqq\x1b[201~")
    shown.shows("search: qqq")
    shown.type(b"\r")
    shown.shows("Nothing here says 'qqq'.")
    shown.type(b"q")
    assert shown.exit_code() == 0


def test_a_light_background_is_noticed(events: Any, terminal: Start) -> None:
    """The terminal is asked; its answer changes the colours and is no key; a theme that was named asks nothing."""
    shown = terminal(environ={"NO_COLOR": ""})
    shown.send(events.hello(), events.request("ar-1", prompt="Fix it"))
    shown.until(lambda now: b"\x1b]11;?\x07" in now.raw and b"\x1b[1;36m axonhub" in now.raw)
    shown.type(b"\x1b]11;rgb:ffff/ffff/ffff\x07")
    shown.until(lambda now: b"\x1b[1;38;5;30m axonhub" in now.raw and "Fix it" in now.text)
    told = terminal(environ={"NO_COLOR": ""}, theme="light")
    told.send(events.hello())
    told.until(lambda now: b"\x1b[1;38;5;30m axonhub" in now.raw)
    assert b"]11;?" not in told.raw


def test_a_crash_while_drawing_restores_the_terminal(events: Any, terminal: Start) -> None:
    """Whatever breaks in the screen's own thread, echo is back and the reason is told."""
    shown = terminal(archive="not an archive")
    request = events.request("ar-1", prompt="Fix it")
    shown.send(events.hello(), request, events.end(request))
    shown.shows("✓ opus")
    shown.type(b"\r")
    assert shown.exit_code() == 1
    assert termios.tcgetattr(shown.slave) == shown.modes
    assert b"AttributeError" in shown.raw.split(LEAVE)[1]

"""`axonhub trace show`: a recorded trace as a conversation that can be read, turn by turn, and a waterfall of its times.

What was said stands in full lines; what it took (model, channel, tokens, money, attempts, losses, cache) stands under it. In a
terminal long text is wrapped and shortened; in a pipe each thing is one line. All foreign text goes through `clean`.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .output import clean
from .tail.figures import count, duration, money, rate
from .trace_view import STYLES, clock, cut, head, tokens, words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from ..trace.conversation import Said
    from ..trace.reader import TraceReader

Row = dict[str, Any]

_LINES = 8  # of one text that are shown, unless all are wanted
_LABEL = 10  # columns
_CALL = 300  # characters of a call's arguments
_SYSTEM = 200  # characters of instructions: they are long, and always the same
_GLUED = 40  # characters; a shorter fact is not broken
_GLUE = "\ue000"  # stands for a space where a line must not be broken; rich breaks at U+00A0, too
_LABELS = {"user": "you", "system": "system", "model": "model", "thinking": "thinking"}
_LOOKS = {"user": "bold", "system": "dim", "model": "", "thinking": "dim italic", "tool": "dim", "call": "cyan"}
_WAITING, _ANSWERING = "░", "█"


def said(trace: Row, traces: "TraceReader") -> "dict[str, list[Said]]":
    """What was said in each request of a trace, by its id."""
    from ..trace.conversation import conversation

    return {request["id"]: conversation(request, traces.bodies(request["id"])) for request in trace["requests"]}


def conversation(trace: Row, spoken: "dict[str, list[Said]]", *, full: bool = False) -> "Callable[[Console], None]":
    """Prints the trace to a console."""
    requests = {request["id"]: request for request in trace["requests"]}

    def show(console: "Console") -> None:
        _line(console, "", words(*head(trace)))
        for turn in trace["turns"]:
            console.print()
            _line(console, "", words(*_turn(turn)))
            asked: dict[str | None, list[Said]] = {}  # by agent: what the request before brought
            for request_id in turn["requests"]:
                agent, each = requests[request_id]["agent"], spoken.get(request_id, [])
                again = bool(each) and asked.get(agent) == _asked(each)
                _request(console, requests[request_id], each, full=full, again=again)
                asked[agent] = _asked(each)
        console.print()
        _waterfall(console, trace)

    return show


def single(request: Row, spoken: "dict[str, list[Said]]") -> "Callable[[Console], None]":
    """Prints all that is known of one request, then all that was said in it."""
    from .trace_sheet import sheet

    def show(console: "Console") -> None:
        from rich.text import Text

        for label, said in sheet(request):
            _line(console, " ", Text(f"{label:>{_LABEL}}  ", "dim").append_text(words(*said)))
        console.print()
        for each in spoken.get(request["id"], []):
            say(console, each, " ", full=True)

    return show


def _turn(turn: Row) -> Iterable[tuple[str, str]]:
    yield f"── Turn {turn['number']}", "bold"
    yield clock(turn["started"]), ""
    yield duration((turn["ended"] - turn["started"]) * 1000), ""
    yield money(turn["cost"]), "bold"
    yield ("with " + ", ".join(cut(agent, 13) for agent in turn["agents"]) if turn["agents"] else ""), "magenta"


def _asked(spoken: "list[Said]") -> "list[Said]":
    return [each for each in spoken if each.who in ("user", "tool", "system")]


def _request(console: "Console", request: Row, spoken: "list[Said]", *, full: bool, again: bool) -> None:
    """What it brought, unless that is what the one before brought `again`; what it took, what came back."""
    indent = "  │ " if request["agent"] else "  "
    asked = _asked(spoken)
    for each in asked if full or (request["kind"] == "turn" and not again) else ():
        say(console, each, indent, full=full)
    if not asked and request["prompt"]:
        _block(console, indent, "you", "bold", clean(request["prompt"]), full=full)
    _line(console, indent, words(*_facts(request)))
    for line in _notes(request):
        _line(console, indent + "  ", line)
    for each in spoken:
        if each not in asked:
            say(console, each, indent, full=full)


def say(console: "Console", each: "Said", indent: str, *, full: bool) -> None:
    """Print one thing that was said; shortened unless `full`."""
    label = clean(each.name or "tool", 24) if each.who in ("tool", "call") else _LABELS[each.who]
    label = f"{label} →" if each.who == "call" else f"→ {label}" if each.who == "tool" else label
    short = {"call": _CALL, "system": _SYSTEM}.get(each.who)
    text = cut(each.text, short) if short and not full else clean(each.text.strip("\n"), len(each.text))
    _block(console, indent, label, _LOOKS[each.who], text, full=full)


def _block(console: "Console", indent: str, label: str, style: str, text: str, *, full: bool) -> None:
    """A label, and beside it a text, wrapped in a terminal; in a pipe its lines are joined."""
    from rich.text import Text

    if not console.is_terminal:
        _line(console, indent, Text(f"{label}  {' ⏎ '.join(text.splitlines())}"))
        return
    room = max(20, console.width - len(indent) - _LABEL - 2)
    lines = list(Text(text, style=style).wrap(console, room))
    hidden = 0 if full or len(lines) <= _LINES else len(lines) - _LINES
    for index, line in enumerate(lines[: len(lines) - hidden]):
        name = label if index == 0 else ""
        console.print(Text().append(indent, "magenta").append(f"{name:>{_LABEL}}", "dim").append("  ").append_text(line))
    if hidden:
        console.print(Text().append(indent, "magenta").append(f"{'':{_LABEL}}  … {hidden} more lines (--full)", "dim"))


def _line(console: "Console", indent: str, line: "Text") -> None:
    """A line of the trace; in a terminal what does not fit goes on below, a little to the right."""
    from rich.text import Text

    if not console.is_terminal:
        console.print(Text(indent).append_text(line), soft_wrap=True)
        return
    lines = _glued(line).wrap(console, max(20, console.width - len(indent) - 4))
    for index, part in enumerate(lines):
        part.plain = part.plain.replace(_GLUE, " ")
        console.print(Text().append(indent + ("    " if index else ""), "magenta").append_text(part))


def _glued(line: "Text") -> "Text":
    """The same line, to be broken between its facts (two spaces) rather than within a short one."""
    glued = line.copy()
    facts = line.plain.split("  ")
    glued.plain = "  ".join(fact.replace(" ", _GLUE) if len(fact) <= _GLUED else fact for fact in facts)
    return glued


def _facts(request: Row) -> Iterator[tuple[str, str]]:
    """One line: which request, who answered, how it went, what it took."""
    usage = request["usage"] or {}
    asked, model = request["asked_model"], request["model"]
    yield clean(request["id"], 60), "dim"
    yield f"[{cut(request['agent'], 13)}]" if request["agent"] else "", "magenta"
    yield str(request["kind"]) if request["kind"] != "turn" else "", "magenta"
    yield cut(f"{asked} → {model}" if model and model != asked else asked, 80), "bold"
    yield f"@{cut(request['channel'], 40)}" if request["channel"] else "", "cyan"
    yield f"{request['outcome']} {request['status'] or ''}".strip(), STYLES.get(request["outcome"], "")
    yield duration(request["duration_ms"]), ""
    yield f"first token {duration(request['first_token_ms'])}" if request["first_token_ms"] else "", "dim"
    speed = rate(usage.get("output"), request["duration_ms"], request["first_token_ms"])
    yield f"{speed} tok/s" if speed else "", "dim"
    yield from tokens(usage)
    yield money(request["cost"]) or ("-" if usage else ""), ""
    yield _effort(request), "dim"
    yield clean(request["finish"] or "", 40), "dim"


def _effort(request: Row) -> str:
    asked, sent = request["effort"], request["effort_sent"]
    if asked is None and sent is None:
        return ""
    return f"effort {cut(asked or '-', 20)}" + (f" → {cut(sent or '-', 20)}" if sent != asked else "")


def _notes(request: Row) -> "Iterator[Text]":
    """What is worth a line of its own: attempts when there were several, the receipt, the cache verdict, the error."""
    from ..trace.receipt import receipt

    if len(request["attempts"]) > 1 or any(attempt["outcome"] == "error" for attempt in request["attempts"]):
        for attempt in request["attempts"]:
            yield words(*_attempt(attempt))
    lost = receipt(request["losses"])
    if lost:
        yield words(("receipt", "dim"), (cut(lost, 400), "yellow"))
    if request["verdict"]:
        missed = f"({count(request['missed_tokens'])} tokens" + (
            f", {money(request['missed_cost'])}" if request["missed_cost"] else ""
        )
        yield words(("cache missed", "dim"), (cut(request["verdict"], 300), "yellow"), (f"{missed})", "yellow"))
    if request["error"]:
        yield words((cut(request["error"], 400), "red"))


def _attempt(attempt: Row) -> Iterable[tuple[str, str]]:
    yield f"attempt {attempt['index'] + 1}", "dim"
    yield cut(attempt["channel"], 40), "cyan"
    yield cut(attempt["model"], 60), ""
    yield f"{cut(attempt['protocol'], 20)}, {cut(attempt['lane'], 20)}", "dim"
    yield f"{attempt['outcome']} {attempt['status'] or ''}".strip(), STYLES.get(attempt["outcome"], "")
    yield duration(attempt["duration_ms"]), ""
    yield cut(attempt["reason"] or "", 200), "dim"


def _waterfall(console: "Console", trace: Row) -> None:
    """A bar for each request in its turn: light while it waited, full while the answer came."""
    from rich.text import Text

    room = max(10, min(60, (console.width if console.is_terminal else 100) - 34))
    console.print(Text(f"── Times  {_WAITING} waiting  {_ANSWERING} answering", style="bold"))
    requests = {request["id"]: request for request in trace["requests"]}
    for turn in trace["turns"]:
        span = max(turn["ended"] - turn["started"], 0.001)
        for request_id in turn["requests"]:
            request = requests[request_id]
            bar, style = timeline(request, turn["started"], span, room), STYLES.get(request["outcome"], "")
            line = (
                Text().append(f"  {turn['number']:>3}  {clean(request_id, 11)[:11]:11}  ", "dim").append(f"{bar:{room}}", style)
            )
            console.print(line.append(f"  {duration(request['duration_ms'])}", "dim"), soft_wrap=True)


def timeline(request: Row, start: float, span: float, width: int) -> str:
    """When a request waited and answered, as a bar on a scale of `span` seconds from `start`."""
    begun: float = request["started"] - start
    took: float = (request["duration_ms"] or 0) / 1000
    waited: float = min((request["first_token_ms"] or request["first_byte_ms"] or request["duration_ms"] or 0) / 1000, took)
    at, first, end = (max(0, min(width, round(width * second / span))) for second in (begun, begun + waited, begun + took))
    at = min(at, width - 1)
    end = max(end, at + 1)
    first = min(max(first, at), end - 1) if took > waited else end
    waiting, answering = _WAITING * (first - at), _ANSWERING * (end - first)
    return f"{'':{at}}{waiting}{answering}"

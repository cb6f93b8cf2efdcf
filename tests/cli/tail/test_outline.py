"""What is shown, in which order, folded or not."""

from typing import Any

from axonhub_cli.cli.tail.model import Tree
from axonhub_cli.cli.tail.nodes import Branch, Request, Trace
from axonhub_cli.cli.tail.outline import Bundle, Outline, Row
from axonhub_cli.cli.tail.ui import Ui

NOW = 1_800_000_000.0


def rows(told: list[dict[str, Any]], ui: Ui | None = None, now: float = NOW, **more: Any) -> list[Row]:
    tree = Tree()
    for event in told:
        tree.apply(event)
    return Outline(tree, ui or Ui(), 100, now, **more).rows()


def names(shown: list[Row]) -> list[str]:
    """Rows as `guides kind name`."""
    return [f"{row.prefix}{row.kind} {_name(row)}".rstrip() for row in shown]


def _name(row: Row) -> str:
    match row.node:
        case Trace() | Request():
            return row.node.id
        case Branch():
            return row.node.title or ""
        case Bundle():
            return f"{row.node.kind} {len(row.node.requests)}"
    return str(row.node or "")


def done(events: Any, name: str, trace: str = "t", at: float = 0.0, **more: Any) -> list[dict[str, Any]]:
    request = events.request(name, trace, at, **more)
    return [request, events.end(request, at + 1, **more)]


def test_what_is_alive_is_open_and_the_rest_is_a_line(events: Any) -> None:
    """Old traces and earlier turns fold by themselves; the trace that spoke last does not."""
    told = [
        *done(events, "r1", "a", -100, prompt="p"),
        *done(events, "r2", "b", -90, prompt="one"),
        *done(events, "r3", "b", -80, prompt="two"),
    ]
    assert names(rows(told)) == ["trace a", "space", "trace b", "  turn one", "  turn two", "  └─ request r3"]


def test_a_trace_stays_open_for_a_moment(events: Any) -> None:
    """Between two requests of a session nothing jumps."""
    told = [*done(events, "r1", "a"), *done(events, "r2", "b", 10)]
    assert [row.open for row in rows(told, now=NOW + 20) if row.kind == "trace"] == [True, True]
    assert [row.open for row in rows(told, now=NOW + 60) if row.kind == "trace"] == [False, True]


def test_what_the_user_folded_stays(events: Any) -> None:
    """The user's word counts more than the rules, in both directions."""
    told = [*done(events, "r1", "a", -100, prompt="p"), *done(events, "r2", "b", -90, prompt="q")]
    ui = Ui(opened={("trace", "a"): True, ("turn", "b", "1"): False})
    assert names(rows(told, ui)) == ["trace a", "  turn p", "  └─ request r1", "space", "trace b", "  turn q"]


def test_guides_lead_through_agents(events: Any) -> None:
    """A branch goes on below what is not the last."""
    told = [
        events.request("r1", prompt="p"),
        events.request("r2", agent="a", prompt="s"),
        events.request("r3"),
        events.request("r4", agent="a"),
    ]
    assert names(rows(told)) == [
        "trace trace-1", "  turn p", "  ├─ request r1", "  ├─ agent s", "  │  ├─ request r2", "  │  └─ request r4",
        "  └─ request r3",
    ]  # fmt: skip


def test_side_requests_of_one_kind_are_bundled(events: Any) -> None:
    """Three or more neighbours that went well are one line; open, it shows them."""
    told = [event for number in range(4) for event in done(events, f"c{number}", kind="count_tokens")]
    told += done(events, "r1", prompt="p") + done(events, "c9", kind="count_tokens") + done(events, "c8", kind="title")
    lines = names(rows(told))[2:]
    assert lines == ["  ├─ bundle count_tokens 4", "  ├─ request r1", "  ├─ request c9", "  └─ request c8"]
    opened = names(rows(told, Ui(opened={("bundle", "c0"): True})))[2:]
    assert opened[:3] == ["  ├─ bundle count_tokens 4", "  ├─ request c0", "  ├─ request c1"]


def test_the_earlier_part_of_a_long_turn_is_folded(events: Any) -> None:
    """The last eight stay; a request that still runs keeps everything in sight."""
    told = [event for number in range(12) for event in done(events, f"r{number}", prompt="p", finish="tool_calls")]
    lines = names(rows(told))
    assert lines[2] == "  ├─ bundle None 4"
    assert lines[3] == "  ├─ request r4"
    assert len(lines) == 11
    assert len(rows(told, Ui(opened={("earlier", "turn", "t", "1"): True}))) == 15
    assert len(rows([events.request("r-1", "t", prompt="p"), *told])) == 15


def test_failures_are_explained_below_the_request(events: Any) -> None:
    """Each failed attempt where there was another, then the message that the client got."""
    told = done(events, "r1", prompt="p", outcome="error", error="all failed", attempts=[
        {"index": 0, "channel": "a", "outcome": "error"}, {"index": 1, "channel": "b", "outcome": "error"},
    ])  # fmt: skip
    assert [(row.kind, row.prefix) for row in rows(told)[2:]] == [
        ("request", "  └─ "), ("attempt", "     "), ("attempt", "     "), ("error", "     "),
    ]  # fmt: skip


def test_what_runs_shows_its_last_lines(events: Any) -> None:
    """Thinking, text and tool calls in their order, as many lines as there is room for."""
    told = [events.request("r1", prompt="p")]
    told += [events.delta("r1", "hm " * 60, "thinking"), events.delta("r1", "one\n\ntwo"), events.delta("r1", "Bash", "tool")]
    told += [events.delta("r1", '{"command": "ls", "timeout": 5}', "arguments")]
    output = [row.node for row in rows(told) if row.kind == "output"]
    assert [node[0] for node in output if isinstance(node, tuple)] == ["thinking", "thinking", "text", "text", "tool"]
    assert output[-3:] == [("text", "one"), ("text", "two"), ("tool", 'Bash\0command: "ls", timeout: 5')]
    assert len([row for row in rows(told, said=2) if row.kind == "output"]) == 2
    assert all(row.live for row in rows(told) if row.kind in ("request", "output"))


def test_a_turn_keeps_the_end_of_its_answer(events: Any) -> None:
    """Two lines of the last answer stay; those of an earlier request go, unless the user opens it."""
    one, two = events.request("r1", prompt="p"), events.request("r2", prompt="p")
    told = [
        one,
        events.delta("r1", "a\nb\nc"),
        events.end(one, finish="tool_calls"),
        two,
        events.delta("r2", "d\ne\nf"),
        events.end(two),
    ]
    assert [row.node for row in rows(told) if row.kind == "output"] == [("text", "e"), ("text", "f")]
    opened = rows(told, Ui(opened={("request", "r1"): True}))
    assert [row.node for row in opened if row.kind in ("note", "output")][:4] == [
        "r1  turn",
        ("text", "a"),
        ("text", "b"),
        ("text", "c"),
    ]


def test_an_open_request_shows_its_losses(events: Any) -> None:
    """What a conversion could not carry is said with its reason."""
    losses = [{"action": "dropped", "path": "top_k", "why": "no such field"}, {"action": 1}]
    told = done(events, "r1", losses=losses, lane="convert", effort="high", usage={"reasoning": 7})
    notes = [row.node for row in rows(told, Ui(opened={("request", "r1"): True})) if row.kind == "note"]
    assert notes == ["r1  turn  convert  effort high  7 reasoning tokens", "top_k dropped: no such field", "? changed: ?"]


def test_errors_only_leaves_what_failed(events: Any) -> None:
    """Traces, turns, agents and requests without a failure are gone; the way to a failure is open."""
    told = [
        *done(events, "r1", "a", prompt="p"),
        *done(events, "r2", "b", prompt="q"),
        *done(events, "r3", "b", prompt="q", outcome="error"),
    ]
    told += [*done(events, "r4", "b", agent="g", outcome="interrupted"), *done(events, "r5", "b", prompt="next")]
    shown = rows(told, Ui(errors_only=True), now=NOW + 9999)
    assert names(shown) == ["trace b", "  turn q", "  ├─ request r3", "  └─ agent", "     └─ request r4"]

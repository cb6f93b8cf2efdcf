"""Transcripts: feed events in, a tree out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.cli.tail.frame import Composer
from axonhub_cli.cli.tail.glyphs import UNICODE
from axonhub_cli.cli.tail.model import Tree
from axonhub_cli.cli.tail.nodes import Branch, Request
from axonhub_cli.cli.tail.plain import Lines
from axonhub_cli.cli.tail.ui import Ui

NOW = 1_800_000_000.0


def fold(*events: Any, **bounds: int) -> Tree:
    tree = Tree(**bounds)
    for event in events:
        tree.apply(event)
    return tree


def shape(tree: Tree) -> dict[str, Any]:
    """The tree as names: trace → turns → requests and agents."""
    return {trace.id: {turn.title: _children(turn) for turn in trace.turns} for trace in tree.traces.values()}


def _children(branch: Branch) -> list[Any]:
    return [child.id if isinstance(child, Request) else {child.name: _children(child)} for child in branch.children]


def test_requests_with_one_prompt_are_one_turn(events: Any) -> None:
    """The round trips of tools belong to the user's message that set them off."""
    one, two, three = (events.request(name, prompt=prompt) for name, prompt in (("r1", "fix"), ("r2", "fix"), ("r3", "explain")))
    tree = fold(one, events.end(one, finish="tool_calls"), two, events.end(two), three)
    assert shape(tree) == {"trace-1": {"fix": ["r1", "r2"], "explain": ["r3"]}}


def test_the_same_prompt_after_an_answer_is_a_new_turn(events: Any) -> None:
    """Saying "continue" twice is two turns; a retry after an error is not."""
    names = ("r1", "r2", "r3")
    one, two, three = (events.request(name, prompt="continue") for name in names)
    tree = fold(one, events.end(one, outcome="error"), two, events.end(two), three)
    assert [_children(turn) for turn in tree.traces["trace-1"].turns] == [["r1", "r2"], ["r3"]]


def test_the_clients_own_turn_id_decides(events: Any) -> None:
    """Codex says which turn a request is of, whatever the prompt."""
    told = [("r1", "a", "t1"), ("r2", "b", "t1"), ("r3", "b", "t2")]
    tree = fold(*(events.request(name, prompt=prompt, turn=turn) for name, prompt, turn in told))
    assert shape(tree) == {"trace-1": {"a": ["r1", "r2"], "b": ["r3"]}}


def test_side_requests_join_the_open_turn(events: Any) -> None:
    """A title asked before the first prompt, or a count after it, makes no turn of its own."""
    title = events.request("r1", kind="title", prompt="Make a title for: fix")
    count = events.request("r3", kind="count_tokens")
    tree = fold(title, events.end(title), events.request("r2", prompt="fix"), count)
    assert shape(tree) == {"trace-1": {"fix": ["r1", "r2", "r3"]}}


def test_agents_are_branches_of_the_turn_that_started_them(events: Any) -> None:
    """A sub-agent keeps its branch over turns; one that it started hangs below it."""
    tree = fold(
        events.request("r1", prompt="fix"),
        events.request("r2", agent="a1", prompt="search"),
        events.request("r3", agent="a2", parent_agent="a1", prompt="read"),
        events.request("r4", prompt="next"),
        events.request("r5", agent="a1", prompt="search on"),
    )
    assert shape(tree) == {"trace-1": {"fix": ["r1", {"a1": ["r2", {"a2": ["r3"]}, "r5"]}], "next": ["r4"]}}
    assert tree.traces["trace-1"].agents["a1"].title == "search"
    assert tree.traces["trace-1"].turns[0].totals.requests == 4


def test_an_agent_that_speaks_first_has_a_turn(events: Any) -> None:
    """A subscriber that came in the middle of a turn still sees its agents."""
    tree = fold(events.request("r1", agent="a1", prompt="search"), events.request("r2", prompt="fix"))
    assert shape(tree) == {"trace-1": {"fix": [{"a1": ["r1"]}, "r2"]}}


def test_attempts_say_where_a_request_is(events: Any) -> None:
    """The latest attempt gives channel and model; each attempt is kept as it ended."""
    tree = fold(
        events.request("r1"),
        events.attempt("r1", 0, "first"),
        events.attempt("r1", 0, "first", outcome="error", status=429, reason="too many"),
        events.attempt("r1", 1, "second", model="real", lane="splice"),
        events.attempt("r1", 0, "first", status=429),
    )
    request = tree.requests["r1"]
    assert (request.channel, request.model, request.lane) == ("second", "real", "splice")
    assert [(a.index, a.channel, a.outcome, a.status, a.reason) for a in request.attempts.values()] == [
        (0, "first", "running", 429, "too many"),
        (1, "second", "running", 0, None),
    ]


def test_totals_count_what_ended(events: Any) -> None:
    """Server, trace and turn have the same sums; what nobody told stays unknown."""
    one, two, three = (events.request(f"r{number}", prompt="fix") for number in (1, 2, 3))
    tree = fold(
        one, two, three,
        events.end(one, usage=events.usage(100, 20, 50), cost=0.5),
        events.end(two, outcome="error", usage=events.usage(10, 2)),
    )  # fmt: skip
    trace = tree.traces["trace-1"]
    for totals in (tree.totals, trace.totals, trace.turns[0].totals):
        assert (totals.requests, totals.running, totals.errors) == (3, 1, 1)
        assert (totals.input, totals.cached, totals.output, totals.cost, totals.unpriced) == (110, 50, 22, 0.5, 1)
    assert fold(three, events.end(three)).totals.input is None


def test_a_price_may_come_after_the_end(events: Any) -> None:
    """The cost event corrects every sum, also when it comes twice; for a running or unknown request it is nothing."""
    one = events.request("r1")
    cost = {"type": "cost", "id": "r1", "t": NOW, "cost": 0.25}
    tree = fold(one, cost)
    assert tree.requests["r1"].cost is None
    for event in (
        events.end(one, usage=events.usage(10, 2)),
        cost,
        {**cost, "cost": 0.75},
        {**cost, "id": "other"},
        {**cost, "cost": "x"},
    ):
        tree.apply(event)
    assert (tree.requests["r1"].cost, tree.totals.cost, tree.totals.unpriced) == (0.75, 0.75, 0)


def test_an_end_without_a_beginning_is_a_whole_request(events: Any) -> None:
    """A late subscriber gets finished requests as their end alone."""
    one = events.request("r1", prompt="fix")
    tree = fold(
        events.delta("r1", "lost"),
        events.attempt("r1"),
        events.end(one, attempts=[{"index": 0, "channel": "c", "outcome": "ok"}]),
    )
    request = tree.requests["r1"]
    assert (request.outcome, request.prompt, request.duration, len(request.attempts)) == ("ok", "fix", 1000.0, 1)
    assert (tree.totals.requests, tree.totals.running) == (1, 0)


def test_what_is_over_stays_as_it_was_counted(events: Any) -> None:
    """A second end, a late request or delta, and another trace id change nothing."""
    one = events.request("r1", prompt="fix")
    tree = fold(one, events.end(one, cost=1.0), events.end(one, outcome="error", cost=5.0), one, events.delta("r1", "late"))
    tree.apply({**one, "trace_id": "other"})
    assert (tree.requests["r1"].outcome, tree.totals.cost, tree.totals.requests, tree.totals.errors) == ("ok", 1.0, 1, 0)
    assert list(tree.traces) == ["trace-1"]
    assert tree.requests["r1"].stream.parts == []


def test_an_end_that_says_nothing_is_an_interruption(events: Any) -> None:
    """Whatever its outcome is, an ended request does not run."""
    one = events.request("r1")
    assert fold(events.end(one, outcome="running")).requests["r1"].outcome == "interrupted"
    assert fold(events.end(one, outcome="?")).requests["r1"].outcome == "interrupted"


def test_the_first_token_is_timed_by_the_first_delta(events: Any) -> None:
    """Until the record tells the exact figure, the deltas' own time does."""
    tree = fold(events.request("r1"), events.delta("r1", "Hi", at=0.25), events.delta("r1", " there", at=0.5))
    assert tree.requests["r1"].first_token == pytest.approx(250)
    assert tree.requests["r1"].stream.parts[0].text == "Hi there"


def test_a_trace_that_was_silent_moves_to_the_end(events: Any) -> None:
    """Order is by beginning; only after a minute of silence is a trace new again."""
    first, second = events.request("r1", "a"), events.request("r2", "b")
    tree = fold(first, events.end(first), second, events.request("r3", "a", at=10))
    assert list(tree.traces) == ["a", "b"]
    tree = fold(first, events.end(first), second, events.request("r3", "a", at=100))
    assert list(tree.traces) == ["b", "a"]


def test_the_oldest_is_forgotten_and_the_sums_stay(events: Any) -> None:
    """Traces and requests are bounded; empty turns, agents and traces go; what runs goes last."""
    runs = events.request("r0", "t0")
    tree = fold(runs, max_traces=3, max_requests=100)
    for number in range(1, 10):
        request = events.request(f"r{number}", f"t{number}")
        tree.apply(request)
        tree.apply(events.end(request))
    assert list(tree.traces) == ["t0", "t8", "t9"]
    assert set(tree.requests) == set(tree.places) == {"r0", "r8", "r9"}
    assert (tree.totals.requests, tree.totals.running, tree.traces_seen) == (10, 1, 10)
    tree = fold(*(events.request(f"r{n}", agent=f"a{n}", parent_agent=f"a{n - 1}") for n in range(10)), max_requests=2)
    assert set(tree.requests) == {"r8", "r9"}
    assert tree.totals.running == tree.traces["trace-1"].totals.running == 2
    assert fold(*(events.request(f"r{n}", "t") for n in range(9)), max_requests=1, max_traces=1).totals.running == 1


def test_the_server_says_who_it_is(events: Any) -> None:
    """The hello event's facts, and where clients find the server."""
    server = fold(events.hello(host="::1", hint="do this", demo=True)).server
    assert (server.version, server.url, server.profile, server.channels, server.demo) == (
        "0.1.0", "http://[::1]:8090", "cheap", ["deepseek"], True,
    )  # fmt: skip
    assert server.hint == "do this"


def test_messages_are_kept_and_bounded(events: Any) -> None:
    """The last messages, each on one line."""
    tree = fold(*(events.log(f"message\n{number}", "warning") for number in range(60)), {"type": "log"})
    assert (len(tree.logs), tree.logs[-1].message, tree.logs[-1].level) == (50, "message 59", "warning")


def test_only_what_is_shown_is_a_change(events: Any) -> None:
    """Pings, unknown types and events about nobody need no new picture."""
    tree = Tree()
    assert [tree.apply(event) for event in ({"type": "ping"}, {"type": "?"}, {}, [], None, "x", events.delta("nobody", "x"))] == [
        False
    ] * 7
    assert [
        tree.apply(event) for event in (events.hello(), events.request("r1"), events.delta("r1", "x"), events.attempt("r1"))
    ] == [True] * 4


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["r1", "r2", "t1", "running", "ok", "error"])
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=4
)
_USAGE = st.fixed_dictionaries({}, optional={name: _SCALARS for name in ("input", "output", "cache_read", "reasoning")})
_ATTEMPT = st.fixed_dictionaries(
    {}, optional={name: _SCALARS for name in ("index", "channel", "model", "outcome", "status", "reason", "duration_ms")}
)
_NAMES = [
    "id", "t", "trace_id", "started", "client", "client_version", "thread", "kind", "agent", "parent_agent", "turn",
    "asked_model", "model", "channel",
    "lane", "effort", "prompt", "status", "outcome", "error", "finish", "first_token_ms", "duration_ms",
    "cost", "tools", "losses", "text", "level", "message", "version", "host", "port", "profile", "channels", "demo", "hint",
]  # fmt: skip
_EVENT = st.fixed_dictionaries(
    {"type": st.sampled_from(["request", "attempt", "delta", "end", "log", "hello", "cost", "ping"]) | _SCALARS},
    optional={
        **dict.fromkeys(_NAMES, _VALUES),
        "id": st.sampled_from(["r1", "r2", "r3"]),
        "usage": _USAGE | _VALUES,
        "attempt": _ATTEMPT | _VALUES,
        "attempts": st.lists(_ATTEMPT | _VALUES, max_size=3) | _VALUES,
        "kind": st.sampled_from(["turn", "title", "count_tokens", "text", "thinking", "tool", "arguments"]) | _VALUES,
    },
)  # fmt: skip


def _all_requests(branch: Branch) -> list[Request]:
    return [request for child in branch.children for request in ([child] if isinstance(child, Request) else _all_requests(child))]


@given(told=st.lists(_EVENT | _VALUES, max_size=25), width=st.integers(1, 130), height=st.integers(1, 40), opened=st.booleans())
def test_no_order_of_events_ever_raises(told: list[Any], width: int, height: int, opened: bool) -> None:
    """End before request, ids again, missing fields, wrong types: sums agree with the tree, and the screen has its size."""
    tree = fold(*told, max_traces=2, max_requests=3)
    lines = Lines(UNICODE)
    for event in told:
        assert all("\n" not in line for line in lines.feed(event))
    for trace in tree.traces.values():
        requests = [request for turn in trace.turns for request in _all_requests(turn)]
        assert trace.totals.running == sum(request.running for request in requests)
        assert {request.id for request in requests} <= set(tree.requests)
    assert tree.totals.running == sum(trace.totals.running for trace in tree.traces.values())
    ui = Ui(opened={request.key: opened for request in tree.requests.values()}, follow=opened)
    frame = Composer(tree, ui, width, height, NOW).frame()
    assert len(frame.lines) == height
    assert all(line.cell_len <= width for line in frame.lines)

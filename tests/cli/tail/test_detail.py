"""One node in full."""

from typing import Any

from axonhub_cli.cli.tail.commands import Nothing
from axonhub_cli.cli.tail.detail import Detail, row_of
from axonhub_cli.cli.tail.find import node
from axonhub_cli.cli.tail.model import Tree
from axonhub_cli.cli.trace_sheet import sheet
from axonhub_cli.trace.conversation import Said

NOW = 1_800_000_000.0


class Archive:
    """Has what it is given, and counts how often it is asked."""

    def __init__(self, *requests: dict[str, Any]) -> None:
        self.requests = list(requests)
        self.asked = 0

    def trace(self, name: str) -> Any:
        self.asked += 1
        names = [each["id"] for each in self.requests]
        turn = {"number": 1, "started": NOW, "ended": NOW + 1, "requests": names, "agents": [], "cost": None}
        head = {"threads": [], "errors": 0, "first": NOW, "last": NOW + 1, "input_tokens": 1, "cached_tokens": 0,
                "output_tokens": 1, "cost": None, "unpriced": 0, "misses": 0, "client": "claude-code",
                "client_version": None}  # fmt: skip
        said = {each["id"]: [Said("user", f"ask {each['id']}"), Said("model", "the answer")] for each in self.requests}
        return {"id": name, **head, "requests": [*self.requests], "turns": [turn]}, said


def told(events: Any, *more: Any) -> Tree:
    tree = Tree()
    for event in (events.request("r1", prompt="Fix it"), events.attempt("r1"), *more):
        tree.apply(event)
    return tree


def lines(tree: Tree, detail: Detail, archive: Any = None, width: int = 80, now: float = NOW) -> list[str]:
    found = node(tree, detail.key)
    assert found is not None
    detail.update(*found, archive or Nothing(), width, now)
    return [line.plain.rstrip() for line in detail.lines]


def test_a_running_request_shows_what_is_heard(events: Any) -> None:
    """Facts, prompt, thinking, calls and answer as they come."""
    tree = told(
        events,
        events.delta("r1", "hmm", "thinking"),
        events.delta("r1", "Bash", "tool"),
        events.delta("r1", '{"command":"ls"}', "arguments"),
    )
    shown = lines(tree, Detail(("request", "r1")))
    assert "     models  asked opus  answered by chat" in shown
    assert shown[-3:] == ["        you  Fix it", "   thinking  hmm", '       Bash  {"command":"ls"}']


def test_an_ended_request_is_read_from_the_store(events: Any) -> None:
    """It is looked for until it is there, and then no more."""
    tree, detail, archive = told(events, events.end(events.request("r1"), model="chat")), Detail(("request", "r1")), Archive()
    assert "the answer" not in "\n".join(lines(tree, detail, archive))
    archive.requests.append(row_of(tree.traces["trace-1"], tree.requests["r1"]))
    assert "      model  the answer" in lines(tree, detail, archive, now=NOW + 1)
    asked = archive.asked
    lines(tree, detail, archive, now=NOW + 2)
    assert archive.asked == asked


def test_a_turn_and_a_trace_are_conversations(events: Any) -> None:
    """Those requests only that hang below it; without a store it says so."""
    tree = told(events, events.end(events.request("r1")))
    stored = {**row_of(tree.traces["trace-1"], tree.requests["r1"]), "started": NOW}
    archive = Archive(stored, {**stored, "id": "r2"})
    trace, turn = lines(tree, Detail(("trace", "trace-1")), archive), lines(tree, Detail(("turn", "trace-1", "1")), archive)
    assert ("ask r1" in "\n".join(trace), "ask r2" in "\n".join(trace)) == (True, True)
    assert ("ask r1" in "\n".join(turn), "ask r2" in "\n".join(turn)) == (True, False)
    assert lines(tree, Detail(("trace", "trace-1"))) == [" Nothing of it is stored yet."]


def test_searching_goes_through_the_lines(events: Any) -> None:
    """Down, round, up; nothing found is said."""
    detail = Detail(("request", "r1"))
    shown = lines(told(events), detail)
    assert detail.search("OPUS", 1)
    assert "opus" in shown[detail.top]
    assert detail.search("fix", 1)
    assert "Fix it" in shown[detail.top]
    assert detail.search("opus", 1)
    assert detail.search("fix", -1)
    assert not detail.search("nothing like it", 1)


def test_no_width_is_too_small(events: Any) -> None:
    """Long values are wrapped beside their labels."""
    tree = told(events, events.end(events.request("r1"), outcome="error", error="a long story " * 20))
    assert all(len(line) <= 40 for line in lines(tree, Detail(("request", "r1")), width=40))


def test_the_feed_tells_all_that_the_store_knows(events: Any) -> None:
    """A record of the recorder makes the same sheet, seen through the feed and through the store's form."""
    import msgspec

    from axonhub_cli.trace.records import AttemptRecord, RequestRecord
    from axonhub_cli.types.messages import Loss, Usage

    attempts = [AttemptRecord(0, "mx", "anthropic", "opus", "env:MX", "splice", "error", 529, "overloaded", duration_ms=3.0),
                AttemptRecord(1, "ds", "openai-chat", "v3", None, "convert", "ok", 200, None, duration_ms=9.0)]  # fmt: skip
    record = RequestRecord(
        "r9", "trace-9", NOW, "anthropic", "/v1/messages", "claude-code", "2.1", "release", "a1", None, "t1", "title", "laptop",
        "cheap", "opus", "v3", "ds", "convert", True, "max", "high", "a prompt", 200, "ok", None, "stop", 1.0, 20.0, 300.0, 10,
        20, Usage(input=10, output=5, cache_read=4, cache_write_5m=1, cache_write_1h=2, reasoning=1), 0.5, "tools changed",
        "tools", 7, 0.1, ["Bash"], [Loss("dropped", "top_k", "no")], attempts,
    )  # fmt: skip
    told = {"type": "end", "t": NOW, **msgspec.to_builtins(record)}
    tree = Tree()
    tree.apply(told)
    assert sheet(row_of(tree.traces["trace-9"], tree.requests["r9"])) == sheet({**told, "trace_id": "trace-9"})

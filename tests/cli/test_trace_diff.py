"""`trace diff` and `trace search`: what people and programs get."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from axonhub_cli.cli.trace import app
from axonhub_cli.cli.trace_diff import shown
from axonhub_cli.config.schema import Trace
from axonhub_cli.errors import UsageError
from axonhub_cli.trace.records import AttemptRecord, RequestRecord
from axonhub_cli.trace.store import Store

LONG = "the same beginning of a long text that goes on and on, until it says "


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


@pytest.fixture
def filled(home: Path) -> None:
    """Two turns of one trace: the first was changed on its way, the second not; one request without bodies."""
    store = Store(home / "traces.db", Trace(retention_days=100_000))
    store.start()

    def put(number: int, **bodies: Any) -> None:
        given: dict[Any, bytes] = {kind: json.dumps(body).encode() for kind, body in bodies.items()}
        store.end(RequestRecord(f"ar-{number}", "t", 1e9 + number, "anthropic", "/", outcome="ok", model="m\x1b[31m"), given)

    body = {"model": "a", "top_k": 5, "messages": [{"role": "user", "content": "brackets \x1b[31m"}]}
    put(1, client_request=body, upstream_request={"model": "b", "messages": body["messages"]})
    put(2, client_request={**body, "messages": [*body["messages"], {"role": "user", "content": "more"}]})  # type: ignore[misc]  # a list
    put(3)
    assert store.close(60)


def test_what_became_of_a_request(filled: None) -> None:
    """The client's body against the one that went upstream."""
    assert run("diff", "ar-1").output.splitlines() == [
        "what the client sent → what went upstream: 2 differences",
        "~ model", '    - "a"', '    + "b"', "- top_k", "    - 5"]  # fmt: skip
    assert run("diff", "ar-2").output == "No difference: what went upstream is what the client sent.\n"


def test_what_is_alike_is_shown_once(filled: None, home: Path) -> None:
    """The same change in many items of a list is one, with its number; `--full` shows them all."""
    store = Store(home / "traces.db", Trace(retention_days=100_000))
    store.start()
    tools = [{"name": f"n{number}", "strict": True, "text": "x" * 300} for number in range(5)]
    plain = [{key: value for key, value in tool.items() if key != "strict"} for tool in tools]
    record = RequestRecord("ar-9", "t", 1e9, "anthropic", "/", outcome="ok")
    record.attempts = [AttemptRecord(0, "deepseek", "openai-chat", "m")]
    sent, went = (json.dumps({"tools": each}).encode() for each in (tools, plain))
    store.end(record, {"client_request": sent, "upstream_request": went})
    assert store.close(60)
    assert run("diff", "ar-9").output.splitlines() == [
        "what the client sent → what went upstream (@deepseek, anthropic → openai-chat): 5 differences",
        "- tools[].strict  5 ×, the first:", "    - true"]  # fmt: skip
    assert run("diff", "ar-9", "--full").output.count("].strict\n    - true") == 5


def test_turn_against_turn(filled: None) -> None:
    """Two requests: what the second has that the first had not."""
    data = json.loads(run("diff", "ar-1", "ar-2", "--json").output)
    assert data["changes"] == [{"kind": "added", "path": "messages[1]", "old": None, "new": {"role": "user", "content": "more"}}]


def test_what_cannot_be_compared(filled: None) -> None:
    """No bodies, and a name that means several requests, are sentences."""
    for arguments in (["diff", "ar-3"], ["diff", "t"], ["diff", "zz"]):
        assert isinstance(run(*arguments).exception, UsageError)


def test_long_values_are_shown_from_their_difference() -> None:
    """What two long texts have in common is left out."""
    old, new = shown(LONG + "one", LONG + "two")
    assert old.startswith("…")
    assert old.endswith('says one"')
    assert new.endswith('says two"')
    assert shown(1, "1") == ("1", '"1"')


def test_search(filled: None) -> None:
    """Where the words stand, harmlessly; nothing found is a sentence."""
    lines = run("search", "brackets").output.splitlines()
    assert lines[0].startswith("ar-1")
    assert lines[1].startswith("  asked    brackets")
    assert "\x1b" not in "".join(lines)
    assert run("search", "nowhere").output == "Nothing was said like that.\n"
    assert json.loads(run("search", "more", "--json").output)[0]["asked"] == "more"

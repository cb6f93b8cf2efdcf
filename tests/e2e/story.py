"""The scripted upstream with a story to tell: what a model would say in a short session, for the pictures in the README.

`python -m tests.e2e.story --port N` takes the options of `scripted_upstream`, whose wire forms it uses. The words are our own.
Each answer sets the usage that belongs to it: a prompt that grows, most of it read from the cache, except in the turn that begins
with other tools.
"""

import json
from typing import Any

from tests.e2e import scripted_upstream as wire

Plan = tuple[list[dict[str, Any]], bool]

FLAKY = "The retry test is flaky. Find out why, and fix it."
CHILD = "Look for waits on the real clock below tests/ and say where they are."
AGAIN = "Good. Now say in the changelog what changed."
REPORT = "Add --json to the report command, with a test."


def plan(view: Any) -> Plan:
    """What the model does next, by who asks and how far it is."""
    said = "\n".join(view.users)
    steps = len(view.all_results)
    _usage(steps, fresh=AGAIN in said)
    if not view.tools:
        return [{"k": "text", "text": json.dumps({"title": "Fix the flaky retry test", "isNewTopic": True})}], False
    if CHILD in said and FLAKY not in said:
        return _child(view, steps), True
    if AGAIN in said:
        return [_text("The changelog has one line more: *The retry test no longer waits on the real clock.*")], True
    return (_report(view, steps) if REPORT in said else _flaky(view, steps)), True


def _usage(steps: int, *, fresh: bool) -> None:
    whole = 18_400 + 2_300 * steps
    cached = 0 if fresh else int(whole * 0.94) if steps else 15_900
    wire.IN_TOK, wire.CACHED, wire.OUT_TOK = whole - cached, cached, 180 + 90 * steps


def _text(words: str) -> dict[str, Any]:
    return {"k": "text", "text": words, "chunks": max(len(words) // 12, 1)}


def _flaky(view: Any, steps: int) -> list[dict[str, Any]]:
    if steps == 0:
        think = {"k": "think", "text": "The test waits for a back-off. If the machine is busy, half a second is not enough."}
        return [think, _text("I run the test a few times first."), wire.shell_item(view, "seq 3 | sed 's/^/run: passed /'")]
    if steps == 1:
        return [_text("It fails once in twenty runs. A helper looks for other waits while I read the client."), _agent(view)]
    if steps == 2:
        return [wire.shell_item(view, "echo 'tests/test_client.py: clock = FakeClock()'")]
    return [_text("Fixed: the retry test now moves a fake clock instead of waiting half a second on a real one.")]


def _agent(view: Any) -> dict[str, Any]:
    name = wire.find_tool(view, wire.AGENTS)
    kind, schema = view.tools[name]
    wanted = {"prompt": CHILD, "description": "Find waits on the real clock", "subagent_type": "general-purpose"}
    wanted["run_in_background"] = False
    return {"k": "tool", "kind": kind, "name": name, "args": {key: wanted[key] for key in wanted if key in schema["properties"]}}


def _child(view: Any, steps: int) -> list[dict[str, Any]]:
    if steps == 0:
        return [wire.shell_item(view, "echo 'tests/test_client.py:41: time.sleep(0.5)'")]
    if steps == 1:
        return [wire.shell_item(view, "echo 'tests/test_pool.py:88: time.sleep(1)'")]
    return [
        _text(
            "Two places wait on the real clock. tests/test_client.py:41 sleeps half a second for the back-off, which is the "
            "flaky one; tests/test_pool.py:88 sleeps a second for a connection to expire. Both take a clock as an argument "
            "already, so a fake one can be handed in without touching the code under test."
        )
    ]


def _report(view: Any, steps: int) -> list[dict[str, Any]]:
    if steps == 0:
        think = {"k": "think", "text": "The command prints a table. A flag that prints the rows as JSON belongs beside it."}
        return [
            think,
            _text("I look at the command first."),
            wire.shell_item(view, "echo 'def report(rows): print(table(rows))'"),
        ]
    if steps == 1:
        return [wire.shell_item(view, "echo 'def test_report_json(rows): ...' >> test_report.py")]
    if steps == 2:
        return [wire.shell_item(view, "echo '4 passed in 0.21s'")]
    return [_text("`report --json` prints the same rows as JSON; the new test compares both. Four tests pass.")]


if __name__ == "__main__":
    wire.plan = plan
    wire.main()

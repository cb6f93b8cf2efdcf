"""Cache verdicts on what real clients do from one request to the next: nobody is blamed who did nothing."""

import json
from typing import Any

import pytest

from axonhub_cli.trace.insight import Turn, Verdict, judge, judge_among
from axonhub_cli.types.messages import Usage

Json = dict[str, Any]
MARK = {"cache_control": {"type": "ephemeral"}}
HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
KEPT = Usage(input=40_000, output=300, cache_read=30_000, cache_write_5m=9_000)
SOME = Usage(input=42_000, output=300, cache_read=12_000, cache_write_5m=29_000)
NONE = Usage(input=42_000, output=300, cache_read=0)


def text(words: str, **more: Any) -> Json:
    return {"type": "text", "text": words, **more}


def claude_code(turns: int, *, cch: str = "a1", mark: Json = MARK, **fields: Any) -> Json:
    """A body of Claude Code after so many tool calls: the billing line, three marks, the last on the last message."""
    messages: list[Json] = [{"role": "user", "content": [text("Fix the flaky test.")]}]
    for number in range(turns):
        call = {"type": "tool_use", "id": f"toolu_{number}", "name": "Bash", "input": {"command": "pytest"}}
        thought = {"type": "thinking", "thinking": "", "signature": f"sig{number}"}
        messages.append({"role": "assistant", "content": [thought, call]})
        result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": "1 failed", "is_error": False}
        messages.append({"role": "user", "content": [result]})
    messages[-1] = {**messages[-1], "content": [{**messages[-1]["content"][0], **mark}]}
    billing = text(f"x-anthropic-billing-header: cc_version=2.1; cch={cch};")
    return {
        "model": "claude-sonnet-4-6", "max_tokens": 32_000, "stream": True, "metadata": {"user_id": "u"},
        "tools": [{"name": name, "input_schema": {"type": "object"}} for name in ("Agent", "Bash", "Edit")],
        "system": [billing, text("You are an agent.", **mark), text("Rules.", **mark)], "messages": messages,
        "thinking": {"type": "enabled", "budget_tokens": 31_999}, **fields,
    }  # fmt: skip


def turn(body: Json, usage: Usage, at: float = 0.0, *, took: float = 5.0, sent: Json | None = None, **who: Any) -> Turn:
    bodies: dict[Any, bytes] = {"client_request": json.dumps(body).encode()}
    if sent is not None:
        bodies["upstream_request"] = json.dumps(sent).encode()
    found = {"channel": "work", "secret": "env:KEY", "model": (sent or body).get("model"), **who}
    return Turn(at, at + took, usage, found["channel"], found["secret"], found["model"], lambda: bodies)


def verdict(before: Turn, now: Turn) -> Verdict:
    found = judge(before, now)
    assert found is not None
    return found


def said(words: str) -> Json:
    return {"role": "user", "content": [text(words, **MARK)]}


DEFERRED = {"name": "WebFetch", "input_schema": {}, "defer_loading": True}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
AFTER = claude_code(3)
CLAUDE: list[tuple[str, Json, str, str]] = [
    ("the billing line and the marks move", claude_code(3, cch="b2"), "vendor", "the same beginning"),
    ("a tool is loaded by tool search", {**AFTER, "tools": [*AFTER["tools"], DEFERRED]}, "vendor", "the same beginning"),
    ("tools in another order", {**AFTER, "tools": AFTER["tools"][::-1]}, "tools", "another order"),
    ("compaction", {**AFTER, "messages": [said("This session is continued: …")]}, "history", "5 messages became 1"),
    ("more in the last message", {**claude_code(2), "messages": [*claude_code(2)["messages"][:-1],
     {"role": "user", "content": [*claude_code(2)["messages"][-1]["content"], text("Sum up.")]}]}, "vendor", "same beginning"),
    ("rewound to an earlier message", {**AFTER, "messages": [*AFTER["messages"][:3], said("No, wait.")]}, "history",
     "history shortened at message 4: 5 messages became 4"),
    ("a reminder was taken out", {**AFTER, "messages": [{"role": "user", "content": [text("Fix.")]}, *AFTER["messages"][1:]]},
     "history", "edited at message 1 of 5, character 4: “Fix the flaky test.” became “Fix.”"),
    ("thinking was switched off", {**AFTER, "thinking": {"type": "disabled"}}, "settings",
     "settings changed: thinking enabled 31999 → disabled"),
    ("the effort was changed", {**AFTER, "output_config": {"effort": "max"}}, "settings", "effort - → max"),
    ("a tool was forced", {**AFTER, "tool_choice": {"type": "tool", "name": "Bash"}}, "settings", "tool choice auto → tool Bash"),
    ("its thinking was taken out", {**AFTER, "messages": [AFTER["messages"][0], {"role": "assistant", "content":
     AFTER["messages"][1]["content"][1:]}, *AFTER["messages"][2:]]}, "history", "message 2 of 5: its thinking was taken out"),
    ("the choice was said", {**AFTER, "tool_choice": {"type": "auto"}}, "vendor", "the same beginning"),
    ("the first image came", {**AFTER, "messages": [*AFTER["messages"], {"role": "user", "content": [IMAGE]}]}, "settings",
     "images none → some"),
    ("marks were switched off", claude_code(3, mark={}), "marks", "no cache marks were sent"),
    ("a mark at the top", {**claude_code(3, mark={}), **MARK}, "vendor", "the same beginning"),
]  # fmt: skip


@pytest.mark.parametrize(("now", "cause", "words"), [case[1:] for case in CLAUDE], ids=[case[0] for case in CLAUDE])
def test_claude_code(now: Json, cause: str, words: str) -> None:
    """What a session of Claude Code may change between two requests."""
    found = verdict(turn(claude_code(2), KEPT), turn(now, SOME, 20.0))
    assert (found.cause, words in found.text) == (cause, True), found


def test_many_parallel_calls() -> None:
    """Ten calls and their results are more blocks than the vendor looks back from a single mark."""
    now = claude_code(2, mark={})
    calls = [{"type": "tool_use", "id": f"p{number}", "name": "Bash", "input": {}} for number in range(12)]
    results = [{"type": "tool_result", "tool_use_id": f"p{number}", "content": "ok"} for number in range(12)]
    now["messages"] += [
        {"role": "assistant", "content": calls},
        {"role": "user", "content": [*results[:-1], {**results[-1], **MARK}]},
    ]
    assert verdict(turn(claude_code(2), KEPT), turn(now, SOME, 20.0)).text == (
        "24 blocks came since the last cache mark: the vendor looks back 20"
    )


def test_thinking_of_older_models() -> None:
    """A model that forgets its thinking when the user speaks finds less in the cache, and no client can help it."""
    before = claude_code(2, model="claude-haiku-4-5-20251001")
    now = {**before, "messages": [*before["messages"], said("Now the changelog.")]}
    assert "leaves the prompt when the user speaks" in verdict(turn(before, KEPT), turn(now, SOME, 20.0)).text
    kept = {**now, "model": "claude-opus-4-5"}
    assert "same beginning" in verdict(turn({**before, "model": "claude-opus-4-5"}, KEPT), turn(kept, SOME, 20.0)).text


IDLE: list[tuple[str, Json, float, float, str, str]] = [
    ("6 minutes", MARK, 365.0, 5.0, "idle", "idle for 6 min, longer than the cache lives"),
    ("4 minutes after an answer of 2", MARK, 360.0, 120.0, "idle", "last used 6 min before, longer than the cache lives"),
    ("4 minutes", MARK, 240.0, 5.0, "vendor", "the vendor's side: the same beginning was sent in time"),
    ("6 minutes of an hour", HOUR, 365.0, 5.0, "vendor", "the vendor's side: the same beginning was sent in time"),
    ("70 minutes of an hour", HOUR, 4200.0, 5.0, "idle", "idle for 70 min, longer than the cache lives"),
]  # fmt: skip


@pytest.mark.parametrize(("mark", "at", "took", "cause", "words"), [case[1:] for case in IDLE], ids=[case[0] for case in IDLE])
def test_how_long_a_prefix_lives(mark: Json, at: float, took: float, cause: str, words: str) -> None:
    """It lives as long as its mark asked for, from the beginning of the request that used it last."""
    read = Usage(input=40_000, output=300, cache_read=39_000)
    found = verdict(turn(claude_code(2, mark=mark), read, took=took), turn(claude_code(3, mark=mark), NONE, at))
    assert (found.cause, found.text) == (cause, words)


def codex(*said: str, **fields: Any) -> Json:
    """A body of Codex: instructions, leading developer items, ids that change."""
    items = [{"type": "message", "role": "user", "id": f"msg_{hash(words)}", "content": [{"type": "input_text", "text": words}]}
             for words in said]  # fmt: skip
    developer = {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Sandbox: off."}]}
    return {
        "model": "gpt-5.5",
        "instructions": "You are Codex.",
        "input": [developer, *items],
        "prompt_cache_key": "t1",
        **fields,
    }


READ = Usage(input=30_000, output=50, cache_read=28_928)
CODEX: list[tuple[str, Json, float, str, str]] = [
    ("a new id of an old item", {**codex("a", "b"), "input": [*codex("a")["input"][:1], {**codex("a")["input"][1], "id": "x"}]},
     20.0, "vendor", "same beginning"),
    ("another cache key", codex("a", "b", prompt_cache_key="t2"), 20.0, "settings", "cache key t1 → t2"),
    ("another effort", codex("a", "b", reasoning={"effort": "high"}), 20.0, "settings", "effort - → high"),
    ("other rules in its first item", {**codex("a"), "input": [{"role": "developer", "content": "Sandbox: on."},
     *codex("a")["input"][1:]]}, 20.0, "system", "part 2, character 11: “off.” became “on.”"),
    ("goes on from an answer", {**codex("b"), "previous_response_id": "resp_1"}, 20.0, "unknown", "the vendor keeps the history"),
    ("six minutes later", codex("a", "b"), 365.0, "idle", "longer than its vendor says that a cache lives"),
    ("six minutes of a day", codex("a", "b"), 365.0, "vendor", "same beginning"),
]  # fmt: skip


@pytest.mark.parametrize(("now", "at", "cause", "words"), [case[1:] for case in CODEX], ids=[case[0] for case in CODEX])
def test_codex(now: Json, at: float, cause: str, words: str, request: pytest.FixtureRequest) -> None:
    """What a session of Codex may change; OpenAI's cache keeps a prefix for minutes unless it is asked to keep it for a day."""
    before = codex("a", **({"prompt_cache_retention": "24h"} if "day" in request.node.name else {}))
    found = verdict(turn(before, READ), turn(now, NONE, at))
    assert (found.cause, words in found.text) == (cause, True), found


def test_steps_of_the_cache() -> None:
    """OpenAI counts in steps of 128 tokens, and a prompt that grows much is cached to a smaller part: neither is a miss."""
    less = Usage(input=31_000, output=50, cache_read=28_928 - 3 * 128)
    grown = Usage(input=90_000, output=50, cache_read=28_928)
    assert [judge(turn(codex("a"), READ), turn(codex("a", "b"), usage, 20.0)) for usage in (less, grown)] == [None, None]


def test_tools_of_gemini_and_codex() -> None:
    """Tools that are wrapped in groups have names too."""

    def gemini(*names: str) -> Json:
        declared = [{"name": name, "parameters": {}} for name in names]
        return {"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "tools": [{"functionDeclarations": declared}]}

    def carried(*names: str) -> Json:
        group = {"type": "namespace", "name": "functions", "tools": [{"type": "custom", "name": name} for name in names]}
        return codex("a", input=[{"type": "additional_tools", "role": "developer", "tools": [group]}, *codex("a")["input"]])

    for make in (gemini, carried):
        assert verdict(turn(make("a", "b"), READ), turn(make("a", "c"), NONE, 20.0)).text == "tools changed: +c -b"


def test_deepseek_keeps_for_hours() -> None:
    """What a client marks means nothing to a vendor that keeps every prefix for hours."""

    def sent(turns: int) -> Json:
        return {**claude_code(turns, mark={}), "model": "deepseek-chat"}

    found = verdict(turn(claude_code(2), READ, sent=sent(2)), turn(claude_code(3), NONE, 900.0, sent=sent(3)))
    assert found.cause == "vendor"


CHAT = {"model": "gpt-5", "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "Fix."}]}
CONVERTED: list[tuple[str, Json, Json, str, str]] = [
    ("the client's change never went out", {**AFTER, "thinking": {"type": "disabled"}}, CHAT, "vendor", "same beginning"),
    ("ours alone", claude_code(3), {**CHAT, "messages": [{"role": "system", "content": "T"}, CHAT["messages"][1]]}, "losses",
     "changed on the way by axonhub: system prompt changed"),
    ("ours comes first", {**AFTER, "messages": [said("x")]},
     {**CHAT, "tools": [{"type": "function", "function": {"name": "f"}}], "messages": []}, "losses", "tools changed: +f"),
    ("the client's, in its own words", {**AFTER, "thinking": {"type": "disabled"}, "messages": [said("x")]},
     {**CHAT, "messages": [CHAT["messages"][0], {"role": "user", "content": "x"}]}, "history", "5 messages became 1"),
]  # fmt: skip


@pytest.mark.parametrize(("now", "sent", "cause", "words"), [case[1:] for case in CONVERTED], ids=[case[0] for case in CONVERTED])
def test_conversions(now: Json, sent: Json, cause: str, words: str) -> None:
    """What counts is what the vendor got; whose change it was is found in the client's own request."""
    found = verdict(turn(claude_code(2), READ, sent=CHAT), turn(now, NONE, 20.0, sent=sent))
    assert (found.cause, words in found.text) == (cause, True), found


def test_a_model_that_is_not_told() -> None:
    """An answer that does not name its model was not switched."""
    assert verdict(turn(codex("a"), READ), turn(codex("a", "b"), NONE, 20.0, model=None)).cause == "vendor"


def test_parallel_conversations() -> None:
    """Where two share a branch, each is compared with its own last request, not with the other's."""
    one, other = turn(codex("a"), READ), turn(codex("z", tools=[{"name": "f"}]), READ, 10.0)
    assert judge_among([other, one], turn(codex("a", "b"), READ, 20.0)) is None
    missed = judge_among([other, one], turn(codex("a", "b"), NONE, 20.0))
    assert missed is not None
    assert missed.cause == "vendor"
    changed = judge_among([other, one], turn(codex("c"), NONE, 20.0))
    assert changed is not None
    assert changed.cause == "tools"
    assert judge_among([], one) is None

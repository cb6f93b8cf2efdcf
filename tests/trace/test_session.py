"""Which trace, client, agent and kind a request's headers and body fields mean: the tables of what real clients send."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.config.schema import Trace
from axonhub_cli.trace.session import ID_LIMIT, Hints, Session, clean_id, client_of, identify

SESSION = "0b0b7f6c-52b8-4d6a-9a57-3f1f8f6a2c11"
OTHER = "019f2c1e-7d3a-7c4b-8f00-1234567890ab"
THIRD = "019f2c1e-7d3a-7c4b-8f00-ba0987654321"
ACCOUNT = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
DEVICE = "ab" * 32
USER = json.dumps({"device_id": DEVICE, "account_uuid": "", "session_id": SESSION})
CODEX = {"session-id": SESSION, "thread-id": SESSION}


def turn(**values: str) -> dict[str, str]:
    """Codex's turn metadata header."""
    return {"x-codex-turn-metadata": json.dumps(values)}


def found(headers: dict[str, str], user_id: str | None = None, cache_key: str | None = None, **config: Any) -> Session:
    return identify(headers, Hints(user_id, cache_key), Trace(**config), fallback="own")


TRACES = [
    ("nothing names a session", {}, None, None, "own"),
    ("AH-Trace-Id", {"ah-trace-id": "mine"}, USER, "key", "mine"),
    ("AH-Trace-Id over the extra headers", {"ah-trace-id": "mine", "conversation_id": "other"}, None, None, "mine"),
    ("an extra header over the clients", {"conversation_id": "other", "x-session-affinity": "ses_1"}, USER, None, "other"),
    ("OpenCode's affinity", {"x-session-affinity": "ses_1", "x-session-id": "ses_2"}, USER, None, "ses_1"),
    ("OpenCode's session id", {"x-session-id": "ses_2"}, None, "key", "ses_2"),
    ("Claude Code, JSON", {}, USER, None, SESSION),
    ("Claude Code, JSON with an account", {}, json.dumps({"account_uuid": ACCOUNT, "session_id": SESSION}), None, SESSION),
    ("Claude Code, JSON with spaces", {}, f"  {USER}\n", None, SESSION),
    ("Claude Code, legacy without an account", {}, f"user_{DEVICE}_account__session_{SESSION}", None, SESSION),
    ("Claude Code, legacy, signed in", {}, f"user_{DEVICE}_account_{ACCOUNT}_session_{SESSION}", None, SESSION),
    ("Claude Code, legacy in capitals", {}, f"user_{DEVICE.upper()}_account__session_{SESSION.upper()}", None, SESSION.upper()),
    ("Claude Code, header", {"x-claude-code-session-id": OTHER}, None, None, OTHER),
    ("Claude Code, user id over the header", {"x-claude-code-session-id": OTHER}, USER, None, SESSION),
    ("Claude Code over Codex", {"session-id": OTHER}, USER, None, SESSION),
    ("a user id of an application", {}, "user-42", None, "own"),
    ("JSON without a session", {}, '{"device_id":"x"}', None, "own"),
    ("a session that is no string", {}, '{"session_id":17}', None, "own"),
    ("broken JSON", {}, '{"session_id":', None, "own"),
    ("JSON too long to be a user id", {}, '{"session_id":"s","x":"' + "y" * 20_000 + '"}', None, "own"),
    ("Codex, underscore", {"session_id": SESSION, "session-id": OTHER}, None, None, SESSION),
    ("Codex, hyphen", {"session-id": SESSION}, None, "key", SESSION),
    ("Codex, metadata", turn(session_id=SESSION), None, "key", SESSION),
    ("Codex, header over metadata", {"session-id": SESSION, **turn(session_id=OTHER)}, None, None, SESSION),
    ("Codex, broken metadata", {"x-codex-turn-metadata": "{"}, None, None, "own"),
    ("Codex, metadata that is a list", {"x-codex-turn-metadata": "[1]"}, None, None, "own"),
    ("prompt_cache_key", {}, None, "key", "key"),
    ("blank values say nothing", {"ah-trace-id": "  ", "session-id": "\t"}, None, "", "own"),
]


@pytest.mark.parametrize(
    ("headers", "user_id", "cache_key", "expected"), [case[1:] for case in TRACES], ids=[case[0] for case in TRACES]
)
def test_trace_id(headers: dict[str, str], user_id: str | None, cache_key: str | None, expected: str) -> None:
    """The first source that says something names the trace, and only then is it explicit."""
    session = found(headers, user_id, cache_key)
    assert (session.trace_id, session.explicit) == (expected, expected != "own")


def test_conversation_id_counts_without_being_listed() -> None:
    """Codex's old conversation header is understood even when the extra headers were emptied, but before the cache key."""
    assert found({"conversation_id": "c"}, cache_key="key", extra_trace_headers=()).trace_id == "c"


def test_extra_headers_win_in_their_order() -> None:
    """Extra headers are taken in the order of the configuration, whatever their case."""
    headers = {"x-job": "job", "x-build": "build"}
    assert found(headers, extra_trace_headers=("X-Missing", "X-Build", "X-Job")).trace_id == "build"


@pytest.mark.parametrize(
    ("switch", "headers", "user_id", "cache_key"),
    [
        ("opencode_trace_enabled", {"x-session-affinity": "s", "x-session-id": "s"}, None, None),
        ("claude_code_trace_enabled", {"x-claude-code-session-id": SESSION}, USER, None),
        ("codex_trace_enabled", {"session-id": SESSION, **turn(session_id=SESSION)}, None, "key"),
    ],
)
def test_switches(switch: str, headers: dict[str, str], user_id: str | None, cache_key: str | None) -> None:
    """A client whose detection is switched off gets a trace of its own; AH-Trace-Id still counts."""
    assert found(headers, user_id, cache_key).explicit
    assert found(headers, user_id, cache_key, **{switch: False}).trace_id == "own"
    assert found({**headers, "ah-trace-id": "mine"}, user_id, cache_key, **{switch: False}).trace_id == "mine"


AGENTS = [
    ("Claude Code's main agent", {"x-claude-code-session-id": SESSION}, None, None),
    ("Claude Code's sub-agent", {"x-claude-code-agent-id": "a22b4cfd4253d7db4"}, "a22b4cfd4253d7db4", None),
    ("a nested one", {"x-claude-code-agent-id": "a2", "x-claude-code-parent-agent-id": "a1"}, "a2", "a1"),
    ("Codex's root", CODEX, None, None),
    ("Codex's sub-agent", {**CODEX, "thread-id": OTHER, "x-codex-parent-thread-id": SESSION}, OTHER, None),
    ("a nested one of Codex", {**CODEX, "thread-id": OTHER, "x-codex-parent-thread-id": THIRD}, OTHER, THIRD),
    ("Codex, all from metadata", turn(session_id=SESSION, thread_id=OTHER), OTHER, None),
    ("a thread without a session", {"thread-id": OTHER}, None, None),
]


@pytest.mark.parametrize(("headers", "agent", "parent"), [case[1:] for case in AGENTS], ids=[case[0] for case in AGENTS])
def test_agents(headers: dict[str, str], agent: str | None, parent: str | None) -> None:
    """A sub-agent is named with the one that started it; the main agent is None; a trace id of the user's changes neither."""
    assert [(s.agent, s.parent_agent) for s in (found(headers), found({**headers, "ah-trace-id": "x"}))] == [(agent, parent)] * 2


KINDS = [
    ({}, "turn"),
    (turn(request_kind="turn", thread_source="user"), "turn"),
    (turn(request_kind="compaction", thread_source="user"), "compaction"),
    (turn(request_kind="prewarm"), "prewarm"),
    (turn(request_kind="turn", thread_source="thread_title"), "title"),
    (turn(request_kind="turn", thread_source="memory_consolidation"), "memory"),
    (turn(request_kind="turn", thread_source="subagent"), "turn"),
    ({"x-openai-subagent": "collab_spawn"}, "turn"),
    ({"x-openai-subagent": "memory_consolidation"}, "memory"),
    ({"x-openai-memgen-request": "true"}, "memory"),
    ({"x-codex-turn-metadata": '{"request_kind":["compaction"]}'}, "turn"),
]


@pytest.mark.parametrize(("headers", "kind"), KINDS)
def test_kinds(headers: dict[str, str], kind: str) -> None:
    """What Codex says about a request becomes its kind."""
    assert found(headers).kind == kind


def test_turn_and_thread() -> None:
    """Codex's turn id and the thread label are kept."""
    session = found({**turn(turn_id="t-1"), "ah-thread-id": "release"})
    assert (session.turn, session.thread) == ("t-1", "release")


CLIENTS = [
    ("claude-cli/2.1.330 (external, sdk-cli)", "claude-code", "2.1.330"),
    ("claude-code/2.1.330", "claude-code", "2.1.330"),
    ("codex_exec/0.169.0 (Debian 12.0.0; x86_64) xterm-256color (codex_exec; 0.169.0)", "codex", "0.169.0"),
    ("codex-tui/0.169.0 (Debian)", "codex", "0.169.0"),
    ("codex_cli_rs/0.50.0-alpha.3", "codex", "0.50.0-alpha.3"),
    ("opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14", "opencode", "1.18.33"),
    ("Anthropic/Python 2.12.0", "anthropic-sdk", "2.12.0"),
    ("AsyncAnthropic/Python 2.12.0", "anthropic-sdk", "2.12.0"),
    ("Anthropic/JS 1.12.0", "anthropic-sdk", "1.12.0"),
    ("OpenAI/Python 3.54.0", "openai-sdk", "3.54.0"),
    ("AsyncOpenAI/Python 3.54.0", "openai-sdk", "3.54.0"),
    ("OpenAI/JS 6.49.0", "openai-sdk", "6.49.0"),
    ("Agents/Python 0.24.0", "openai-agents", "0.24.0"),
    ("curl/7.88.1", "curl", "7.88.1"),
    ("python-requests/2.32.3", "python-requests", "2.32.3"),
    ("MyTool", "mytool", None),
    ("codexplorer/1.0", "codexplorer", "1.0"),
    ("\x1b[31mevil/1", "unknown", None),
    ("", "unknown", None),
]


@pytest.mark.parametrize(("user_agent", "client", "version"), CLIENTS)
def test_clients(user_agent: str, client: str, version: str | None) -> None:
    """Known clients get our name for them, others the name of their first product."""
    assert client_of(user_agent) == (client, version)


def test_ids_are_cut_and_printable() -> None:
    """Ids lose what cannot be printed and what is beyond the limit."""
    assert clean_id("a\x1b[2Jb\u202ec\udc80") == "a[2Jbc"
    assert clean_id("x" * 5000) == "x" * ID_LIMIT
    assert clean_id("\x00\x01") is None


@given(st.dictionaries(st.sampled_from([
    "user-agent", "ah-trace-id", "session-id", "session_id", "thread-id", "x-codex-turn-metadata", "x-openai-subagent",
    "x-claude-code-agent-id", "x-session-affinity", "ah-thread-id",
]), st.text()), st.none() | st.text(), st.none() | st.text())  # fmt: skip
def test_strangers_cannot_break_it(headers: dict[str, str], user_id: str | None, cache_key: str | None) -> None:
    """Whatever is sent, there is a session, and its ids are short and printable."""
    session = found(headers, user_id, cache_key)
    for value in (session.trace_id, session.thread, session.agent, session.parent_agent, session.turn, session.client):
        assert value is None or (0 < len(value) <= ID_LIMIT and value.isprintable())

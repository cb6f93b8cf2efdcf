"""Claude Code's variables, in a shell and in its settings."""

from pathlib import Path

import pytest

from axonhub_cli.clients import claude_code
from axonhub_cli.clients.ask import Behind

MODEL, HOLDS = "ANTHROPIC_MODEL", "CLAUDE_CODE_MAX_CONTEXT_TOKENS"
COMPACTS, BILLING = "CLAUDE_CODE_AUTO_COMPACT_WINDOW", "CLAUDE_CODE_ATTRIBUTION_HEADER"


def test_lines_for_a_plain_shell() -> None:
    """Three variables are enough, and none of them turns a feature off."""
    lines = claude_code.lines(8090, "ah-token", {})
    assert {line.name: line.value for line in lines} == {
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:8090/anthropic",
        "ANTHROPIC_AUTH_TOKEN": "ah-token",
        "CLAUDE_STREAM_IDLE_TIMEOUT_MS": "900000",
    }
    assert all(line.why for line in lines)


def test_lines_take_the_users_key_out_and_extend_no_proxy() -> None:
    """A real key would go along with every request: it is unset."""
    lines = claude_code.lines(9000, "ah-token", {"ANTHROPIC_API_KEY": "k", "HTTP_PROXY": "p", "NO_PROXY": "corp"})
    values = {line.name: line.value for line in lines}
    assert values["ANTHROPIC_API_KEY"] is None
    assert values["NO_PROXY"] == "corp,127.0.0.1,localhost"


@pytest.mark.parametrize(
    ("model", "behind", "says"),
    [
        (None, Behind(), {}),
        (None, Behind(None, own=True, anthropic=True), {}),
        (None, Behind(128_000, own=False), {COMPACTS: "128000", BILLING: "0"}),
        (None, Behind(64_000, own=False), {COMPACTS: "100000", BILLING: "0"}),
        ("deepseek-chat", Behind(64_000), {MODEL: "deepseek-chat", HOLDS: "64000", COMPACTS: "100000", BILLING: "0"}),
        ("kimi", Behind(), {MODEL: "kimi"}),
        ("kimi", Behind(1_000_000), {MODEL: "kimi", HOLDS: "1000000", BILLING: "0"}),
        ("claude-sonnet-4-5", Behind(1_000_000, own=False), {MODEL: "claude-sonnet-4-5[1m]", BILLING: "0"}),
        ("claude-sonnet-4-5", Behind(200_000, own=False, anthropic=True), {MODEL: "claude-sonnet-4-5", COMPACTS: "200000"}),
    ],
)
def test_what_the_model_behind_holds(model: str | None, behind: Behind, says: dict[str, str]) -> None:
    """Claude Code is told what it cannot know: the real model's size, by the variable that counts for that name."""
    lines = {line.name: line.value for line in claude_code.lines(8090, "ah-token", {}, model=model, behind=behind)}
    assert {name: lines.get(name) for name in (MODEL, HOLDS, COMPACTS, BILLING) if name in lines} == says


def test_slots_are_set_on_request_only() -> None:
    """Each use has its variable."""
    asked = {"haiku": "a", "sonnet": "b", "opus": "c", "subagent": "d"}
    lines = {line.name: line.value for line in claude_code.lines(8090, "ah-token", {}, slots=asked)}
    assert {name: lines[name] for name in claude_code.SLOTS.values()} == dict(
        zip(claude_code.SLOTS.values(), asked.values(), strict=True)
    )


def test_a_model_that_is_too_small_for_a_claude_name_is_said() -> None:
    """Below 100,000 tokens Claude Code compacts too late under its own names; the remedy is the model's own."""
    small = Behind(32_000, own=False)
    assert any("--model NAME" in line for line in claude_code.remarks({}, {}, {}, behind=small))
    assert claude_code.remarks({}, {}, {}, model="qwen", behind=small) == []


def test_a_model_that_takes_no_tools_is_named() -> None:
    """A deep test found it; Claude Code can do little with such a model."""
    (remark,) = claude_code.remarks({}, {}, {}, behind=Behind(unable=("gemma:2b",)))
    assert "gemma:2b calls no tools" in remark


def test_target_counts_what_the_settings_say() -> None:
    """A NO_PROXY of the settings is extended, not replaced by the shell's; only `env` is edited."""
    settings = {"env": {"NO_PROXY": "inside", "X": 1}}
    target = claude_code.target(8090, "ah-token", {"HTTPS_PROXY": "p", "NO_PROXY": "outside"}, settings)
    assert {edit.path[0] for edit in target.edits} == {"env"}
    values = {edit.path[1]: edit.value for edit in target.edits}
    assert values["NO_PROXY"] == "inside,127.0.0.1,localhost"
    assert values["ANTHROPIC_API_KEY"] is None


@pytest.mark.parametrize(
    ("environ", "settings", "says"),
    [
        ({"CLAUDE_CODE_USE_BEDROCK": "1"}, {}, "CLAUDE_CODE_USE_BEDROCK is set"),
        ({"CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK": "1"}, {}, "a stream that breaks ends the turn"),
        ({}, {"env": {"CLAUDE_CODE_USE_VERTEX": "1"}}, "sets CLAUDE_CODE_USE_VERTEX"),
        ({}, {"env": {"ANTHROPIC_BASE_URL": "http://elsewhere"}}, "wins over the shell"),
    ],
)
def test_remarks_name_what_wins(environ: dict[str, str], settings: dict[str, object], says: str) -> None:
    """Whatever would keep the exports from working is said."""
    [remark] = claude_code.remarks(environ, settings, {"ANTHROPIC_BASE_URL": "http://127.0.0.1:8090/anthropic"})
    assert says in remark


def test_file_respects_the_clients_own_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CLAUDE_CONFIG_DIR moves the settings."""
    assert claude_code.file() == Path.home() / ".claude" / "settings.json"
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path))
    assert claude_code.file() == tmp_path / "settings.json"

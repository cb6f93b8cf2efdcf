"""Claude Code's variables, in a shell and in its settings."""

from pathlib import Path

import pytest

from axonhub_cli.clients import claude_code


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

"""Gemini CLI's variables and the choice in its settings."""

from pathlib import Path

import pytest

from axonhub_cli.clients import gemini


def test_lines_take_out_what_leads_elsewhere() -> None:
    """Other Google services and the user's own key are unset."""
    lines = {line.name: line.value for line in gemini.lines(8090, "ah-x", {"GOOGLE_API_KEY": "k", "HTTPS_PROXY": "p"}, "m")}
    assert lines == {
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:8090",
        "GEMINI_API_KEY": "ah-x",
        "GEMINI_MODEL": "m",
        "NO_PROXY": "127.0.0.1,localhost",
        "GOOGLE_API_KEY": None,
    }


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "no way to sign in"),
        ({"security": 3}, "no way to sign in"),
        ({"security": {"auth": {"selectedType": "oauth-personal"}}}, "'oauth-personal'"),
    ],
)
def test_remarks_say_what_is_chosen(settings: dict[str, object], says: str) -> None:
    """Every choice but the key is named with the remedy."""
    [remark] = gemini.remarks(settings)
    assert says in remark
    assert "setup gemini-cli --write" in remark


def test_file_respects_the_clients_own_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GEMINI_CLI_HOME moves the settings."""
    assert gemini.file() == Path.home() / ".gemini" / "settings.json"
    monkeypatch.setenv("GEMINI_CLI_HOME", str(tmp_path))
    assert gemini.file() == tmp_path / ".gemini" / "settings.json"

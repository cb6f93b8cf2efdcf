"""Codex's provider, its variable and its file."""

from pathlib import Path

import pytest

from axonhub_cli.clients import codex


def test_provider_is_what_was_measured() -> None:
    """The table is complete, speaks Responses, names no other provider and carries no secret."""
    assert codex.provider(8090) == {
        "name": "AxonHub",
        "base_url": "http://127.0.0.1:8090/v1",
        "env_key": "AXONHUB_API_KEY",
        "wire_api": "responses",
        "stream_idle_timeout_ms": 900000,
        "request_max_retries": 2,
        "stream_max_retries": 3,
    }
    paths = {edit.path for edit in codex.target(8090).edits}
    assert paths == {("model_provider",), *(("model_providers", "axonhub-responses", name) for name in codex.provider(1))}
    assert codex.target(8090, "m").edits[1].path == ("model",)


def test_lines_hold_the_local_key() -> None:
    """The one variable that Codex needs is the one that the provider names."""
    assert [(line.name, line.value) for line in codex.lines("ah-x", {})] == [(codex.provider(1)["env_key"], "ah-x")]


def test_file_respects_codex_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CODEX_HOME moves the file."""
    assert codex.file() == Path.home() / ".codex" / "config.toml"
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    assert codex.file() == tmp_path / "config.toml"


@pytest.mark.parametrize(
    ("config", "count"),
    [
        ({}, 0),
        ({"profile": "a"}, 0),
        ({"profile": "a", "profiles": {"a": {"model_provider": "openai"}}}, 1),
        ({"profile": 1, "profiles": 2}, 0),
    ],
)
def test_remarks_name_a_profile_that_wins(config: dict[str, object], count: int) -> None:
    """An active Codex profile with a provider of its own wins over the top level, so it is said."""
    assert len(codex.remarks(config)) == count

"""Codex's provider, its variable and its file."""

import tomllib
from pathlib import Path

import pytest

from axonhub_cli.clients import codex
from axonhub_cli.clients.ask import Behind
from axonhub_cli.clients.journal import Journal


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
        "supports_websockets": False,
    }
    paths = {edit.path for edit in codex.target(8090).edits}
    assert paths == {("model_provider",), *(("model_providers", "axonhub-responses", name) for name in codex.provider(1))}
    assert codex.target(8090, "m").edits[1].path == ("model",)


def test_what_the_model_holds_is_said_where_it_is_known() -> None:
    """Codex cannot know how much a model behind another name holds."""
    edits = {edit.path: edit.value for edit in codex.target(8090, "m", Behind(64000, own=False)).edits}
    assert (edits[("model",)], edits[("model_context_window",)]) == ("m", 64000)
    assert ("model_context_window",) not in {edit.path for edit in codex.target(8090, "m", Behind()).edits}


def test_what_is_known_no_more_is_taken_back(home: Path) -> None:
    """A second set-up that knows no window takes the first one's back, and leaves the model that was chosen then."""
    journal = Journal(home / "setup-journal.toml")
    codex.file().parent.mkdir()
    codex.file().write_text("model_context_window = 5 # mine\n")
    journal.apply(journal.plan(codex.target(8090, "m", Behind(64000))))
    journal.apply(journal.plan(codex.target(8090)))
    said = tomllib.loads(codex.file().read_text())
    assert (said["model_context_window"], said["model"]) == (5, "m")
    record = journal.record("codex", codex.file())
    assert record is not None
    journal.undo(journal.plan_undo(record))
    assert codex.file().read_text() == "model_context_window = 5 # mine\n"


def test_lines_hold_the_local_key() -> None:
    """The one variable that Codex needs is the one that the provider names."""
    assert [(line.name, line.value) for line in codex.lines("ah-x", {})] == [(codex.provider(1)["env_key"], "ah-x")]


def test_file_respects_codex_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CODEX_HOME moves the file."""
    assert codex.file() == Path.home() / ".codex" / "config.toml"
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    assert codex.file() == tmp_path / "config.toml"


@pytest.mark.parametrize(("config", "count"), [({}, 0), ({"profile": "a"}, 1), ({"profiles": {"a": {}}}, 0), ({"profile": 1}, 0)])
def test_remarks_name_a_profile_of_the_old_kind(config: dict[str, object], count: int) -> None:
    """A profile that is selected in the file itself stops Codex from starting, or wins over the top level, so it is said."""
    assert len(codex.remarks(config)) == count


def test_remarks_name_profiles_that_lead_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files beside the configuration that name another provider; others, and broken ones, are nobody's business here."""
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    texts = {"work": 'model_provider = "openai"', "ours": f'model_provider = "{codex.PROVIDER}"', "fast": "a = 1", "bad": "= ="}
    for name, text in texts.items():
        (tmp_path / f"{name}.config.toml").write_text(text)
    (said,) = codex.remarks({})
    assert said.startswith("codex --profile work does not use axonhub")

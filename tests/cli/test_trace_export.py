"""`trace export`: one form at a time, to a file or to stdout, without the secrets of this home."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from axonhub_cli.cli.trace import app
from axonhub_cli.config.schema import Trace
from axonhub_cli.errors import UsageError
from axonhub_cli.trace.records import RequestRecord
from axonhub_cli.trace.store import Store


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def filled(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that holds a channel's secret and something that the user's own pattern finds."""
    monkeypatch.setenv("WORK_KEY", "hidden-value-of-a-channel")
    (home / "config.toml").write_text(
        "[trace]\nredact = ['ACME-\\d+']\n[[channels]]\nname = 'w'\ntype = 'openai-chat'\nbase_url = 'http://127.0.0.1:1/v1'\n"
        "secrets = ['env:WORK_KEY', 'env:NOT_THERE', 'keyring:w']\n"
    )
    store = Store(home / "traces.db", Trace(retention_days=100_000))
    store.start()
    body = b'{"model":"m","input":"hidden-value-of-a-channel ACME-17 end"}'
    store.end(
        RequestRecord("ar-1", "t", 1e9, "openai-responses", "/v1/responses", outcome="ok", attempts=[]), {"client_request": body}
    )
    store.end(RequestRecord("ar-2", "t", 1e9 + 1, "openai-responses", "/v1/responses", outcome="ok", attempts=[]), {})
    assert store.close(60)


@pytest.mark.parametrize("form", ["html", "jsonl", "har", "otlp"])
def test_each_form(filled: None, tmp_path: Path, form: str) -> None:
    """It goes to a file or to stdout, masked."""
    file = tmp_path / "out"
    assert run("export", "t", f"--{form}", "-o", str(file)).output.startswith("Wrote ")
    text = file.read_text()
    assert run("export", "t", f"--{form}").output == text
    assert "hidden-value" not in text
    assert "ACME" not in text


def test_curl_is_for_one_request(filled: None) -> None:
    """A trace with several asks which one."""
    assert "[***] [***] end" in json.loads(run("export", "ar-1", "--curl", "--json").output)["content"]
    assert isinstance(run("export", "t", "--curl").exception, UsageError)


@pytest.mark.parametrize("forms", [[], ["--html", "--har"]])
def test_one_form_must_be_chosen(filled: None, forms: list[str]) -> None:
    """None or two are refused with what there is."""
    assert isinstance(run("export", "t", *forms).exception, UsageError)

"""opencode's provider, in its file and in its variable."""

import json
from pathlib import Path

import pytest

from axonhub_cli.clients import opencode


def test_the_provider_holds_no_key() -> None:
    """The key is read from the environment; the first model is the one in use."""
    found = opencode.settings(8090, ["m", "n"])
    assert found["provider"]["axonhub"]["options"] == {"baseURL": "http://127.0.0.1:8090/v1", "apiKey": "{env:AXONHUB_API_KEY}"}
    assert found["model"] == "axonhub/m"
    assert "model" not in opencode.settings(8090, [])


def test_each_model_says_what_it_holds() -> None:
    """Where that is known."""
    models = opencode.settings(8090, ["m", "n", "o"], {"m": 200_000, "n": 4_096})["provider"]["axonhub"]["models"]
    assert models["m"]["limit"] == {"context": 200_000, "output": 32_000}
    assert models["n"]["limit"] == {"context": 4_096, "output": 1_024}
    assert models["o"] == {"name": "o"}


@pytest.mark.parametrize("given", ["", "{", "[]", '{"theme": "dark", "provider": {"mine": {"name": "x"}}}'])
def test_what_was_in_the_variable_stays(given: str) -> None:
    """A configuration that the user gave inline is merged with ours; one that cannot be read is replaced."""
    lines = {line.name: line.value for line in opencode.lines(8090, "ah-x", {opencode.INLINE: given}, ["m"])}
    content = json.loads(lines[opencode.INLINE] or "")
    assert content["provider"]["axonhub"]["name"] == "AxonHub"
    if "mine" in given:
        assert content["theme"] == "dark"
        assert content["provider"]["mine"] == {"name": "x"}


def test_the_file_is_the_one_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file with comments is used when the user has one."""
    assert opencode.file() == Path.home() / ".config" / "opencode" / "opencode.json"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "opencode").mkdir()
    (tmp_path / "opencode" / "opencode.jsonc").write_text("{}")
    assert opencode.file().name == "opencode.jsonc"

"""How clients are started: what the arguments and the environment say, and what is never in an argument."""

import json
import tomllib
from typing import Any

import pytest

from axonhub_cli.clients import codex
from axonhub_cli.clients.launch import RUNNABLE, Ask, Launch

TOKEN = "ah-token-for-tests"


def launch(command: str, **more: Any) -> Launch:
    """A start of that client on port 9000."""
    return RUNNABLE[command].launch(Ask(**{"port": 9000, "token": TOKEN, "environ": {}, "models": ("a", "b"), **more}))


def values(found: Launch) -> dict[str, str | None]:
    """The variables of a start."""
    return {line.name: line.value for line in found.lines}


@pytest.mark.parametrize("command", RUNNABLE)
def test_no_argument_and_no_repr_holds_the_key(command: str) -> None:
    """Arguments are there for everybody on the machine to read."""
    found = launch(command, model="m", settings={"env": {"ANTHROPIC_BASE_URL": "http://elsewhere"}})
    assert TOKEN not in " ".join([*found.arguments, found.overlay_by])
    assert TOKEN in values(found).values()
    assert TOKEN not in repr(Ask(port=1, token=TOKEN, environ={"X": TOKEN}))


def test_codex_gets_the_provider_as_arguments_that_are_toml() -> None:
    """`-c` values parse as TOML and say the same as the file that `setup codex` writes."""
    found = launch("codex", model='m"x')
    assert found.arguments[::2] == ("-c",) * 3
    said = [item.partition("=") for item in found.arguments[1::2]]
    parsed = {name: tomllib.loads(f"x = {value}")["x"] for name, _, value in said}
    assert parsed == {"model_provider": codex.PROVIDER, ".".join(codex.TABLE): codex.provider(9000), "model": 'm"x'}
    assert values(found) == {"AXONHUB_API_KEY": TOKEN}


def test_claude_code_gets_variables_alone() -> None:
    """Nothing in its settings stands against it: no argument is needed."""
    found = launch("claude", model="deepseek-chat", settings={"env": {"FOO": "1"}})
    assert (found.arguments, found.overlay) == ((), "")
    assert values(found)["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:9000/anthropic"
    assert values(found)["ANTHROPIC_MODEL"] == "deepseek-chat"


def test_claude_codes_settings_that_would_win_are_won_over() -> None:
    """Its settings file wins over the environment, so where they clash a second settings file says it again."""
    found = launch("claude", settings={"env": {"ANTHROPIC_BASE_URL": "http://elsewhere"}})
    assert found.overlay_by == "--settings"
    block = json.loads(found.overlay)["env"]
    assert block == {name: value for name, value in values(found).items() if value is not None}


def test_claude_code_that_goes_to_a_cloud_is_said() -> None:
    """Bedrock and the like win over everything: the user is told."""
    assert any("BEDROCK" in remark for remark in launch("claude", environ={"CLAUDE_CODE_USE_BEDROCK": "1"}).remarks)


def test_opencode_is_given_the_models_with_the_chosen_one_first() -> None:
    """The inline configuration lists what is offered; the chosen model leads and is in use."""
    content = json.loads(values(launch("opencode", model="b"))["OPENCODE_CONFIG_CONTENT"] or "")
    assert list(content["provider"]["axonhub"]["models"]) == ["b", "a"]
    assert content["model"] == "axonhub/b"


def test_gemini_is_told_of_its_sign_in() -> None:
    """Variables point it here; settings that send it elsewhere are named."""
    assert values(launch("gemini"))["GOOGLE_GEMINI_BASE_URL"] == "http://127.0.0.1:9000"
    assert "oauth" in launch("gemini", settings={"security": {"auth": {"selectedType": "oauth-personal"}}}).remarks[0]
    assert launch("gemini", settings={"security": {"auth": {"selectedType": "gemini-api-key"}}}).remarks == ()

"""`axonhub channel test --deep`, as it is typed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from axonhub_cli.cli.channel import app
from axonhub_cli.config import capabilities
from axonhub_cli.errors import AxonHubError, UsageError
from tests.clients.deep.model import Model, model


def run(home: Path, server: Model, *args: str) -> Result:
    """A run against this model, as channel c."""
    place = server.place
    text = f'[[channels]]\nname = "c"\ntype = "{place.channel.type}"\nbase_url = "{place.channel.base_url}"\nmodels = ["m"]\n'
    (home / "config.toml").write_text(text)
    return CliRunner().invoke(app, ["test", "c", *args])


def test_the_table_is_shown_and_kept(home: Path) -> None:
    """The cost first, then a line for each capability; the facts are there for others afterwards."""
    with model("anthropic") as server:
        result = run(home, server, "--deep", "--yes")
    assert result.exit_code == 0, result.output
    assert result.stderr.startswith("The deep test sends up to 13 requests to m on c: about ")
    for words in capabilities.NAMES.values():
        assert words in result.stdout
    (found,) = capabilities.read()
    assert (found.model, found.facts["parallel_tools"].state) == ("m", "yes")


def test_as_data(home: Path) -> None:
    """Facts by name, with where and when."""
    with model("openai-chat") as server:
        data = json.loads(run(home, server, "--deep", "--yes", "--json").stdout)
    assert list(data["facts"]) == list(capabilities.NAMES)
    assert (data["model"], data["protocol"], data["kept"]) == ("m", "openai-chat", True)


def test_nothing_is_sent_without_a_yes(home: Path) -> None:
    """The question has the cost in it; without a terminal it is an error."""
    with model("openai-chat") as server:
        result = run(home, server, "--deep")
        assert server.requests == []
    assert isinstance(result.exception, UsageError)
    assert "tokens in" in result.exception.message


@pytest.mark.parametrize("args", [("--deep", "--yes", "--protocol", "anthropic"), ("--yes",), ("--protocol", "openai-chat")])
def test_wrong_usage(home: Path, args: tuple[str, ...]) -> None:
    """A protocol that the channel does not speak; options that belong to --deep."""
    with model("openai-chat") as server:
        result = run(home, server, *args)
    assert isinstance(result.exception, AxonHubError)
    assert result.exception.exit_code == 2


def test_a_model_that_cannot_be_asked(home: Path) -> None:
    """Exit code 1, and nothing is kept."""
    with model("openai-chat") as server:
        pass
    result = run(home, server, "--deep", "--yes")
    assert result.exit_code == 1
    assert "Nothing was kept" in result.stdout
    assert capabilities.read() == []

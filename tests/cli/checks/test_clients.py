"""Clients as doctor sees them: files, this shell, projects, proxies."""

import json
import os
import socket
from pathlib import Path

import pytest

from axonhub_cli.cli.checks import clients
from axonhub_cli.cli.checks.finding import Finding
from axonhub_cli.cli.setup_call import set_up
from axonhub_cli.clients import codex
from axonhub_cli.config.keys import KeyStore
from axonhub_cli.config.paths import paths
from axonhub_cli.config.schema import Config, Server

OURS = "http://127.0.0.1:8090/anthropic"


def shell(**environ: str) -> list[tuple[str, str]]:
    """What is said about a shell with these variables."""
    return [(item.name, item.status) for item in clients.shell(paths(), Config(), environ)]


def test_no_client_is_a_remark() -> None:
    """With the two ways on."""
    (found,) = clients.files(paths(), Config(), {})
    assert found.status == "warn"
    assert "axonhub run claude" in str(found.remedy)


def test_clients_that_are_set_up_and_what_became_of_it() -> None:
    """Well after the set-up; a remark when the server has moved, or the user changed what was written; a broken file fails."""
    set_up("claude-code")
    assert [item.status for item in clients.files(paths(), Config(), {})] == ["ok"]
    (moved,) = clients.files(paths(), Config(server=Server(port=9000)), {})
    assert moved.status == "warn"
    assert "axonhub setup claude-code" in str(moved.remedy)
    settings = Path(os.environ["HOME"]) / ".claude" / "settings.json"
    settings.write_text("{ broken")
    (broken,) = clients.files(paths(), Config(), {})
    assert broken.status == "fail"


def test_a_shell_with_old_exports(home: Path) -> None:
    """Another port of this machine, a token that is no key, a real key beside it: each is said."""
    key = KeyStore(home / "keys.toml").create("a")
    assert shell(ANTHROPIC_BASE_URL=OURS, ANTHROPIC_AUTH_TOKEN=key.token) == []
    # an address elsewhere is none of ours
    assert shell(ANTHROPIC_BASE_URL="https://api.example.com") == []
    assert shell(ANTHROPIC_BASE_URL="http://localhost:9999/anthropic") == [("this shell: ANTHROPIC_BASE_URL", "warn")]
    assert shell(ANTHROPIC_AUTH_TOKEN="ah-gone") == [("this shell: ANTHROPIC_AUTH_TOKEN", "fail")]
    assert shell(ANTHROPIC_BASE_URL=OURS, ANTHROPIC_API_KEY="sk") == [("this shell: ANTHROPIC_API_KEY", "warn")]
    assert shell(CLAUDE_CODE_USE_BEDROCK="1") == [("this shell", "warn")]


def test_codex_needs_its_variable() -> None:
    """Set up in its file, but not in this shell."""
    set_up("codex")
    assert shell() == [("this shell: AXONHUB_API_KEY", "warn")]
    assert shell(AXONHUB_API_KEY="other") == []
    (codex.file().parent / "work.config.toml").write_text('model_provider = "openai"')
    assert shell(AXONHUB_API_KEY="other") == [("Codex", "warn")]


def test_lines_of_start_up_files_that_lead_nowhere() -> None:
    """What an earlier tool left in ~/.bashrc is named with its line; our own address, and one where somebody is, are fine."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        there = f"http://127.0.0.1:{listener.getsockname()[1]}"
        bases = [OURS, there, "http://127.0.0.1:9/x"]
        (Path.home() / ".bashrc").write_text("".join(f"export ANTHROPIC_BASE_URL={base}\n" for base in bases))
        assert shell() == [("~/.bashrc:3", "warn")]


def test_a_project_that_names_another_address(tmp_path: Path) -> None:
    """Settings in the folder or above it win over the user's, and are named; ours, broken ones and the user's own are not."""
    project = tmp_path / "project"
    for folder, base in ((project, OURS + "/"), (project / "a", "https://elsewhere.example"), (project / "b", None)):
        (folder / ".claude").mkdir(parents=True)
        text = json.dumps({"env": {"ANTHROPIC_BASE_URL": base}}) if base else "{ broken"
        (folder / ".claude" / "settings.json").write_text(text)

    def look(folder: str) -> list[Finding]:
        return list(clients.overrides(Config(), {}, project / folder))

    (found,) = look("a/deep/down")
    assert "https://elsewhere.example" in found.text
    assert str(project / "a" / ".claude" / "settings.json") in found.text
    assert look("b") == []


@pytest.mark.parametrize(
    ("environ", "statuses"),
    [({}, []), ({"HTTPS_PROXY": "http://p"}, ["warn"]), ({"http_proxy": "http://p", "no_proxy": "127.0.0.1,localhost"}, ["ok"])],
)
def test_proxies_that_swallow_this_machine(environ: dict[str, str], statuses: list[str]) -> None:
    """The remedy is the export that adds this machine to NO_PROXY."""
    found = list(clients.proxies(environ))
    assert [item.status for item in found] == statuses
    if statuses == ["warn"]:
        assert "NO_PROXY=127.0.0.1,localhost" in str(found[0].remedy)


def test_what_an_earlier_tool_left_behind() -> None:
    """Settings that send a client to a port of this machine where nothing listens are named; other addresses are not."""
    settings = Path(os.environ["HOME"]) / ".claude" / "settings.json"
    settings.parent.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": address}}))
        (living,) = clients.files(paths(), Config(), {})
    (dead,) = clients.files(paths(), Config(), {})
    assert (living.status, dead.status) == ("ok", "warn")
    assert "where nothing listens" in dead.text
    assert "axonhub setup claude-code --write" in str(dead.remedy)
    settings.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": "https://gateway.example"}}))
    assert [item.name for item in clients.files(paths(), Config(), {})] == ["set-up"]

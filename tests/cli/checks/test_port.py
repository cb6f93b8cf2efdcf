"""The server and its port: ours, another one, somebody else."""

import json
import os
import socket
import threading
from pathlib import Path

import pytest

from axonhub_cli import __version__
from axonhub_cli.cli.checks import port
from axonhub_cli.cli.checks.finding import Finding
from axonhub_cli.config import state
from axonhub_cli.config.keys import KeyStore
from axonhub_cli.config.paths import paths
from axonhub_cli.config.schema import Config, Server
from tests.cli.local_server import ModelServer, model_server


def server(number: int) -> list[Finding]:
    """The findings, when config.toml names that port."""
    return list(port.server(paths(), Config(server=Server(port=number))))


def runs(home: Path, found: ModelServer, version: str = __version__) -> None:
    """Make a loopback server look like ours, and server.json say that it runs."""
    found.answers["/health"] = {"ok": True, "instance": "i", "version": version}
    ours = state.ServerState(pid=os.getpid(), host="127.0.0.1", port=found.server_port, started=0, instance="i", admin_token="t")
    state.write(home / "server.json", ours)


def test_ours_is_recognised_and_opens_with_a_key(home: Path) -> None:
    """The same version on the port of config.toml, and a local key is let in."""
    key = KeyStore(home / "keys.toml").create("laptop")
    with model_server("m", key=key.token) as found:
        runs(home, found)
        findings = server(found.server_port)
    assert [(item.name, item.status) for item in findings] == [("server", "ok"), ("key", "ok")]
    assert "laptop is let in; 1 model on offer" in findings[1].text


def test_what_it_says_is_wrong_is_passed_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace store in trouble is a remark, with where to look."""
    with model_server("m") as found:
        runs(home, found)
        trouble = {"error": "The disk is full.", "dropped_rows": 0, "dropped_bodies": 0}
        monkeypatch.setattr(state, "ask", lambda _: {"store": trouble, "otlp": None, "loop_lag_ms": {}})
        findings = server(found.server_port)
    assert [(item.name, item.status, item.text) for item in findings if item.status != "ok"] == [
        ("status", "warn", "traces: The disk is full.")]  # fmt: skip


def test_ours_in_another_version_on_another_port_with_other_keys(home: Path) -> None:
    """Each is said, with what to do."""
    KeyStore(home / "keys.toml").create("laptop")
    with model_server("m", key="another") as found:
        runs(home, found, "0.0.1")
        findings = server(1)
    assert [(item.name, item.status) for item in findings] == [("server", "warn"), ("port", "warn"), ("key", "fail")]


def test_a_stale_server_json_is_removed_only_while_it_is_stale(home: Path) -> None:
    """The fix takes the file away; not, when a server has started meanwhile."""
    state.write(
        home / "server.json", state.ServerState(pid=2**22, host="127.0.0.1", port=1, started=0, instance="i", admin_token="t")
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    stale, idle = server(number)
    assert (stale.name, stale.status, idle.status) == ("server.json", "warn", "warn")
    assert "Start it" in str(idle.remedy)
    assert stale.fix is not None
    with model_server("m") as found:
        runs(home, found)
        assert "alone" in stale.fix()
        assert (home / "server.json").exists()
    assert "Removed" in stale.fix()
    assert not (home / "server.json").exists()


OTHERS = {
    "another axonhub": ({"/health": {"ok": True, "instance": "x"}}, "another axonhub"),
    "the AxonHub server": (
        {"/health": {"status": "healthy"}, "/admin/system/status": {"isInitialized": True}},
        "an AxonHub server",
    ),
    "a web server": ({}, "another web server"),
}


@pytest.mark.parametrize(("answers", "who"), OTHERS.values(), ids=OTHERS)
def test_who_holds_the_port_is_told_by_what_it_answers(answers: dict[str, object], who: str) -> None:
    """A failure that names who it is, with another port as the remedy."""
    with model_server("m") as found:
        found.answers.update(answers)
        (finding,) = server(found.server_port)
        assert finding.status == "fail"
        assert who in finding.text
        assert f"--port {found.server_port + 1}" in str(finding.remedy)


def test_something_that_speaks_no_http() -> None:
    """A greeting that is no HTTP answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"SSH-2.0-x\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        assert port.identify(listener.getsockname()[1]) == "a program that speaks no HTTP"
        thread.join()


def test_the_process_behind_a_port(tmp_path: Path) -> None:
    """Its number and program are found through the system's own tables."""
    net, process = tmp_path / "net", tmp_path / "4711"
    net.mkdir()
    (process / "fd").mkdir(parents=True)
    (net / "tcp").write_text(
        "  sl  local_address rem_address st tx rx tr tm retr uid timeout inode\n"
        "   0: 0100007F:1F9A 00000000:0000 0A 0:0 0:0 0 0 0 999 1\n"
        "   1: 0100007F:1F9B 00000000:0000 01 0:0 0:0 0 0 0 777 1\n"
    )
    (process / "fd" / "3").symlink_to("socket:[999]")
    (process / "cmdline").write_bytes(b"/usr/bin/python3\0-m\0x\0")
    assert port.holder(8090, tmp_path) == "pid 4711, python3"
    assert port.holder(8091, tmp_path) == ""
    (process / "fd" / "3").unlink()
    assert port.holder(8090, tmp_path) == "of another user"


def test_findings_have_no_token(home: Path) -> None:
    """Neither the key nor the admin token is in what is said."""
    key = KeyStore(home / "keys.toml").create("laptop")
    with model_server("m", key=key.token) as found:
        runs(home, found)
        said = json.dumps([item.text + (item.remedy or "") for item in server(found.server_port)])
    assert key.token not in said

"""Our own files: each thing that can be wrong with them is found, and what is safe is mended."""

import sqlite3
from pathlib import Path

import pytest

from axonhub_cli.cli.checks import files
from axonhub_cli.cli.checks.finding import Finding
from axonhub_cli.config.keys import KeyStore
from axonhub_cli.config.paths import paths
from axonhub_cli.config.store import load


def config() -> list[Finding]:
    """The findings about config.toml."""
    return list(files.config(paths(), load(paths().config_file)))


def test_an_empty_home_is_well_and_lacks_channels() -> None:
    """No file is no mistake; no channel is a remark."""
    assert [(item.name, item.status) for item in config()] == [("config.toml", "ok"), ("channels", "warn")]


def test_a_file_that_others_may_change_is_mended(home: Path) -> None:
    """The remedy is a command, and the fix does just that."""
    file = home / "config.toml"
    file.write_text('[[channels]]\nname = "a"\ntype = "ollama"\n')
    file.chmod(0o666)
    (found,) = [item for item in config() if item.status != "ok"]
    assert f"chmod 644 {file}" in str(found.remedy)
    assert found.fix is not None
    assert "0644" in found.fix()
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_draft_left_behind_is_named(home: Path) -> None:
    """What an interrupted `config edit` left."""
    (home / "config.draft.toml").write_text("x")
    assert "config.draft.toml" in [item.name for item in config()]


def test_private_files_open_to_others(home: Path) -> None:
    """Keys, secrets, traces and server.json: found and closed again."""
    KeyStore(home / "keys.toml").create("a")
    (home / "secrets").mkdir()
    for name in ("keys.toml", "traces.db", "server.json", "secrets/deepseek"):
        (home / name).touch()
        (home / name).chmod(0o644)
    found = list(files.private(paths()))
    assert sorted((item.name, item.status) for item in found) == [
        ("deepseek", "warn"), ("keys.toml", "fail"), ("server.json", "warn"), ("traces.db", "warn"),
    ]  # fmt: skip
    for item in found:
        assert item.fix is not None
        item.fix()
    assert list(files.private(paths())) == []


def test_keys(home: Path) -> None:
    """None is a remark; their names are told, their tokens never."""
    assert [item.status for item in files.keys(paths())] == ["warn"]
    key = KeyStore(home / "keys.toml").create("laptop")
    (found,) = files.keys(paths())
    assert found.status == "ok"
    assert "laptop" in found.text
    assert key.token not in found.text


def test_the_trace_store(home: Path) -> None:
    """Not there, whole, damaged."""
    file = home / "traces.db"
    assert next(files.database(paths())).text == "no traces yet"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    assert next(files.database(paths())).status == "ok"
    file.write_bytes(b"this is no database, whatever its name says" * 100)
    assert next(files.database(paths())).status == "fail"


def test_a_store_of_a_later_version_and_a_locked_one(home: Path) -> None:
    """Neither is damaged: one needs an update, the other a moment."""
    connection = sqlite3.connect(home / "traces.db", isolation_level=None)
    connection.execute("PRAGMA user_version=999")
    (found,) = files.database(paths())
    assert (found.status, "later axonhub" in found.text, found.fix) == ("fail", True, None)
    connection.execute("BEGIN EXCLUSIVE")
    (found,) = files.database(paths())
    connection.close()
    assert (found.status, "locked" in found.text, found.fix) == ("warn", True, None)


@pytest.mark.parametrize(("free", "status"), [(10, "fail"), (200, "warn"), (10_000, "ok")])
def test_room_for_traces(monkeypatch: pytest.MonkeyPatch, free: int, status: str) -> None:
    """Little space is a remark, hardly any a failure."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": free * 1024**2}))
    assert next(files.disk(paths(), None)).status == status


def test_a_damaged_store_is_set_aside(home: Path) -> None:
    """Its bytes are kept under another name, and the place is free."""
    (home / "traces.db").write_bytes(b"no database" * 100)
    (found,) = files.database(paths())
    assert found.fix is not None
    assert "traces.db.corrupt-1" in found.fix()
    assert (home / "traces.db.corrupt-1").read_bytes() == b"no database" * 100
    assert next(files.database(paths())).status == "ok"

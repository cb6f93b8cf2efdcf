"""Where our files are."""

from pathlib import Path

import pytest

from axonhub_cli.config.paths import paths


def test_axonhub_home_puts_every_file_into_one_folder(home: Path) -> None:
    """With AXONHUB_HOME set, nothing of ours is anywhere else."""
    found = paths()
    files = [found.config_file, found.keys_file, found.journal_file, found.database, found.server_file]
    assert [file.relative_to(home).as_posix() for file in files] == [
        "config.toml",
        "keys.toml",
        "setup-journal.toml",
        "traces.db",
        "server.json",
    ]


def test_the_environment_is_read_at_each_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed AXONHUB_HOME counts at once, and a ~ in it is the user's home."""
    monkeypatch.setenv("AXONHUB_HOME", str(tmp_path / "one"))
    assert paths().config_dir == tmp_path / "one"
    monkeypatch.setenv("AXONHUB_HOME", "~/two")
    assert paths().data_dir == Path.home() / "two"


def test_a_relative_home_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A later change of the working directory does not move our files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AXONHUB_HOME", "here")
    assert paths().state_dir == tmp_path / "here"


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_the_platform_decides(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset or empty, the folders are the platform's, below the user's home, and named after us."""
    monkeypatch.delenv("AXONHUB_HOME") if value is None else monkeypatch.setenv("AXONHUB_HOME", value)
    found = paths()
    for folder in (found.config_dir, found.data_dir, found.state_dir):
        assert folder.is_relative_to(Path.home())
        assert "axonhub" in folder.parts

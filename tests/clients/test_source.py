"""A client's own file: read whole or not at all, written only if it is still what was read."""

from pathlib import Path

import pytest

from axonhub_cli.clients import source
from axonhub_cli.errors import ClientFileError


def test_a_missing_file_is_empty(tmp_path: Path) -> None:
    """No file reads as an empty one, and writing makes it, private."""
    found = source.read(tmp_path / "new" / "x.json", "json")
    assert (found.data, found.text, found.value) == (None, "", {})
    source.write(found, "{}\n")
    assert found.path.read_bytes() == b"{}\n"
    assert found.path.stat().st_mode & 0o777 == 0o600


def test_a_byte_order_mark_is_set_aside_and_put_back(tmp_path: Path) -> None:
    """The text has no mark, the bytes keep it."""
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\n")
    found = source.read(path, "toml")
    assert found.text == "a = 1\n"
    source.write(found, "a = 2\n")
    assert path.read_bytes() == b"\xef\xbb\xbfa = 2\n"


def test_restore_puts_back_bytes_or_takes_the_file_away(tmp_path: Path) -> None:
    """Exact bytes return; a file that was not there before goes, unless it changed meanwhile."""
    path = tmp_path / "x.json"
    path.write_bytes(b"{}")
    found = source.read(path, "json")
    source.restore(found, b"\xef\xbb\xbf[]")
    assert path.read_bytes() == b"\xef\xbb\xbf[]"
    with pytest.raises(ClientFileError, match="meanwhile"):
        source.restore(found, None)
    assert path.exists()
    path.write_bytes(b"{}")
    source.restore(found, None)
    assert not path.exists()


def test_the_folder_may_not_be_a_file(tmp_path: Path) -> None:
    """A file where the folder should be is named."""
    (tmp_path / "codex").write_text("")
    with pytest.raises(ClientFileError):
        source.check_writable(tmp_path / "codex" / "config.toml")


def test_a_bad_file_is_named_with_line(tmp_path: Path) -> None:
    """The error of broken JSON says which file and where in it."""
    path = tmp_path / "settings.json"
    path.write_text('{\n  "a": }\n')
    with pytest.raises(ClientFileError, match="line 2") as caught:
        source.read(path, "json")
    assert str(path) in caught.value.message

"""Where a secret goes (what is typed for it is tested with `channel`)."""

import io
from pathlib import Path

import pytest

from axonhub_cli.cli import secret
from axonhub_cli.config import secrets
from axonhub_cli.config.secrets import BackendInfo
from axonhub_cli.errors import SecretError


def obtain(monkeypatch: pytest.MonkeyPatch, text: str, *, insecure_file: bool = False) -> str | None:
    """A secret on stdin."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return secret.obtain("deepseek", "DEEPSEEK_API_KEY", None, stdin=True, insecure_file=insecure_file)


def test_a_usable_keyring_takes_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a keyring the secret goes there, under the channel's name, and no file is written."""
    stored: dict[str, str] = {}
    monkeypatch.setattr(secrets, "backend", lambda: BackendInfo("a keyring", True, ""))
    monkeypatch.setattr(secrets, "store", stored.__setitem__)
    assert obtain(monkeypatch, "value\n") == "keyring:deepseek"
    assert stored == {"keyring:deepseek": "value"}
    assert list(home.iterdir()) == []


def test_a_file_is_never_written_unasked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a keyring the reason and all choices are told; the flag is the consent."""
    monkeypatch.setattr(secrets, "backend", lambda: BackendInfo("", False, "It is locked."))
    with pytest.raises(SecretError, match="It is locked") as caught:
        obtain(monkeypatch, "value")
    assert "--insecure-file" in str(caught.value.hint)
    assert "into the keyring" not in str(caught.value.hint)
    assert str(caught.value.hint).startswith("Unlock it and run this again.")
    assert "value" not in caught.value.message
    assert list(home.iterdir()) == []
    assert obtain(monkeypatch, "value", insecure_file=True) == "file:secrets/deepseek"


@pytest.mark.parametrize("text", ["two words", "line\nbreak", "ümlaut", "x" * 5000])
def test_what_cannot_be_a_key_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A pasted page or a typing error is not stored, and not repeated."""
    with pytest.raises(SecretError) as caught:
        obtain(monkeypatch, text, insecure_file=True)
    assert text not in str(caught.value)
    assert list(home.iterdir()) == []

"""The helper process: which keyrings it may use, and how it answers."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from axonhub_cli.config import keyring_helper

HELPER = Path(keyring_helper.__file__)


def test_only_real_keyrings_are_on_the_list() -> None:
    """No backend that forgets, fails, prompts or writes plain text can be chosen, on any system."""
    listed = {(module, name) for backends in keyring_helper.BACKENDS.values() for _, module, name in backends}
    assert listed == {
        ("keyring.backends.macOS", "Keyring"),
        ("keyring.backends.Windows", "WinVaultKeyring"),
        ("keyring.backends.SecretService", "Keyring"),
        ("keyring.backends.kwallet", "DBusKeyring"),
    }


@pytest.mark.parametrize(("_", "module", "name"), keyring_helper.BACKENDS["linux"])
def test_the_listed_backends_exist(_: str, module: str, name: str) -> None:
    """The installed keyring has these classes under these names."""
    assert isinstance(getattr(importlib.import_module(module), name), type)


def errors() -> list[tuple[str, str, str]]:
    return [
        ("keyring.errors", "KeyringLocked", "locked"),
        ("keyring.errors", "InitError", "locked"),
        ("keyring.errors", "NoKeyringError", "no_backend"),
        ("keyring.errors", "PasswordDeleteError", "not_found"),
        ("keyring.errors", "PasswordSetError", "failed"),
        ("secretstorage.exceptions", "LockedException", "locked"),
        ("secretstorage.exceptions", "SecretServiceNotAvailableException", "no_backend"),
        ("builtins", "ValueError", "failed"),
    ]


@pytest.mark.parametrize(("module", "name", "kind"), errors())
def test_each_error_of_the_libraries_has_its_kind(module: str, name: str, kind: str) -> None:
    """The names that the helper goes by are those of the installed libraries."""
    if module.startswith("secretstorage"):
        pytest.importorskip("secretstorage", reason="Linux only")
    error = getattr(importlib.import_module(module), name)
    assert keyring_helper._kind(error("x")) == kind


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a keyring")
@pytest.mark.parametrize("op", ["get", "set", "delete", "probe"])
def test_an_answer_is_one_json_object_whatever_happens(op: str) -> None:
    """Without a keyring each operation answers what is missing, and never repeats a value."""
    job = json.dumps({"op": op, "service": "axonhub:x", "value": "sk-axonhub-0123456789"})
    done = subprocess.run([sys.executable, "-P", str(HELPER)], input=job, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert answer["error"] == "no_backend"
    assert "Secret Service: " in answer["detail"]
    assert "KWallet: " in answer["detail"]
    assert "sk-axonhub" not in done.stdout + done.stderr


class Fake:
    """A keyring in memory that may lose what it is given."""

    priority = 1.0
    items: dict[str, str] = {}  # noqa: RUF012  # one store for all instances, as a keyring has

    def get_password(self, service: str, user: str) -> str | None:
        return self.items.get(service)

    def set_password(self, service: str, user: str, value: str) -> None:
        self.items[service] = value[:5]


def test_what_comes_back_different_was_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A keyring that cuts a value off is found out when storing, not at the first request."""
    monkeypatch.setattr(keyring_helper, "choose", lambda: ("Fake", Fake()))
    assert keyring_helper.run({"op": "set", "service": "a", "value": "short"}) == {"value": None, "backend": "Fake"}
    assert keyring_helper.run({"op": "get", "service": "a"}) == {"value": "short", "backend": "Fake"}
    with pytest.raises(keyring_helper._Failed, match="something else than was stored"):
        keyring_helper.run({"op": "set", "service": "a", "value": "too long"})

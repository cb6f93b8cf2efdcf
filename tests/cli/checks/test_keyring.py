"""The keyring and the secrets: what is missing matters as much as channels need it."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from axonhub_cli.cli.checks import keyring
from axonhub_cli.config.schema import Channel, Config

NEEDS = Config(channels=(Channel(name="c", type="deepseek", secrets=("keyring:c",)),))


DOES_WITHOUT = Config(channels=(Channel(name="c", type="deepseek", secrets=("env:C",)),))


@pytest.mark.parametrize(("config", "status"), [(NEEDS, "fail"), (Config(), "warn"), (DOES_WITHOUT, "ok")])
def test_no_keyring(config: Config, status: str) -> None:
    """Without a session bus there is no keyring: a failure for a channel that needs it, a remark while there is none, and well
    where all channels do without."""
    (found,) = keyring.keyring(config, {})
    assert found.status == status
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert "no D-Bus session" in found.text


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")
def test_the_bus_itself_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A named bus that nobody answers is told apart from none, and from one that does."""
    monkeypatch.chdir(tmp_path)  # socket paths are short
    address: Mapping[str, str] = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=bus,guid=1"}
    assert "does not answer" in keyring.session_bus(address)
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind("bus")
        bus.listen()
        assert keyring.session_bus(address) == ""
        assert keyring.session_bus({"XDG_RUNTIME_DIR": str(tmp_path.relative_to(tmp_path))}) == ""
    assert keyring.session_bus({"DBUS_SESSION_BUS_ADDRESS": "unix:abstract=/x"}) == ""


def test_each_reference_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be read is a failure that names channel and reference; no value is ever shown."""
    monkeypatch.setenv("GOOD", "very-secret")
    channels = (
        Channel(name="a", type="deepseek", secrets=("env:GOOD", "env:ABSENT")),
        Channel(name="off", type="deepseek", secrets=("env:ABSENT_TOO",), enabled=False),
    )
    (found,) = keyring.references(Config(channels=channels))
    assert (found.name, found.status) == ("a: env:ABSENT", "fail")
    assert "axonhub channel secret a" in str(found.remedy)
    (found,) = keyring.references(Config(channels=(Channel(name="a", type="deepseek", secrets=("env:GOOD",)),)))
    assert found.status == "ok"
    assert "very-secret" not in found.text
    assert list(keyring.references(Config())) == []


def test_a_missing_keyring_is_explained_once() -> None:
    """Its own line says why; the references that need it are short, and their remedy names the channel."""
    (found,) = keyring.references(NEEDS)
    assert found.text == "is out of reach without the keyring"
    assert str(found.remedy).endswith("axonhub channel secret c --secret env:VAR")

"""A real Secret Service: gnome-keyring on a session bus of its own, unlocked as on a headless machine.

Each test runs a script on such a bus; the script prints what happened.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_NEEDED = ("dbus-run-session", "gnome-keyring-daemon")
_MISSING = [name for name in _NEEDED if shutil.which(name) is None]
pytestmark = [pytest.mark.keyring, pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {', '.join(_MISSING)}")]

VALUE = "sk-axonhub-0123456789abcdef"
_UNLOCK = 'printf "pw\\n" | gnome-keyring-daemon --unlock --components=secrets >/dev/null; exec "$@"'
_PRELUDE = f"""
import os, signal
from axonhub_cli.config.secrets import SecretCache, backend, delete, read, store
from axonhub_cli.errors import SecretError
VALUE = {VALUE!r}

def error(act, *args, **more):
    try:
        act(*args, **more)
    except SecretError as caught:
        assert VALUE not in str(caught)
        return caught.message
    return "no error"

def daemon():
    from jeepney import DBusAddress, new_method_call
    from jeepney.io.blocking import open_dbus_connection
    bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
    with open_dbus_connection("SESSION") as connection:
        call = new_method_call(bus, "GetConnectionUnixProcessID", "s", ("org.freedesktop.secrets",))
        return connection.send_and_get_reply(call).body[0]
"""


def on_a_bus(script: str, *, unlock: bool = True) -> list[str]:
    """What the script printed, line by line."""
    python = [sys.executable, "-c", _PRELUDE + script]
    command = ["dbus-run-session", "--", *(["bash", "-c", _UNLOCK, "bash"] if unlock else []), *python]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0, done.stderr
    assert VALUE not in done.stderr
    return done.stdout.splitlines()


def test_a_secret_is_stored_read_replaced_and_deleted() -> None:
    """The keyring keeps one item per key, and gives back what was stored last."""
    assert on_a_bus("""
store("keyring:deepseek", VALUE)
store("keyring:other", VALUE + "2")
print(read("keyring:deepseek"), SecretCache().get("keyring:other"))
store("keyring:deepseek", VALUE + "3")
print(read("keyring:deepseek"))
delete("keyring:deepseek")
print(error(read, "keyring:deepseek"))
print(error(delete, "keyring:deepseek"))
print(read("keyring:other"))
""") == [
        f"{VALUE} {VALUE}2",
        f"{VALUE}3",
        "The keyring has no secret named 'deepseek'.",
        "The keyring has no secret named 'deepseek'.",
        f"{VALUE}2",
    ]


def test_items_are_named_so_that_people_find_them() -> None:
    """Each key is an item of the service axonhub:NAME in the user's own keyring manager."""
    assert on_a_bus("""
import secretstorage
store("keyring:deepseek", VALUE)
connection = secretstorage.dbus_init()
attributes = {"service": "axonhub:deepseek", "username": "axonhub"}
found = list(secretstorage.get_default_collection(connection).search_items(attributes))
print(len(found), found[0].get_secret().decode() == VALUE)
connection.close()
""") == ["1 True"]


def test_the_keyring_is_described() -> None:
    """doctor learns its name and that it answers."""
    assert on_a_bus("print(backend())") == ["BackendInfo(name='Secret Service', usable=True, detail='')"]


def test_a_locked_keyring_is_a_sentence() -> None:
    """Where nobody can be asked to unlock it, the error says locked, and nothing is stored elsewhere."""
    lines = on_a_bus("""
import secretstorage
store("keyring:deepseek", VALUE)
connection = secretstorage.dbus_init()
secretstorage.get_default_collection(connection).lock()
connection.close()
print(error(read, "keyring:deepseek", timeout=20))
print(error(store, "keyring:other", VALUE, timeout=20))
print(backend(timeout=20).usable)
""")
    assert [line.startswith("The keyring is locked: ") for line in lines[:2]] == [True, True]
    assert lines[2] == "False"


def test_a_keyring_that_was_never_unlocked_is_a_sentence() -> None:
    """A bus that could start the daemon, without anybody who could type a password: an error that names the remedy."""
    *_, line = on_a_bus('print(error(read, "keyring:deepseek", timeout=20))', unlock=False)
    assert line.startswith(("The keyring is locked: ", "There is no keyring here", "The keyring has no secret named"))


def test_a_daemon_that_hangs_costs_the_timeout_and_no_more() -> None:
    """A stopped daemon never answers; the error comes after the timeout, and all is well when it goes on."""
    assert on_a_bus("""
store("keyring:deepseek", VALUE)
pid = daemon()
os.kill(pid, signal.SIGSTOP)
try:
    print(error(read, "keyring:deepseek", timeout=1))
    print(error(SecretCache(timeout=1).get, "keyring:deepseek"))
    print(backend(timeout=1).usable)
finally:
    os.kill(pid, signal.SIGCONT)
print(read("keyring:deepseek", timeout=20))
""") == ["The keyring did not answer within 1 s."] * 2 + ["False", VALUE]


def test_the_secret_is_not_on_the_disk_in_plain_text() -> None:
    """What the daemon wrote below the user's home does not contain the value."""
    on_a_bus('store("keyring:deepseek", VALUE)')
    files = [path for path in Path.home().rglob("*") if path.is_file() and not path.is_symlink()]
    assert any(path.suffix == ".keyring" for path in files)
    assert not any(VALUE.encode() in path.read_bytes() for path in files)

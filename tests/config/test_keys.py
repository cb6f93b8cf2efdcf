"""Local keys are kept in a private file and found by their token."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from axonhub_cli.config.keys import Key, KeyStore
from axonhub_cli.errors import ConfigError, UsageError


@pytest.fixture
def path(home: Path) -> Path:
    return home / "keys.toml"


def test_a_new_key_is_found_by_its_token_only(path: Path) -> None:
    """A created key has a token of the promised form, and nothing else opens the door."""
    store = KeyStore(path)
    key = store.create("laptop", "work")
    assert re.fullmatch(r"ah-[A-Za-z0-9_-]{43}", key.token)
    assert (key.name, key.profile) == ("laptop", "work")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", key.created)
    assert store.find(key.token) == key
    for wrong in ("", "ah-", key.token[:-1], key.token + "x", key.token.upper(), "laptop", "\udcff", "ключ"):
        assert store.find(wrong) is None


def test_the_file_is_private_and_says_what_it_holds(path: Path) -> None:
    """keys.toml is 0600 and holds names, tokens, profiles and times, no more."""
    store = KeyStore(path)
    one, two = store.create("one"), store.create("two", "p")
    assert path.stat().st_mode & 0o777 == 0o600
    assert tomllib.loads(path.read_text()) == {
        "keys": {
            "one": {"token": one.token, "created": one.created},
            "two": {"token": two.token, "created": two.created, "profile": "p"},
        }
    }
    assert KeyStore(path).keys == [one, two]


def test_a_token_does_not_show(path: Path) -> None:
    """Neither the repr of a key nor an error about a damaged file tells the token."""
    key = KeyStore(path).create("laptop")
    assert key.token not in repr(key)
    assert key.token not in f"{[key]}"
    path.write_text(path.read_text().replace('created = "', 'created = "x\ny'))
    with pytest.raises(ConfigError, match="damaged") as caught:
        KeyStore(path)
    assert key.token not in str(caught.value)
    assert caught.value.__suppress_context__


def test_rotating_keeps_name_and_profile(path: Path) -> None:
    """The old token is worth nothing at once, the new one everything."""
    store = KeyStore(path)
    old = store.create("laptop", "work")
    new = store.rotate("laptop")
    assert (new.name, new.profile) == ("laptop", "work")
    assert store.find(old.token) is None
    assert store.find(new.token) == new


def test_profile_and_removal(path: Path) -> None:
    """A key's profile can be set and unset; a removed key is gone from the file."""
    store = KeyStore(path)
    key = store.create("laptop")
    assert store.set_profile("laptop", "work").profile == "work"
    assert store.set_profile("laptop", None).profile is None
    store.remove("laptop")
    assert (store.keys, store.find(key.token), KeyStore(path).keys) == ([], None, [])


def test_wrong_names_are_refused(path: Path) -> None:
    """Names that are taken, unfit or unknown are sentences that name the choice."""
    store = KeyStore(path)
    store.create("laptop")
    with pytest.raises(UsageError, match="already"):
        store.create("laptop")
    for name in ("", "a b", "-a", "a/b", "x" * 65, "ü"):
        with pytest.raises(UsageError, match="cannot be the name"):
            store.create(name)
    for act in (store.rotate, store.remove, lambda name: store.set_profile(name, None)):
        with pytest.raises(UsageError, match="no key named 'phone'") as caught:
            act("phone")
        assert caught.value.hint == "Keys: laptop."


def test_a_running_server_sees_changes(path: Path) -> None:
    """poll takes what another process wrote, and says whether keys changed."""
    server, command = KeyStore(path), KeyStore(path)
    assert server.poll() is False
    key = command.create("laptop")
    assert server.find(key.token) is None
    assert (server.poll(), server.find(key.token), server.poll()) == (True, key, False)
    command.remove("laptop")
    assert (server.poll(), server.keys) == (True, [])


def test_a_running_server_survives_a_broken_file(path: Path) -> None:
    """The last good keys stay, with the reason, until the file is good again."""
    server = KeyStore(path)
    key = server.create("laptop")
    good = path.read_bytes()
    path.write_bytes(b"[[[")
    assert (server.poll(), server.keys) == (False, [key])
    assert "damaged" in str(server.error)
    path.write_bytes(good)
    assert (server.poll(), server.error, server.keys) == (False, None, [key])


@pytest.mark.skipif(os.name != "posix", reason="modes as POSIX has them")
def test_a_file_that_others_can_read_is_refused(path: Path) -> None:
    """A key that others may have read is no secret; the hint is the command to run."""
    KeyStore(path).create("laptop")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="read by other users") as caught:
        KeyStore(path)
    assert caught.value.hint == f"Run: chmod 600 {path}"


@pytest.mark.parametrize("text", ["a = 1\n[keys.x]\n", "keys = 1", "[keys]\nx = 1", "[keys.x]\ntoken = 1"])
def test_a_damaged_file_is_a_sentence(path: Path, text: str) -> None:
    """What is not keys is reported with what to do."""
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(ConfigError, match="damaged") as caught:
        KeyStore(path)
    assert "axonhub key create" in str(caught.value.hint)


def test_two_commands_at_once_both_count(path: Path) -> None:
    """Processes that create keys at the same time lose none."""
    script = (
        "import sys; from pathlib import Path; from axonhub_cli.config.keys import KeyStore\n"
        "for number in range(10): KeyStore(Path(sys.argv[1])).create(sys.argv[2] + str(number))\n"
    )
    root = Path(__file__).parents[2]
    running = [subprocess.Popen([sys.executable, "-c", script, str(path), name], cwd=root) for name in ("a", "b")]
    assert [process.wait(60) for process in running] == [0, 0]
    assert sorted(key.name for key in KeyStore(path).keys) == sorted(f"{name}{number}" for name in "ab" for number in range(10))


def test_keys_are_values() -> None:
    """Equal content is an equal key."""
    assert Key(name="a", token="t") == Key(name="a", token="t")

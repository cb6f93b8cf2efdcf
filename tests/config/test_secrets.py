"""Secrets from the environment and from files; a keyring that is not there; the cache."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from axonhub_cli.config import secrets
from axonhub_cli.config.secrets import SecretCache, backend, delete, read, store
from axonhub_cli.errors import SecretError

VALUE = "sk-axonhub-0123456789abcdef"
posix = pytest.mark.skipif(os.name != "posix", reason="modes and owners as POSIX has them")


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """env:NAME is the variable's value."""
    monkeypatch.setenv("SOME_KEY", VALUE)
    assert read("env:SOME_KEY") == VALUE


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "The environment variable SOME_KEY is not set."),
        ("", "The environment variable SOME_KEY is empty."),
        (f"{VALUE} ", "The environment variable SOME_KEY has spaces, line breaks"),
        (f"{VALUE}\n", "The environment variable SOME_KEY has spaces, line breaks"),
        (f"{VALUE}\x1b[0m", "The environment variable SOME_KEY has spaces, line breaks"),
        (f"{VALUE}ü", "The environment variable SOME_KEY has spaces, line breaks"),
        ("x" * 1201, "The environment variable SOME_KEY is longer than 1200"),
    ],
)
def test_a_variable_that_holds_no_key_is_a_sentence(value: str | None, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset, empty and damaged values are told apart, and the value is not repeated."""
    if value is not None:
        monkeypatch.setenv("SOME_KEY", value)
    with pytest.raises(SecretError) as caught:
        read("env:SOME_KEY")
    assert caught.value.message.startswith(message)
    assert caught.value.hint
    assert VALUE not in str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(f"{VALUE}\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_private_file_is_read(file: Path, end: str) -> None:
    """One line end after the secret does not belong to it."""
    file.write_bytes(f"{VALUE}{end}".encode())
    assert read(f"file:{file}") == VALUE


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"\n\n", VALUE.encode() + b"\n\n", VALUE.encode() + b"\nmore\n", b"\xff\xfe", b"x" * 70_000]
)
def test_a_file_that_holds_no_key_is_a_sentence(file: Path, content: bytes) -> None:
    """Empty files, several lines, bytes that are not text and large files are refused without repeating them."""
    file.write_bytes(content)
    with pytest.raises(SecretError, match="secret file") as caught:
        read(f"file:{file}")
    assert VALUE not in str(caught.value)


@posix
def test_a_file_that_others_can_read_is_refused(file: Path) -> None:
    """The hint is the command that takes the right away."""
    for mode in (0o640, 0o604, 0o644, 0o660):
        file.chmod(mode)
        with pytest.raises(SecretError, match="other users") as caught:
            read(f"file:{file}")
        assert caught.value.hint == f"Run: chmod 600 {file}"


@posix
def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    """A folder, a FIFO without a writer, a device and a missing file are sentences, not hangs."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero"), tmp_path / "missing"):
        with pytest.raises(SecretError, match="secret file"):
            read(f"file:{path}")


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_somebody_else_is_refused(file: Path) -> None:
    """A secret that another user wrote may be his to change."""
    os.chown(file, 12345, 12345)
    with pytest.raises(SecretError, match="belongs to another user"):
        read(f"file:{file}")


def test_a_file_is_stored_privately_and_deleted(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """file: references are written 0600; relative ones are in our own folder, never in the working directory."""
    monkeypatch.chdir(tmp_path)
    store("file:keys/deepseek", VALUE)
    path = home / "keys" / "deepseek"
    assert path.stat().st_mode & 0o777 == 0o600
    assert read("file:keys/deepseek") == VALUE
    delete("file:keys/deepseek")
    assert not path.exists()
    with pytest.raises(SecretError, match="cannot be removed"):
        delete("file:keys/deepseek")


@pytest.mark.parametrize("value", ["", " ", "a b", "a\nb", "a\tb", "a\x00b", "ключ", "x" * 1201])
def test_what_cannot_be_a_key_is_not_stored(value: str, home: Path) -> None:
    """Storing checks like reading does; nothing is written."""
    for ref in ("file:key", "keyring:key"):
        with pytest.raises(SecretError, match="The secret"):
            store(ref, value)
    assert not (home / "key").exists()


def test_a_program_cannot_set_the_shells_environment() -> None:
    """env: references can be neither stored nor deleted; the hint is the shell's command."""
    with pytest.raises(SecretError) as caught:
        store("env:SOME_KEY", VALUE)
    assert caught.value.hint == "Run: export SOME_KEY=…"
    with pytest.raises(SecretError) as caught:
        delete("env:SOME_KEY")
    assert caught.value.hint == "Run: unset SOME_KEY"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a keyring")
class TestWithoutAKeyring:
    """A machine without a session bus: ssh, containers, WSL."""

    def test_reading_and_storing_name_the_three_choices(self, home: Path) -> None:
        """The error says that there is no keyring and what to choose; nothing is written in its place."""
        for act in (
            lambda: read("keyring:deepseek"),
            lambda: store("keyring:deepseek", VALUE),
            lambda: delete("keyring:deepseek"),
        ):
            with pytest.raises(SecretError, match="There is no keyring here") as caught:
                act()
            for choice in ("keyring", "env:NAME", "file:PATH", "axonhub channel secret"):
                assert choice in str(caught.value.hint)
            assert VALUE not in str(caught.value)
        assert list(home.iterdir()) == []
        assert not any(VALUE in path.read_text() for path in Path.home().rglob("*") if path.is_file())

    def test_the_backend_is_described(self) -> None:
        """doctor learns that there is none, and why."""
        info = backend()
        assert (info.name, info.usable) == ("", False)
        assert "DBUS_SESSION_BUS_ADDRESS" in info.detail

    def test_a_backend_that_somebody_names_is_not_used(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """PYTHON_KEYRING_BACKEND, keyringrc.cfg and a keyring.py in the working directory change nothing."""
        evil = f"open({str(tmp_path / 'evil')!r}, 'w').close()\n"
        for name in ("keyring.py", "json.py", "evil.py"):
            (tmp_path / name).write_text(evil)
        config = Path.home() / ".config" / "python_keyring"
        config.mkdir(parents=True)
        (config / "keyringrc.cfg").write_text(f"[backend]\ndefault-keyring=evil.Keyring\nkeyring-path={tmp_path}\n")
        monkeypatch.chdir(tmp_path)
        for name in ("keyring.backends.null.Keyring", "keyrings.alt.file.PlaintextKeyring", "evil.Keyring"):
            monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
            with pytest.raises(SecretError, match="no keyring here"):
                store("keyring:deepseek", VALUE)
        assert not (tmp_path / "evil").exists()

    def test_a_dead_bus_is_no_keyring(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """An address that nobody listens on is an error, quickly."""
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'nothing'}")
        with pytest.raises(SecretError, match="no keyring here"):
            read("keyring:deepseek")


@posix
def test_a_helper_that_hangs_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the timeout the helper and whatever it started are gone, and the error says so."""
    helper = tmp_path / "helper.py"
    pids = tmp_path / "pids"
    helper.write_text(
        "import os, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(600)\n"
    )
    monkeypatch.setattr(secrets, "_HELPER", helper)
    with pytest.raises(SecretError, match=r"did not answer within 3 s") as caught:
        read("keyring:deepseek", timeout=3)
    assert "env:NAME" in str(caught.value.hint)
    for pid in pids.read_text().split():
        for _ in range(500):  # killed is not gone at once
            if not Path(f"/proc/{pid}").exists() or ") Z " in Path(f"/proc/{pid}/stat").read_text():
                break
            time.sleep(0.01)
        else:
            raise AssertionError(f"{pid} runs on")


@pytest.mark.parametrize("script", ["", "print('no json')", "raise SystemExit(1)", "print('[1]')"])
def test_a_helper_that_answers_nothing_useful_is_an_error(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A helper that dies is reported as such."""
    helper = tmp_path / "helper.py"
    helper.write_text(script)
    monkeypatch.setattr(secrets, "_HELPER", helper)
    with pytest.raises(SecretError, match="ended without an answer"):
        read("keyring:deepseek")


def test_the_secret_is_never_an_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The helper gets the value through its stdin: its arguments and its environment do not have it."""
    helper = tmp_path / "helper.py"
    seen = tmp_path / "seen"
    helper.write_text(
        "import json, os, sys\n"
        f"open({str(seen)!r}, 'w').write(json.dumps([sys.argv, dict(os.environ)]))\n"
        "json.dump({'value': json.load(sys.stdin)['value'], 'backend': 'x'}, sys.stdout)\n"
    )
    monkeypatch.setattr(secrets, "_HELPER", helper)
    store("keyring:deepseek", VALUE)
    assert VALUE not in seen.read_text()


def test_importing_costs_nothing() -> None:
    """keyring is imported in the helper only."""
    root = Path(__file__).parents[2]
    script = "import sys, axonhub_cli.config.secrets; print('keyring' in sys.modules, 'jeepney' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "False False\n"


class TestCache:
    """Secrets are read once and kept in memory."""

    def test_a_secret_is_read_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A later change counts only after forget."""
        cache = SecretCache()
        monkeypatch.setenv("SOME_KEY", VALUE)
        assert cache.get("env:SOME_KEY") == VALUE
        monkeypatch.setenv("SOME_KEY", "sk-other")
        assert cache.get("env:SOME_KEY") == VALUE
        cache.forget("env:SOME_KEY")
        assert cache.get("env:SOME_KEY") == "sk-other"
        assert "sk-other" not in repr(cache)

    def test_what_was_forgotten_is_still_masked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Redaction knows every value that was ever read; a forgotten one is no longer at hand."""
        cache = SecretCache()
        assert (cache.known("env:SOME_KEY"), cache.values()) == (None, [])
        for value in (VALUE, "sk-other", VALUE):
            monkeypatch.setenv("SOME_KEY", value)
            assert cache.get("env:SOME_KEY") == cache.known("env:SOME_KEY") == value
            cache.forget_all()
            assert cache.known("env:SOME_KEY") is None
        assert sorted(cache.values()) == sorted([VALUE, "sk-other"])

    def test_a_failure_stands_for_a_while(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Requests in the next seconds get the same error without a new attempt; then, or after forget, it is tried again."""
        now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: now)
        cache = SecretCache()
        with pytest.raises(SecretError, match="not set"):
            cache.get("env:SOME_KEY")
        monkeypatch.setenv("SOME_KEY", VALUE)
        with pytest.raises(SecretError, match="not set"):
            cache.get("env:SOME_KEY")
        now += 6
        assert cache.get("env:SOME_KEY") == VALUE
        monkeypatch.delenv("SOME_KEY")
        cache.forget("env:SOME_KEY")
        with pytest.raises(SecretError):
            cache.get("env:SOME_KEY")
        cache.forget("env:SOME_KEY")
        monkeypatch.setenv("SOME_KEY", VALUE)
        assert cache.get("env:SOME_KEY") == VALUE

    def test_threads_wait_for_one_reading(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Sixteen threads that want the same secret start one helper, and all get its answer."""
        helper, count = tmp_path / "helper.py", tmp_path / "count"
        helper.write_text(
            f"import sys; sys.stdin.read(); open({str(count)!r}, 'a').write('x')\n"
            f'print(\'{{"value": "{VALUE}", "backend": "x"}}\')\n'
        )
        monkeypatch.setattr(secrets, "_HELPER", helper)
        cache, results = SecretCache(), []
        threads = [threading.Thread(target=lambda: results.append(cache.get("keyring:a"))) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [VALUE] * 16
        assert count.read_text() == "x"

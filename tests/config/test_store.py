"""config.toml is read, edited and watched."""

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.config.schema import Config
from axonhub_cli.config.store import LIMIT, Reloader, edit, load, parse
from axonhub_cli.errors import ConfigError

EXAMPLE = """\
# my configuration
profile = "work"            # the active one

[server]   # where we listen
port = 8091

[trace]
bodies = false

[[channels]]
# the cheap one
name = "deepseek"
type = "deepseek"
secrets = ["keyring:deepseek"]   # two later
models = [
    "deepseek-chat",     # fast
    "deepseek-reasoner",
]

[[channels]]
name = "local"
type = "openai-chat"
base_url = "http://127.0.0.1:11434/v1"

[profiles.work]
channels = ["deepseek", "local"]

[[profiles.work.mappings]]
regex = 'claude-haiku-.*'
to = "deepseek-chat"
# the end
"""


@pytest.fixture
def path(home: Path) -> Path:
    return home / "config.toml"


def test_a_missing_or_empty_file_is_the_default(path: Path) -> None:
    """Nothing needs to be configured."""
    assert load(path) == Config()
    path.write_text("")
    assert load(path) == Config()


def test_a_file_is_read_as_written(path: Path) -> None:
    """What the file says is in force, and the rest has its default."""
    path.write_text(EXAMPLE)
    config = load(path)
    assert (config.profile, config.server.port, config.server.host, config.trace.bodies) == ("work", 8091, "127.0.0.1", False)
    assert [channel.name for channel in config.channels] == ["deepseek", "local"]
    assert config.channels[0].secrets == ("keyring:deepseek",)
    assert config.profiles["work"].mappings[0].to == "deepseek-chat"


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_windows_files_are_read_too(path: Path, ends: str, bom: str) -> None:
    """CRLF and a byte order mark change neither values nor lines."""
    path.write_bytes((bom + EXAMPLE.replace("\n", ends)).encode())
    assert load(path).server.port == 8091
    path.write_bytes((bom + "[server]\nport = 'x'\n".replace("\n", ends)).encode())
    with pytest.raises(ConfigError, match=r"config\.toml:2: \[server\]: 'port' is a string"):
        load(path)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("a = [", "c:1: not valid TOML: Invalid value.", "the end of the file"),
        ("\n\na = b", "c:3: not valid TOML: Invalid value.", "column 5"),
        ("x = 1\nx = 2", "c:2: not valid TOML: Cannot overwrite a value.", "once"),
        ("x = " + "[" * 5000, "c:1: values are nested too deeply.", "Flatten"),
        ("\nx = " + "{a = " * 5000, "c:2: values are nested too deeply.", "Flatten"),
        ("\n\nx = " + "9" * 5000, "c:3: a number is too long.", "18 digits"),
        ("\n" + "a." * 120_000 + "b = 1", "c:2: a key has more than a hundred parts.", "six"),
        ("\n[" + "'a' . " * 20_000 + "b]", "c:2: a key has more than a hundred parts.", "six"),
        ("#" * (LIMIT + 1), "c is larger than 256 KiB.", "not ours"),
    ],
)
def test_what_is_not_toml_is_located(text: str, message: str, hint: str) -> None:
    """Syntax errors, values that are too deep or too long and files that are too large are sentences, quickly."""
    with pytest.raises(ConfigError) as caught:
        parse(text, "c")
    assert caught.value.message == message
    assert hint in (caught.value.hint or "")


def test_what_cannot_be_read_is_a_sentence(path: Path) -> None:
    """A folder, a link to itself, bytes that are not UTF-8 and an overlong file are explained."""
    path.mkdir()
    with pytest.raises(ConfigError, match="a folder, not a file"):
        load(path)
    path.rmdir()
    path.symlink_to(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load(path)
    path.unlink()
    path.write_bytes(b"[server]\nhost = '\xff'\n")
    with pytest.raises(ConfigError, match=r"config\.toml:2: the file is not UTF-8"):
        load(path)
    path.write_bytes(b"#" * (LIMIT + 1))
    with pytest.raises(ConfigError, match="larger than 256 KiB"):
        load(path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_read_permission_is_a_sentence(path: Path) -> None:
    """The hint is the command that gives the permission back."""
    path.write_text("")
    path.chmod(0)
    with pytest.raises(ConfigError, match="permission denied") as caught:
        load(path)
    assert caught.value.hint == f"Run: chmod u+r {path}"


def test_reading_does_not_import_the_editor(path: Path) -> None:
    """tomlkit and keyring cost start-up time; a good file needs neither."""
    path.write_text(EXAMPLE)
    script = (
        "import sys; from pathlib import Path; from axonhub_cli.config.store import load; load(Path(sys.argv[1]));"
        "print([name for name in ('tomlkit', 'keyring', 'aiohttp', 'rich', 'platformdirs', 'tomli_w') if name in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"


def test_an_edit_changes_what_it_says_and_nothing_else(path: Path) -> None:
    """Comments, order and spacing survive; the diff is the change."""
    path.write_text(EXAMPLE)
    path.chmod(0o640)
    with edit(path) as document:
        document["server"]["port"] = 9000
        document["channels"][0]["secrets"].append("env:DEEPSEEK_API_KEY")
    before, after = EXAMPLE.splitlines(), path.read_text().splitlines()
    assert [(old, new) for old, new in zip(before, after, strict=True) if old != new] == [
        ("port = 8091", "port = 9000"),
        ('secrets = ["keyring:deepseek"]   # two later', 'secrets = ["keyring:deepseek", "env:DEEPSEEK_API_KEY"]   # two later'),
    ]
    assert path.stat().st_mode & 0o777 == 0o640


def test_the_first_edit_makes_the_file(path: Path) -> None:
    """A missing file begins with a comment that says what it is, and is private."""
    import tomlkit

    with edit(path) as document:
        channel = tomlkit.table()
        channel.update({"name": "local", "type": "ollama"})
        document.append("channels", tomlkit.aot())
        document["channels"].append(channel)
    assert path.read_text().startswith("# axonhub: ")
    assert load(path).channels[0].name == "local"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_new_key_goes_before_the_tables(path: Path) -> None:
    """A top-level key that is added later does not fall into the last table."""
    path.write_text("[profiles.p]\nchannels = []\n")
    with edit(path) as document:
        document["profile"] = "p"
    assert load(path).profile == "p"


def test_crlf_and_byte_order_mark_survive_an_edit(path: Path) -> None:
    """A Windows file stays one, in what is new too."""
    path.write_bytes(("\ufeff" + EXAMPLE.replace("\n", "\r\n")).encode())
    with edit(path) as document:
        document["trace"]["retention_days"] = 3
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf# my")
    assert data.count(b"\n") == data.count(b"\r\n") == EXAMPLE.count("\n") + 1


def test_an_edit_without_a_change_does_not_write(path: Path) -> None:
    """A file that stays the same is not replaced."""
    path.write_text(EXAMPLE)
    before = path.stat()
    with edit(path):
        pass
    after = path.stat()  # reading may change when it was read
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)


def test_an_edit_that_would_break_the_file_is_refused(path: Path) -> None:
    """The result is checked like any file; on error the old one stays."""
    path.write_text(EXAMPLE)
    with pytest.raises(ConfigError, match="'port' is a string"), edit(path) as document:
        document["server"]["port"] = "x"
    with pytest.raises(KeyError), edit(path) as document:
        document["server"].update({"port": document["nothing"]})
    assert path.read_text() == EXAMPLE


@pytest.mark.parametrize("text", ["a = [", "[server]\nprt = 1\n"])
def test_a_broken_file_is_not_edited(path: Path, text: str) -> None:
    """What is broken before the change is reported where it is, and left alone."""
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"config\.toml:\d"), edit(path) as document:
        document["profile"] = "x"
    assert path.read_text() == text


names = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=6)
comments = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=12)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A valid configuration with a comment at every place, and the comments."""
    notes: list[str] = []

    def note() -> str:
        notes.append(f"{len(notes)}:{draw(comments)}".rstrip())
        return f"# {notes[-1]}"

    lines = [note(), f"{draw(st.sampled_from(['', '  ']))}[server] {note()}", f"port={draw(st.integers(1, 65535))}  {note()}", ""]
    for name in draw(st.lists(names, unique=True, max_size=4)):
        lines += [
            note(),
            "[[channels]]",
            f'name = "{name}" {note()}',
            "type = 'ollama'",
            f"models = [ {note()}",
            f'"{name}", {note()}',
            "]",
        ]
        lines += [""] * draw(st.integers(0, 2))
    return "\n".join([*lines, note(), ""]), notes


@given(documents(), st.integers(1, 65535), names, st.booleans())
def test_an_edit_keeps_every_other_key_and_all_comments(made: tuple[str, list[str]], port: int, model: str, crlf: bool) -> None:
    """Whatever the file looks like, two changes leave all else as it was."""
    text, notes = made
    if crlf:
        text = text.replace("\n", "\r\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_bytes(text.encode())
        with edit(path) as document:
            document["server"]["port"] = port
            for channel in document.get("channels", []):
                channel["models"].append(model)
        result = path.read_bytes().decode()
    expected = tomllib.loads(text)
    expected["server"]["port"] = port
    for channel in expected.get("channels", []):
        channel["models"].append(model)
    assert tomllib.loads(result) == expected
    assert [result.find(note) for note in notes] == sorted(result.find(note) for note in notes)
    assert all(f"# {note}" in result for note in notes)


def test_two_edits_at_once_both_count(path: Path) -> None:
    """Processes that edit at the same time wait for each other; no change is lost."""
    path.write_text("[server]\n[trace]\n")
    script = (
        "import sys; from pathlib import Path; from axonhub_cli.config.store import edit\n"
        "for number in range(10):\n"
        "    with edit(Path(sys.argv[1])) as document:\n"
        "        document['server'][sys.argv[2]] = document['server'].get(sys.argv[2], 1) + 1\n"
    )
    root = Path(__file__).parents[2]
    running = [subprocess.Popen([sys.executable, "-c", script, str(path), key], cwd=root) for key in ("port", "max_body_mb")]
    assert [process.wait(60) for process in running] == [0, 0]
    assert (load(path).server.port, load(path).server.max_body_mb) == (11, 11)


def test_the_reloader_takes_good_files_and_keeps_them(path: Path) -> None:
    """A good change is taken; a broken or missing file is reported while the last good one stays in force."""
    path.write_text("[server]\nport = 1\n")
    reloader = Reloader(path)
    assert (reloader.config.server.port, reloader.poll()) == (1, False)
    path.write_text("[server]\nport = 22\n")
    assert (reloader.poll(), reloader.config.server.port, reloader.error) == (True, 22, None)
    path.write_text("[server]\nport = 'x'\n")
    assert (reloader.poll(), reloader.config.server.port) == (False, 22)
    assert "config.toml:2" in str(reloader.error)
    assert reloader.poll() is False
    path.unlink()
    assert (reloader.poll(), reloader.config.server.port) == (False, 22)
    assert "is gone" in str(reloader.error)
    path.write_text("[server]\nport = 333\n")
    assert (reloader.poll(), reloader.config.server.port, reloader.error) == (True, 333, None)


def test_the_reloader_notices_what_changes_back(path: Path) -> None:
    """A file that is mended to what is in force clears the error without counting as a change."""
    path.write_text("[server]\nport = 1\n")
    reloader = Reloader(path)
    path.write_text("broken")
    assert (reloader.poll(), reloader.error is None) == (False, False)
    path.write_text("# mended\n[server]\nport = 1\n")
    assert (reloader.poll(), reloader.error) == (False, None)


def test_the_reloader_needs_a_good_start(path: Path) -> None:
    """Without a last good configuration a broken file is an error; a missing one is the default."""
    assert Reloader(path).config == Config()
    path.write_text("broken")
    with pytest.raises(ConfigError):
        Reloader(path)

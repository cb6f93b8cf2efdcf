"""Plan, apply, undo on real files: what was the user's stays the user's."""

import os
import stat
import tomllib
from pathlib import Path

import pytest

from axonhub_cli.clients import codex
from axonhub_cli.clients.edits import Edit
from axonhub_cli.clients.journal import Journal, Target
from axonhub_cli.errors import ClientFileError, ConfigError

CONFIG = """\
# My Codex, by me
model = 'gpt-5.5'   # the good one
approval_policy = "never"

[mcp_servers.files]
command = "files"   # keep
args = [
  "--root",  # a comment
  "/srv",
]

[profiles.fast]
model = "small"
"""

SHAPES = {
    "none": None,
    "empty": b"",
    "comments only": b"# nothing yet",
    "usual": CONFIG.encode(),
    "windows": CONFIG.replace("\n", "\r\n").encode(),
    "mixed line ends": b"model = 'a'\r\n# c\n[x]\r\ny = 1\n",
    "byte-order mark": b"\xef\xbb\xbf" + CONFIG.encode(),
    "no last line end": b"[x]\ny = 1",
    "dotted keys": b"model_providers.other.name = 'x'\nmodel_provider = \"other\"\n",
    "other providers": b"model_provider = 'other' # mine\n\n[model_providers.other]\nname = 'x'\n\n[[notify]]\na = 1\n",
    "an old one of ours": b"[model_providers.axonhub-responses]\nname = 'AxonHub'\nwire_api = 'chat'\nextra = 1\n[z]\n",
    "unicode": "titel = 'Grüße 🦀'\n[\"ä ö\"]\nx = 1\n".encode(),
}


@pytest.fixture
def journal(home: Path) -> Journal:
    """The journal of this test's home."""
    return Journal(home / "setup-journal.toml")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where Codex's file is in this test."""
    return tmp_path / "user-home" / ".codex" / "config.toml"


def put(file: Path, data: bytes | None) -> None:
    """Lay a file there."""
    if data is not None:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(data)


def setup(journal: Journal, port: int = 8090) -> None:
    """Set Codex up."""
    plan = journal.plan(codex.target(port))
    assert plan.changes
    journal.apply(plan)


def undo(journal: Journal, file: Path) -> tuple[str, ...]:
    """Take it back; gives what was kept."""
    record = journal.record("codex", file)
    assert record is not None
    plan = journal.plan_undo(record)
    journal.undo(plan)
    assert journal.record("codex", file) is None
    return plan.kept


@pytest.mark.parametrize("data", SHAPES.values(), ids=SHAPES)
def test_apply_and_undo_are_inverse(journal: Journal, file: Path, data: bytes | None) -> None:
    """Every line of the user's survives an apply byte for byte, a second apply is nothing, and undo gives the old bytes back."""
    put(file, data)
    setup(journal)
    after = file.read_bytes()
    value = tomllib.loads(after.decode("utf-8-sig"))
    assert value["model_provider"] == "axonhub-responses"
    table = value["model_providers"]["axonhub-responses"]
    assert {name: table[name] for name in codex.provider(8090)} == codex.provider(8090)
    changed = (b"model_provider =", b"wire_api", b"name")
    for line in (data or b"").splitlines(keepends=True):
        assert line.rstrip(b"\n") in after or line.strip().startswith(changed)
    assert not journal.plan(codex.target(8090)).changes
    assert undo(journal, file) == ()
    assert (file.read_bytes() if file.exists() else None) == data


@pytest.mark.parametrize(
    "data", [shape for shape in SHAPES.values() if shape], ids=[name for name, shape in SHAPES.items() if shape]
)
def test_later_edits_of_the_user_survive(journal: Journal, file: Path, data: bytes) -> None:
    """What the user adds after us is there after undo, and nothing of ours is."""
    put(file, data)
    setup(journal)
    file.write_bytes(file.read_bytes() + b"\n[later]\nmine = true # yes\n")
    assert undo(journal, file) == ()
    after = file.read_bytes()
    assert b"mine = true # yes" in after
    before = tomllib.loads(data.decode("utf-8-sig"))
    assert tomllib.loads(after.decode("utf-8-sig")) == {**before, "later": {"mine": True}}


def test_a_value_that_the_user_changed_stays_and_is_named(journal: Journal, file: Path) -> None:
    """The user chose another provider since: that choice stays, our table goes."""
    put(file, CONFIG.encode())
    setup(journal)
    file.write_text(file.read_text().replace('model_provider = "axonhub-responses"', 'model_provider = "mine"'))
    assert undo(journal, file) == ("model_provider",)
    assert tomllib.loads(file.read_text()) == {**tomllib.loads(CONFIG), "model_provider": "mine"}


@pytest.mark.parametrize(
    "edit", [("stream_max_retries = 3", "stream_max_retries = 9"), ('name = "AxonHub"\n', 'name = "AxonHub"\nown = 1\n')]
)
def test_a_provider_that_the_user_touched_stays_whole(journal: Journal, file: Path, edit: tuple[str, str]) -> None:
    """Codex refuses half a provider: with one value changed or added the table stays as it is, and is named."""
    put(file, b"")
    setup(journal)
    file.write_text(file.read_text().replace(*edit))
    table = tomllib.loads(file.read_text())["model_providers"]
    assert "model_providers.axonhub-responses" in undo(journal, file)
    assert tomllib.loads(file.read_text()) == {"model_providers": table}


def test_comments_in_our_table_stay(journal: Journal, file: Path) -> None:
    """A comment that the user wrote among our lines is the user's."""
    put(file, b"a = 1\n")
    setup(journal)
    file.write_text(file.read_text().replace('wire_api = "responses"', '# mine\nwire_api = "responses" # also mine'))
    assert undo(journal, file) == ()
    assert "# mine" in file.read_text()
    assert "# also mine" in file.read_text()
    assert tomllib.loads(file.read_text()) == {"a": 1}


def test_comments_in_a_value_of_ours_stay(journal: Journal, tmp_path: Path) -> None:
    """A list that somebody annotated is not ours alone any more: it stays, and is named; a set-up in between changes nothing."""
    file = tmp_path / "settings.json"

    def target(*models: str) -> Target:
        return Target("zed", file, "json", (Edit(("a", "list"), list(models)), Edit(("a", "url"), "http://here")))

    journal.apply(journal.plan(target("m", "n")))
    file.write_text(file.read_text().replace('"m", ', '"m", /* fast */ '))
    again = journal.plan(target("m", "n"))
    assert not again.changes
    journal.apply(again)
    record = journal.record("zed", file)
    assert record is not None
    plan = journal.plan_undo(record)
    assert plan.kept == ("a.list",)
    journal.apply(journal.plan(target("o")))
    record = journal.record("zed", file)
    assert record is not None
    journal.undo(journal.plan_undo(record))
    assert "/* fast */" in file.read_text()
    assert "http://here" not in file.read_text()


def test_a_second_setup_keeps_the_first_value_from_before(journal: Journal, file: Path) -> None:
    """Setting up again for another port changes one line, makes no second backup, and undo still goes back to the start."""
    put(file, b"model_provider = 'other'\n")
    setup(journal)
    setup(journal, port=9000)
    backups = list((journal.path.parent / "backups").iterdir())
    assert [backup.read_bytes() for backup in backups] == [b"model_provider = 'other'\n"]
    file.write_bytes(file.read_bytes() + b"# later\n")
    undo(journal, file)
    assert tomllib.loads(file.read_text()) == {"model_provider": "other"}
    assert "# later" in file.read_text()


def test_backups_are_only_added_and_private(journal: Journal, file: Path) -> None:
    """Each fresh set-up of a file makes one more backup, 0600; the journal is 0600 too."""
    put(file, b"a = 1\n")
    for _ in range(3):
        setup(journal)
        undo(journal, file)
    backups = sorted((journal.path.parent / "backups").iterdir())
    assert [backup.read_bytes() for backup in backups] == [b"a = 1\n"] * 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in [*backups, journal.path]} == {0o600}


def test_a_lost_journal_is_made_again(journal: Journal, file: Path) -> None:
    """Values that only we write are taken for ours: adopting them makes undo possible again, without a backup of them."""
    put(file, b"a = 1\n")
    setup(journal)
    journal.path.unlink()
    plan = journal.plan(codex.target(8090))
    assert not plan.changes
    journal.adopt(plan)
    assert undo(journal, file) == ()
    assert tomllib.loads(file.read_text()) == {"a": 1}
    assert len(list((journal.path.parent / "backups").iterdir())) == 1


def test_a_crash_before_the_file_is_written_is_harmless(journal: Journal, file: Path) -> None:
    """With the record written and the file not, set-up runs again and undo finds nothing to do."""
    put(file, CONFIG.encode())
    setup(journal)
    file.write_bytes(CONFIG.encode())
    setup(journal)
    file.write_bytes(CONFIG.encode())
    assert undo(journal, file) == ()
    assert file.read_text() == CONFIG


def test_a_crash_at_any_step_leaves_the_old_or_the_new_file(
    journal: Journal, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stop at each replacement of a file in turn: the client's file is one of two, and everything can be repeated."""
    put(file, CONFIG.encode())
    plan = journal.plan(codex.target(8090))
    old, new = CONFIG.encode(), plan.source.encode(plan.after)
    real = os.replace
    for stop in range(4):
        left = [stop]

        def replace(source: str, target: str, left: list[int] = left) -> None:
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            real(source, target)

        monkeypatch.setattr(os, "replace", replace)
        try:
            journal.apply(journal.plan(codex.target(8090)))
        except KeyboardInterrupt:
            pass
        assert file.read_bytes() in (old, new)
        assert {path.name for path in file.parent.iterdir()} == {"config.toml"}
    monkeypatch.setattr(os, "replace", real)
    assert file.read_bytes() == new
    undo(journal, file)
    assert file.read_bytes() == old


def test_symlinks_and_modes_stay(journal: Journal, file: Path, tmp_path: Path) -> None:
    """A link into a dotfiles repository stays a link; the real file is edited and keeps its mode."""
    real = tmp_path / "dotfiles" / "codex.toml"
    real.parent.mkdir()
    real.write_text("a = 1\n")
    real.chmod(0o640)
    file.parent.mkdir()
    file.symlink_to(real)
    setup(journal)
    assert file.is_symlink()
    assert "axonhub-responses" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    undo(journal, file)
    assert file.is_symlink()
    assert real.read_text() == "a = 1\n"


BAD = {
    "broken": (b"a = \n", "no valid TOML"),
    "a number for a table": (b"model_providers = 3\n", "the number 3"),
    "an array of tables": (b"[[model_providers]]\nx = 1\n", "a list"),
    "a string for our table": (b"[model_providers]\naxonhub-responses = 'x'\n", "a string"),
    "merge markers": (b"a = 1\n<<<<<<< HEAD\nb = 1\n", "merge conflict (line 2)"),
    "not UTF-8": (b"a = 1\nb = '\xff'\n", "not UTF-8 text (line 2)"),
    "an inline table": (b"model_providers = { x = { name = 'x' } }\n", "cannot be edited without"),
    "nested too deeply": (b"a = " + b"[" * 5000, "no valid TOML"),
    "twice the same key": (b"a = 1\na = 2\n", "no valid TOML"),
    "too large": (b"#" * (1024 * 1024 + 1), "larger than"),
}


@pytest.mark.parametrize(("data", "says"), BAD.values(), ids=BAD)
def test_a_file_that_cannot_be_edited_is_left_alone(journal: Journal, file: Path, data: bytes, says: str) -> None:
    """It ends in a sentence with a hint; the file, the journal and the backups are as before."""
    put(file, data)
    with pytest.raises(ClientFileError) as caught:
        journal.plan(codex.target(8090))
    assert says in caught.value.message
    assert caught.value.hint
    assert file.read_bytes() == data
    assert not journal.path.exists()


def test_read_only_files_and_folders_are_left_alone(journal: Journal, file: Path) -> None:
    """A rename would replace a read-only file; we do not, and say so."""
    put(file, b"a = 1\n")
    file.chmod(0o444)
    with pytest.raises(ClientFileError, match="read-only"):
        setup(journal)
    assert file.read_bytes() == b"a = 1\n"
    assert not journal.path.exists()


def test_a_folder_or_a_link_in_a_circle_is_refused(journal: Journal, file: Path) -> None:
    """What is no file is named as what it is."""
    file.mkdir(parents=True)
    with pytest.raises(ClientFileError, match="is a folder"):
        journal.plan(codex.target(8090))
    file.rmdir()
    file.symlink_to(file)
    with pytest.raises(ClientFileError):
        journal.plan(codex.target(8090))


def test_a_file_that_changed_meanwhile_is_left_alone(journal: Journal, file: Path) -> None:
    """Between plan and apply somebody else wrote: we do not."""
    put(file, b"a = 1\n")
    plan = journal.plan(codex.target(8090))
    put(file, b"a = 2\n")
    with pytest.raises(ClientFileError, match="meanwhile"):
        journal.apply(plan)
    assert file.read_bytes() == b"a = 2\n"


def test_a_damaged_journal_is_a_sentence(journal: Journal, file: Path) -> None:
    """The error names the file and where the backups are, and quotes nothing from it."""
    journal.path.write_text("files = 'secret'")
    with pytest.raises(ConfigError, match="is damaged") as caught:
        journal.record("codex", file)
    assert "secret" not in str(caught.value)


def test_removal_is_an_edit_too(journal: Journal, tmp_path: Path) -> None:
    """A value that may not be there is taken out, and undo puts it back as it was written."""
    file = tmp_path / "settings.json"
    text = '{\n  "env": {\n    "K": "\\u0041", // why\n    "L": 1\n  }\n}\n'
    file.write_text(text)
    target = Target("x", file, "json", (Edit(("env", "K"), None), Edit(("env", "M"), "m")))
    journal.apply(journal.plan(target))
    assert '"K"' not in file.read_text()
    file.write_text(file.read_text().replace('"L": 1', '"L": 2'))
    record = journal.record("x", file)
    assert record is not None
    journal.undo(journal.plan_undo(record))
    assert '"K": "\\u0041"' in file.read_text()
    assert '"M"' not in file.read_text()

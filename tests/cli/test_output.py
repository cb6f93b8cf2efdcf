"""The one renderer: what people and programs get, and what is asked of whom."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from axonhub_cli.cli import output
from axonhub_cli.cli.output import Result, ask, clean, confirm, emit, fail, table
from axonhub_cli.errors import NotRunning, UsageError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 🦀\n\tx", "plain é 🦀\n\tx"), ("\x1b[31mred\x07", "␛[31mred␇"), ("a\u202eb\u200bc", "a\ufffdb\ufffdc"),
        ("\udcff", "\ufffd"), ("x" * 9, "xxxxx…"),
    ],
)  # fmt: skip
def test_foreign_text_cannot_speak_to_the_terminal(text: str, shown: str) -> None:
    """Control, bidi and invisible characters are shown, not obeyed; long text is cut."""
    assert clean(text, 5 if text.startswith("xx") else 2000) == shown


def test_programs_get_the_data_and_both_get_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """The same value in two forms."""
    result = Result({"name": "é"}, "for people\n\n", exit_code=3)
    for as_json, said in ((True, '{\n  "name": "é"\n}\n'), (False, "for people\n")):
        with pytest.raises(typer.Exit) as caught:
            emit(result, json=as_json)
        assert caught.value.exit_code == 3
        assert capsys.readouterr().out == said
    emit(Result({}))
    assert capsys.readouterr().out == ""


def test_a_table_has_a_heading_only_where_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Capitals above columns, a dash for what is not there, and no empty line above a list of facts."""
    emit(Result(None, table(["name", "n"], [["a", None], ["bc", 12]], right=["n"])))
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == ["NAME   N", "a      -", "bc    12"]
    emit(Result(None, table(["", ""], [["type", "x"]])))
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == ["type  x"]


def test_an_error_is_what_happened_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, harmless, with the kind's own exit code."""
    assert fail(NotRunning("No server\x1b.", hint="Start one.")) == 3
    assert capsys.readouterr() == ("", "axonhub: No server␛.\n  Start one.\n")


def test_nobody_is_asked_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be undone needs --yes then; what can is done."""
    confirm("Really?", yes=True)
    with pytest.raises(UsageError, match="no terminal") as caught:
        confirm("Really?", yes=False)
    assert caught.value.hint == "Add --yes."
    assert not ask("a diff", "Write this?", yes=False)
    monkeypatch.setattr(output, "interactive", lambda: True)
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    with pytest.raises(typer.Exit) as left:
        ask("a diff", "Write this?", yes=False)
    assert left.value.exit_code == 1


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    """`axonhub … | head -1` ends well, without a word on stderr."""
    script = "from axonhub_cli.cli.output import Result, emit, table\nemit(Result(None, table(['a'], [['x' * 70]] * 9000)))"
    command = f"'{sys.executable}' -c \"$SCRIPT\" | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], env={"SCRIPT": script, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("0\n", "")

"""How this program starts itself and others, from an interpreter and as a frozen binary."""

import subprocess
import sys
from pathlib import Path

import pytest

from axonhub_cli.config import program


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is in the binary."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/axonhub")


def test_a_project_that_holds_a_package_of_our_name_is_not_run(tmp_path: Path) -> None:
    """What is started from a project's folder is this program, whatever lies there."""
    (tmp_path / "axonhub_cli").mkdir()
    for name in ("axonhub_cli/__init__.py", "axonhub_cli/__main__.py", "typer.py"):
        (tmp_path / name).write_text("raise SystemExit('planted')")
    done = subprocess.run([*program.ourselves(), "--version"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("axonhub ")


def test_the_binary_starts_itself(frozen: None) -> None:
    """It has no interpreter: its own path is the command, a part is named."""
    assert program.ourselves() == ["/opt/axonhub"]
    assert (
        program.part("axonhub_cli.x")
        == program.alone(Path("x.py"), "axonhub_cli.x")
        == ["/opt/axonhub", "--part", "axonhub_cli.x"]
    )


def test_other_programs_get_the_loaders_variables_as_they_were(frozen: None) -> None:
    """What the binary needs to find its libraries would make others find the wrong ones."""
    given = {"LD_LIBRARY_PATH": "/opt/_internal", "LD_LIBRARY_PATH_ORIG": "/usr/local/lib", "DYLD_LIBRARY_PATH": "/opt", "A": "b"}
    assert program.outside(given) == {"LD_LIBRARY_PATH": "/usr/local/lib", "A": "b"}


def test_an_interpreter_changes_nothing() -> None:
    """There the variables are the user's own."""
    assert program.outside({"LD_LIBRARY_PATH": "/usr/lib"}) == {"LD_LIBRARY_PATH": "/usr/lib"}


def test_only_parts_of_ours_are_run() -> None:
    """The binary is no way to run any module there is."""
    with pytest.raises(SystemExit, match="no part"):
        program.run_part("http.server")

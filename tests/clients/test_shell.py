"""Exports: what a shell takes in is exactly what was meant."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from axonhub_cli.clients.shell import SHELLS, Line, Shell, detect, quote, script, use
from axonhub_cli.errors import UsageError

DETECT = {
    "/bin/bash": "bash", "/usr/bin/zsh": "zsh", "/usr/local/bin/fish": "fish", "/usr/bin/pwsh": "powershell", "/bin/dash": "bash",
    "C:\\Program Files\\PowerShell\\7\\pwsh.exe": "powershell", "": "bash",
}  # fmt: skip

QUOTED = [
    ("bash", "it's $HOME `x` \\", "'it'\\''s $HOME `x` \\'"),
    ("zsh", "a\nb", "'a\nb'"),
    ("fish", "it's \\ $x", "'it\\'s \\\\ $x'"),
    ("powershell", "it's $x ‘y’", "'it''s $x ‘‘y’’'"),
]

LINES = [Line("A", "x y", "why A"), Line("B", None, "why B")]
SCRIPTS = {
    "bash": "export A='x y'\nunset B\n",
    "zsh": "export A='x y'\nunset B\n",
    "fish": "set -gx A 'x y'\nset -e B\n",
    "powershell": "$env:A = 'x y'\nRemove-Item Env:B -ErrorAction SilentlyContinue\n",
}


@pytest.mark.parametrize(("given_", "expected"), DETECT.items())
def test_detect(given_: str, expected: Shell) -> None:
    """The shell is the one that $SHELL names."""
    assert detect({"SHELL": given_}, windows=False) == expected


def test_detect_without_shell() -> None:
    """On Windows it is PowerShell; a shell that we cannot write for is an error with the choices."""
    assert detect({}, windows=True) == "powershell"
    with pytest.raises(UsageError, match="tcsh") as caught:
        detect({"SHELL": "/bin/tcsh"})
    assert all(name in str(caught.value.hint) for name in SHELLS)


@pytest.mark.parametrize(("shell", "value", "expected"), QUOTED)
def test_quote(shell: Shell, value: str, expected: str) -> None:
    """Nothing in a quoted value is special, the quote included."""
    assert quote(shell, value) == expected


@pytest.mark.parametrize("shell", SHELLS)
def test_script(shell: Shell) -> None:
    """Each shell gets its own statements; --explain puts a comment above each."""
    assert script(shell, LINES) == SCRIPTS[shell]
    first, second = SCRIPTS[shell].splitlines()
    assert script(shell, LINES, explain=True).splitlines() == ["# why A", first, "# why B", second]
    assert "axonhub setup x" in use(shell, "axonhub setup x")


def _roundtrip(program: list[str], shell: Shell, value: str) -> str:
    code = script(shell, [Line("AXH_VALUE", value, "")]) + "command env -0\n"
    out = subprocess.run([*program, "-c", code], capture_output=True, check=True).stdout
    return next(item for item in out.split(b"\0") if item.startswith(b"AXH_VALUE=")).partition(b"=")[2].decode()


@pytest.mark.parametrize(
    "program", [program for program in (["bash", "--norc"], ["dash"], ["zsh", "-f"]) if shutil.which(program[0])]
)
@settings(max_examples=15)
@given(value=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))
def test_a_real_shell_takes_the_value_as_it_is(program: list[str], value: str) -> None:
    """Whatever is in the value, the shell exports that value and runs nothing."""
    assert _roundtrip(program, "bash", value) == value


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.parametrize("value", ["it's", "a\\'b\\\\", "$HOME (x) \n y", "é‘’"])
def test_a_real_fish_takes_the_value_as_it_is(value: str) -> None:
    """The same for fish."""
    assert _roundtrip(["fish", "--no-config"], "fish", value) == value


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="PowerShell is not installed")
@pytest.mark.parametrize("value", ["it's", "$env:HOME `n", "‘quoted’"])
def test_a_real_powershell_takes_the_value_as_it_is(value: str) -> None:
    """The same for PowerShell."""
    code = script("powershell", [Line("AXH_VALUE", value, "")]) + "[Console]::Out.Write($env:AXH_VALUE)"
    assert subprocess.run(["pwsh", "-NoProfile", "-c", code], capture_output=True, check=True).stdout.decode() == value

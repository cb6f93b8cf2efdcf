"""Where a provider's secret comes from and where it goes.

It comes from a hidden prompt, from stdin or from an environment variable, never from an argument: arguments are seen by every
process and kept by shell histories. It goes into the keyring. Where there is none, the user chooses: a variable, or a file,
which nobody writes unasked.
"""

import os
import sys
from typing import Annotated

import typer

from ..errors import SecretError, UsageError
from .output import clean, interactive

SecretOption = Annotated[
    str | None,
    typer.Option(
        "--secret", metavar="REF", help="Where the secret is: env:NAME, keyring:NAME or file:PATH. Never the secret itself."
    ),
]
StdinOption = Annotated[bool, typer.Option("--secret-stdin", help="Read the secret from stdin.")]
FileOption = Annotated[
    bool, typer.Option("--insecure-file", help="Without a keyring: keep the secret in a file that only you can read.")
]


def obtain(name: str, variable: str | None, given: str | None, *, stdin: bool, insecure_file: bool) -> str | None:
    """The reference for a channel's secret, after it was stored where it names one. None: the user wants none.

    `name` is what it is stored as, `variable` the provider's usual environment variable.
    """
    if given is not None and stdin:
        raise UsageError("--secret and --secret-stdin exclude each other.", hint="Give one of them.")
    if given is not None:
        return _reference(given)
    if stdin:
        return _keep(name, sys.stdin.read().strip(), variable, insecure_file=insecure_file)
    if variable and os.environ.get(variable) and _use_variable(variable):
        return f"env:{variable}"
    if not interactive():
        raise SecretError("No secret was given, and there is no terminal to ask on.", hint=_choices(variable))
    value = typer.prompt("Secret (hidden; empty for none)", default="", show_default=False, hide_input=True, err=True).strip()
    return _keep(name, value, variable, insecure_file=insecure_file) if value else None


def _choices(variable: str | None, *, keyring: bool = True) -> str:
    into = "--secret-stdin (into the keyring), " if keyring else ""
    return (
        f"Choose one: --secret env:{variable or 'NAME'} (an environment variable), {into}"
        "--secret-stdin --insecure-file (into a file that only you can read)."
    )


def _reference(given: str) -> str:
    from ..config.secrets import parse_ref, read

    try:
        parsed = str(parse_ref(given))
    except SecretError as error:
        hint = "It would stay in the shell's history, so it was not used. Give a reference, or leave --secret out to be asked."
        raise UsageError(f"--secret: {error.message}", hint=hint) from None
    try:
        read(parsed)
    except SecretError as error:
        note(f"{parsed} cannot be read yet: {error.message}")
    return parsed


def _use_variable(variable: str) -> bool:
    if not interactive():
        note(f"The secret is taken from the environment variable {variable}; it must be set where the server starts.")
        return True
    return typer.confirm(f"{variable} is set. Use it (env:{variable})?", default=True, err=True)


def _keep(name: str, value: str, variable: str | None, *, insecure_file: bool) -> str:
    from ..config.secrets import backend, store

    if not value:
        raise SecretError(
            "The secret is empty; nothing was stored.", hint='Give it on stdin: printf %s "$KEY" | axonhub … --secret-stdin'
        )
    if insecure_file:
        return _to_file(name, value)
    keyring = backend()
    if keyring.usable:
        store(f"keyring:{name}", value)
        return f"keyring:{name}"
    detail = keyring.detail.rstrip(".") or "There is no keyring here"
    if not interactive():
        unlock = "Unlock it and run this again. Or choose" if "locked" in detail else "Choose"
        hint = _choices(variable, keyring=False).replace("Choose", unlock, 1)
        raise SecretError(f"{detail}. Nothing was stored.", hint=hint)
    return _choose(name, value, variable, detail)


def _choose(name: str, value: str, variable: str | None, detail: str) -> str:
    usual = variable or f"{name.upper().replace('-', '_').replace('.', '_')}_API_KEY"
    note(f"{detail}.")
    sys.stderr.write(f"  1  an environment variable ({usual}): you set it, nothing is stored\n")
    sys.stderr.write("  2  a file that only you can read (0600)\n  3  stop\n")
    choice = typer.prompt("Which", default="3", value_proc=_one_of_three, err=True)
    if choice == "1":
        note(f"Set it where the server starts: export {usual}=…")
        return f"env:{usual}"
    if choice == "2":
        return _to_file(name, value)
    raise typer.Exit(1)


def _one_of_three(typed: str) -> str:
    if typed.strip() not in ("1", "2", "3"):
        raise typer.BadParameter("type 1, 2 or 3.")
    return typed.strip()


def _to_file(name: str, value: str) -> str:
    from ..config.secrets import store

    reference = f"file:secrets/{name}"
    store(reference, value)
    return reference


def note(text: str) -> None:
    """A remark for eyes, on stderr."""
    sys.stderr.write(f"axonhub: {clean(text)}\n")

"""`axonhub config`: the configuration file itself."""

import os
import shlex
import shutil
import subprocess
from itertools import count
from pathlib import Path
from typing import Any

import typer

from ..config.program import outside
from ..errors import ConfigError, NotConfigured
from . import config_import
from .edit import config_file, load
from .output import JsonFlag, Result, confirm, console, emit, interactive

app = typer.Typer(no_args_is_help=True, help="The configuration file: where it is, what is in force, what is wrong with it.")

_SECRET_HEADERS = ("authorization", "cookie", "key", "token", "secret")


@app.command()
def path(json: JsonFlag = False) -> None:
    """Print where config.toml is."""
    file = config_file()
    emit(Result({"path": str(file), "exists": file.exists()}, str(file)), json=json)


@app.command()
def show(json: JsonFlag = False) -> None:
    """Print what is in force, defaults included."""
    import tomli_w
    from msgspec import to_builtins

    data = _without_none(to_builtins(load()))
    for channel in data["channels"]:
        channel["headers"] = {name: _masked(name, value) for name, value in channel["headers"].items()}
        if "@" in channel.get("proxy", ""):
            channel["proxy"] = "…@" + channel["proxy"].rpartition("@")[2]
    emit(Result(data, tomli_w.dumps(data)), json=json)


@app.command()
def check(json: JsonFlag = False) -> None:
    """Say what is wrong with the file, and where."""
    config = load()
    remarks = [
        f"Channel {channel.name}: the environment variable {secret.removeprefix('env:')} is not set in this shell."
        for channel in config.channels
        for secret in channel.secrets
        if secret.startswith("env:") and secret.removeprefix("env:") not in os.environ
    ]
    from .tail.figures import plural

    channels, profiles = plural(len(config.channels), "channel"), plural(len(config.profiles), "profile")
    head = f"{config_file()} is good: {channels}, {profiles}."
    if not config_file().exists():
        head = f"There is no {config_file()}: everything is at its default."
    emit(Result({"path": str(config_file()), "ok": True, "remarks": remarks}, "\n".join([head, *remarks])), json=json)


@app.command()
def edit() -> None:
    """Open the file in $VISUAL or $EDITOR; what you save is kept only if it is good."""
    from ..config.files import atomic_write, locked
    from ..config.store import parse

    file = config_file()
    before = _bytes(file)
    draft = file.with_name("config.draft.toml")
    _put_aside(draft, before)
    atomic_write(draft, before)
    while True:
        _open(draft)
        after = _bytes(draft)
        try:
            parse(_text(after), str(draft))
            break
        except ConfigError as error:
            _again(error, draft)
    with locked(file):
        if _bytes(file) != before:
            raise ConfigError(
                f"{file} was changed by another program meanwhile.", hint=f"Your text is in {draft}; put the two together."
            )
        if after != before:
            atomic_write(file, after)
    draft.unlink()
    emit(Result(None, f"{file} is unchanged." if after == before else f"Saved {file}. A running server follows by itself."))


@app.command()
def schema() -> None:
    """Print the JSON schema of the file, for editors that complete TOML."""
    import msgspec

    from ..config.schema import Config

    emit(
        Result({"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Config, schema_hook=_any)}),
        json=True,
    )


@app.command()
def reference(json: JsonFlag = False) -> None:
    """Print every key of the file: what it may be, its default, what it means."""
    from msgspec import to_builtins

    from ..config.reference import all_keys, markdown

    emit(Result([to_builtins(key) for key in all_keys()], markdown()), json=json)


config_import.register(app)


def _any(_: type) -> dict[str, Any]:
    """For the schema a quirk may be anything: each is checked elsewhere."""
    return {"description": "a fact of this endpoint that differs from its preset's"}


def _without_none(value: Any) -> Any:
    """TOML has no null: what is not set is left out."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list | tuple) else value


def _masked(name: str, value: str) -> str:
    return "…" if any(word in name.lower() for word in _SECRET_HEADERS) else value


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read: {(error.strerror or 'it is no file').lower()}.", hint="Check its permissions."
        ) from error


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ConfigError("What you saved is not UTF-8.", hint="Save it as UTF-8.") from None


def _put_aside(draft: Path, before: bytes) -> None:
    """What an earlier edit left behind because it was not good yet is somebody's work: it gets another name."""
    if _bytes(draft) in (b"", before):
        return
    names = (draft.with_name(f"config.draft-{number}.toml") for number in count(1))
    aside = next(name for name in names if not name.exists())
    draft.rename(aside)
    console(stderr=True).print(f"axonhub: Your text of an earlier edit is in {aside}.")


def _open(file: Path) -> None:
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    if not command and not interactive():
        raise NotConfigured(
            "There is no terminal for an editor.", hint=f"Set $EDITOR, or edit the file yourself: {config_file()}"
        )
    command = command or next(filter(shutil.which, ("nano", "vi", "notepad")), "")
    if not command:
        raise NotConfigured("There is no editor to open.", hint=f"Set $EDITOR, or edit the file yourself: {config_file()}")
    try:
        code = subprocess.call([*shlex.split(command), str(file)], env=outside(os.environ))  # noqa: S603  # the user's own editor
    except (OSError, ValueError) as error:
        raise ConfigError(f"The editor {command!r} cannot be started.", hint="Set $EDITOR to a program that is there.") from error
    if code:
        raise ConfigError(f"The editor {command!r} ended with code {code}; nothing was changed.", hint=f"Your text is in {file}.")


def _again(error: ConfigError, draft: Path) -> None:
    """Show what is wrong and let the user go back; without a terminal the error is the end, and the draft stays."""
    if not interactive():
        raise ConfigError(
            error.message, hint=f"{error.hint or ''} Nothing was changed; your text is in {draft}.".strip()
        ) from error
    console(stderr=True).print(f"{error}\nYour text is in {draft}.")
    confirm("Go back to the editor?", yes=False)

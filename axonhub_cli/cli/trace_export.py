"""`axonhub trace export`: a trace in a form that leaves this machine, without secrets."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError
from .output import JsonFlag, Result, emit

if TYPE_CHECKING:
    from ..trace.redact import Redactor

_ENDINGS = {"html": "html", "jsonl": "jsonl", "har": "har", "otlp": "otlp.json", "curl": "sh"}
_FORMS = tuple(_ENDINGS)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(
    name: Annotated[str, typer.Argument(metavar="ID", help="A trace, or a request for --curl.")],
    html: Annotated[bool, typer.Option("--html", help="One page with conversation and waterfall, readable offline.")] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object a request.")] = False,
    har: Annotated[bool, typer.Option("--har", help="HTTP archive, for browsers' network panels.")] = False,
    otlp: Annotated[bool, typer.Option("--otlp", help="OpenTelemetry spans as OTLP JSON.")] = False,
    curl: Annotated[bool, typer.Option("--curl", help="A shell command that sends the request again.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.")] = None,
    json: JsonFlag = False,
) -> None:
    """Export a trace. Known secrets, what looks like a key, and your own patterns are taken out.

    Examples:

      axonhub trace export 0b0b7f6c --html -o session.html
      axonhub trace export ar-5f2c91 --curl
    """
    chosen = [form for form, wanted in zip(_FORMS, (html, jsonl, har, otlp, curl), strict=True) if wanted]
    if len(chosen) != 1:
        raise UsageError("Choose one form to export.", hint=f"One of {', '.join('--' + form for form in _FORMS)}.")
    text = _exported(name, chosen[0])
    if output is not None:
        output.write_text(text, encoding="utf-8")
        emit(Result({"file": str(output), "bytes": len(text.encode())}, f"Wrote {output}"), json=json)
    else:
        emit(Result({"form": chosen[0], "content": text}, text), json=json)


def write(form: str, name: str, only: "set[str] | None", folder: Path) -> Path:
    """Write a trace, or only these requests of it, into a new file of that folder, named after it; gives its path."""
    text = _exported(name, form, only)
    stem = "axonhub-" + re.sub(r"[^\w.-]+", "-", name)[:40].strip("-.")
    for number in range(1, 1000):
        path = folder / f"{stem}{f'-{number}' if number > 1 else ''}.{_ENDINGS[form]}"
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            continue
        return path
    raise UsageError(f"There are a thousand exports of {stem} in this folder.", hint="Move some away.")


def _exported(name: str, form: str, only: "set[str] | None" = None) -> str:
    from ..trace.export import EXPORTS, Exported
    from .trace import found, open_reader, single

    redactor = _redactor()
    base = _base()
    with open_reader() as traces:
        trace = found(traces, name)
        if form == "curl":
            trace = {**trace, "requests": [single(traces, name)]}
        elif only is not None:
            trace = _part(trace, only)
        bodies = {request["id"]: traces.bodies(request["id"]) for request in trace["requests"]}
    return redactor.text(EXPORTS[form](Exported(trace, bodies, redactor, base)))


def _part(trace: dict[str, Any], only: set[str]) -> dict[str, Any]:
    """The trace with some of its requests, and the turns that have any of them."""
    turns = [{**turn, "requests": [name for name in turn["requests"] if name in only]} for turn in trace["turns"]]
    requests = [request for request in trace["requests"] if request["id"] in only]
    return {**trace, "turns": [turn for turn in turns if turn["requests"]], "requests": requests}


def _base() -> str:
    """Where the running server is, or where one would be."""
    from ..config import state
    from ..config.paths import paths
    from ..config.store import load

    running = state.running(paths().server_file)
    return f"http://127.0.0.1:{running.port if running is not None else load(paths().config_file).server.port}"


def _redactor() -> "Redactor":
    """Knows the local keys, the secrets that can be read without asking anybody, and the user's patterns."""
    from ..config.keys import KeyStore
    from ..config.paths import paths
    from ..config.store import load
    from ..trace.redact import Redactor

    where = paths()
    config = load(where.config_file)
    refs = {ref for channel in config.channels for ref in channel.secrets if not ref.startswith("keyring:")}
    values = [key.token for key in KeyStore(where.keys_file).keys]
    return Redactor([*values, *filter(None, map(_value, refs))], config.trace.redact)


def _value(ref: str) -> Any:
    from ..config.secrets import read
    from ..errors import SecretError

    try:
        return read(ref)
    except SecretError:
        return None  # not there: then it is not in a body either

"""`axonhub trace`: what clients and models said to each other, from the store, and live.

Reading the store needs no server. How a trace looks to people is in `trace_view`.
"""

import re
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import NotConfigured, UsageError
from . import trace_allow
from .output import JsonFlag, LimitOption, Result, confirm, emit

if TYPE_CHECKING:
    from ..trace.reader import TraceReader

app = typer.Typer(no_args_is_help=True, help="Look at recorded sessions: which requests, which models, tokens, time and money.")
trace_allow.register(app)

SinceOption = Annotated[str | None, typer.Option("--since", metavar="TIME", help="30m, 2h, 7d, or a date (2026-11-22).")]
ClientOption = Annotated[str | None, typer.Option("--client", metavar="NAME", help="claude-code, codex, opencode, curl, …")]
ModelOption = Annotated[str | None, typer.Option("--model", metavar="TEXT", help="A part of the model's name, asked or used.")]
ChannelOption = Annotated[str | None, typer.Option("--channel", metavar="NAME", help="A channel that was tried.")]
ErrorsFlag = Annotated[bool, typer.Option("--errors", help="Only traces with failed requests.")]
NameArgument = Annotated[str, typer.Argument(metavar="ID", help="A trace or a request; the beginning of its id is enough.")]
RawFlag = Annotated[bool, typer.Option("--raw", help="Print the stored bodies of one request.")]
YesFlag = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_NOTHING = "No traces yet. They appear when a client has talked through `axonhub serve`."


@app.command("list")
def list_(
    since: SinceOption = None,
    client: ClientOption = None,
    model: ModelOption = None,
    channel: ChannelOption = None,
    errors: ErrorsFlag = False,
    limit: LimitOption = 20,
    json: JsonFlag = False,
) -> None:
    """List traces, the newest first.

    Examples:

        axonhub trace list --since 2h

        axonhub trace list --client codex --errors
    """
    from . import trace_view

    now = time.time()
    moment = _moment(since, now) if since else None
    try:
        with _reader() as traces:
            found = traces.traces(limit=limit, since=moment, client=client, model=model, channel=channel, errors=errors)
    except NotConfigured:
        found = []
    filtered = any((since, client, model, channel, errors))
    nothing = "No trace fits. Leave a filter out to see more." if filtered else _NOTHING
    emit(Result(found, trace_view.listing(found, now) if found else nothing), json=json)


@app.command()
def show(name: NameArgument, raw: RawFlag = False, json: JsonFlag = False) -> None:
    """Show a trace: its requests, their attempts, what conversion lost; with --raw the bodies of one request.

    Examples:

        axonhub trace show 0b0b7f6c

        axonhub trace show ar-5f2c91 --raw
    """
    from . import trace_view

    with _reader() as traces:
        trace = traces.trace(name)
        if trace is None:
            raise UsageError(f"There is no trace or request {name!r}.", hint="`axonhub trace list` shows what there is.")
        if raw:
            request = _one_request(trace, name)
            bodies = traces.bodies(request["id"])
            texts: dict[str, str] = {kind: data.decode("utf-8", "replace") for kind, data in bodies.items()}
            emit(Result({"id": request["id"], "bodies": texts}, trace_view.bodies(request["id"], texts)), json=json)
        else:
            emit(Result(trace, trace_view.tree(trace)), json=json)


@app.command()
def tail(json: JsonFlag = False) -> None:
    """Watch a running server live: the tree in a terminal, lines in a pipe, JSON lines with --json."""
    from ..config.paths import paths
    from .events import watch
    from .tail import follow

    code = follow(watch(paths().server_file), json=json)
    if code:
        raise typer.Exit(code)


@app.command()
def clear(yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Delete all traces, so that nothing of them stays in the file. Works beside a running server."""
    with _reader() as traces:
        confirm("Delete all recorded traces?", yes=yes)
        emit(_deleted(traces.clear()), json=json)


@app.command()
def prune(json: JsonFlag = False) -> None:
    """Delete what is over the limits of config.toml (trace.retention_days, trace.max_size_mb). A server does so by itself."""
    from ..config.paths import paths
    from ..config.store import load

    config = load(paths().config_file).trace
    with _reader() as traces:
        emit(_deleted(traces.prune(config)), json=json)


def _reader() -> "TraceReader":
    from ..config.paths import paths
    from ..trace.reader import reader

    return reader(paths().database)


def _deleted(requests: int) -> Result:
    from .tail.figures import plural

    return Result({"deleted": requests}, f"Deleted {plural(requests, 'request')}.")


def _moment(text: str, now: float) -> float:
    """A `--since` as Unix time: how long ago, or a date or time of day in ISO form, local unless it says otherwise."""
    from datetime import datetime

    ago = re.fullmatch(r"(\d{1,9})\s*([smhdw])", text.strip().lower())
    if ago:
        return now - int(ago[1]) * _UNITS[ago[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"--since {text!r} is no time.", hint="Use 30m, 2h, 7d, or a date like 2026-11-22.") from None


def _one_request(trace: dict[str, Any], name: str) -> dict[str, Any]:
    """The request that was meant: the one whose id begins so, or the only one of the trace."""
    named = [request for request in trace["requests"] if request["id"].startswith(name)]
    found: list[dict[str, Any]] = named or trace["requests"]
    if len(found) != 1:
        ids = ", ".join(request["id"] for request in found[-5:])
        raise UsageError(
            f"{name!r} has {len(found)} requests, and --raw shows one.", hint=f"Name one of them; the last are {ids}."
        )
    return found[0]

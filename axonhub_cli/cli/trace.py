"""`axonhub trace`: what clients and models said to each other, from the store, and live.

Reading the store needs no server. How a trace looks to people is in `trace_view`.
"""

import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import NotConfigured, UsageError
from . import trace_allow, trace_diff, trace_export, trace_replay, trace_search
from .output import JsonFlag, LimitOption, Result, confirm, emit
from .tail.figures import plural

if TYPE_CHECKING:
    from ..config.schema import Trace
    from ..trace.reader import TraceReader

app = typer.Typer(no_args_is_help=True, help="Look at recorded sessions: which requests, which models, tokens, time and money.")
for _part in (trace_search, trace_diff, trace_replay, trace_export, trace_allow):
    _part.register(app)

SinceOption = Annotated[str | None, typer.Option("--since", metavar="TIME", help="30m, 2h, 7d, or a date (2026-11-22).")]
ClientOption = Annotated[str | None, typer.Option("--client", metavar="NAME", help="claude-code, codex, opencode, curl, …")]
ModelOption = Annotated[str | None, typer.Option("--model", metavar="TEXT", help="A part of the model's name, asked or used.")]
ChannelOption = Annotated[str | None, typer.Option("--channel", metavar="NAME", help="A channel that was tried.")]
ErrorsFlag = Annotated[bool, typer.Option("--errors", help="Only traces with failed requests.")]
FilterOption = Annotated[
    str | None,
    typer.Option(
        "--filter", "-f", metavar="FILTER", help="Like '~model opus & (~err | ~cost>0.1)'; `axonhub trace filters` lists all."
    ),
]
NameArgument = Annotated[str, typer.Argument(metavar="ID", help="A trace or a request; the beginning of its id is enough.")]
RawFlag = Annotated[bool, typer.Option("--raw", help="Print the stored bodies of one request.")]
YesFlag = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_NOTHING = "No traces yet. They appear when a client has talked through `axonhub serve`."


@app.command("list")
def list_(
    since: SinceOption = None,
    client: ClientOption = None,
    model: ModelOption = None,
    channel: ChannelOption = None,
    errors: ErrorsFlag = False,
    filter_: FilterOption = None,
    sort: Annotated[str, typer.Option("--sort", metavar="WHAT", help="time, cost, tokens, requests, errors or misses.")] = "time",
    limit: LimitOption = 20,
    json: JsonFlag = False,
) -> None:
    """List traces, the newest first.

    Examples:

        axonhub trace list --since 2h

        axonhub trace list --client codex --errors

        axonhub trace list --sort cost

        axonhub trace list --filter '~miss | ~tool bash ~cost>0.1'
    """
    from ..trace.filter import parse
    from . import trace_view
    from .moment import moment

    now = time.time()
    start = moment(since, now) if since else None
    fits = parse(filter_) if filter_ else None
    wanted: dict[str, Any] = {
        "since": start,
        "client": client,
        "model": model,
        "channel": channel,
        "errors": errors,
        "fits": fits,
    }
    try:
        with open_reader() as traces:
            listed = traces.traces(limit=limit, sort=_order(sort), **wanted)
    except NotConfigured:
        listed = []
    filtered = any((since, client, model, channel, errors, filter_))
    nothing = "No trace fits. Leave a filter out to see more." if filtered else _NOTHING
    emit(Result(listed, trace_view.listing(listed, now) if listed else nothing), json=json)


@app.command()
def filters() -> None:
    """List what the filter language of `trace list`, `trace tail` and the live tree knows."""
    from ..trace.filter_words import HELP

    widest = max(len(words) for words, _ in HELP)
    lines = [f"{words:<{widest}}  {meaning}" for words, meaning in HELP]
    emit(Result([{"filter": words, "meaning": meaning} for words, meaning in HELP], "\n".join(lines)))


@app.command()
def show(
    name: NameArgument,
    raw: RawFlag = False,
    full: Annotated[bool, typer.Option("--full", help="Do not shorten what was said.")] = False,
    json: JsonFlag = False,
) -> None:
    """Show a trace: turns as a conversation, with attempts, tokens, money, losses and times; of a request all that is known.

    Examples:

        axonhub trace show 0b0b7f6c

        axonhub trace show ar-5f2c91

        axonhub trace show ar-5f2c91 --raw
    """
    from . import trace_show, trace_view

    with open_reader() as traces:
        if raw:
            request = single(traces, name)
            bodies = traces.bodies(request["id"])
            texts: dict[str, str] = {kind: data.decode("utf-8", "replace") for kind, data in bodies.items()}
            emit(Result({"id": request["id"], "bodies": texts}, trace_view.bodies(request["id"], texts)), json=json)
            return
        trace = found(traces, name)
        said = {} if json else trace_show.said(trace, traces)
    named = [request for request in trace["requests"] if request["id"].startswith(name)]
    view = trace_show.single(named[0], said) if len(named) == 1 else trace_show.conversation(trace, said, full=full)
    emit(Result(trace, view), json=json)


@app.command()
def tail(
    filter_: FilterOption = None,
    theme: Annotated[Literal["auto", "dark", "light"], typer.Option("--theme", help="The background of the tree.")] = "auto",
    json: JsonFlag = False,
) -> None:
    """Watch a running server live: the tree in a terminal, lines in a pipe, JSON lines with --json.

    Examples:

        axonhub trace tail

        axonhub trace tail --filter '~client codex & (~err | ~miss)' --json
    """
    from ..config.paths import paths
    from ..trace.filter import parse
    from .events import watch
    from .tail import follow
    from .tail.commands import Stored

    background = None if theme == "auto" else theme
    fits = parse(filter_) if filter_ else None
    code = follow(watch(paths().server_file), json=json, fits=fits, theme=background, archive=Stored())
    if code:
        raise typer.Exit(code)


@app.command()
def clear(yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Delete all traces, so that nothing of them stays in the file. Works beside a running server."""
    with open_reader() as traces:
        confirm("Delete all recorded traces?", yes=yes)
        emit(_deleted(traces.clear()), json=json)


@app.command()
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many requests would go.")] = False,
    json: JsonFlag = False,
) -> None:
    """Delete what is over the limits of config.toml (trace.retention_days, trace.max_size_mb). A server does so by itself."""
    from ..config.paths import paths
    from ..config.store import load

    config = load(paths().config_file).trace
    with open_reader() as traces:
        if dry_run:
            going, size = traces.expiring(config), traces.path.stat().st_size
            words = f"Would delete {plural(going, 'request')}: " if going else "Would delete nothing: "
            emit(Result({"would_delete": going, "bytes": size}, words + _limits(config, size)), json=json)
        else:
            emit(_deleted(traces.prune(config)), json=json)


def _limits(config: "Trace", size: int) -> str:
    """The limits in words, and how far the store is from them."""
    age = f"kept are {plural(config.retention_days, 'day')}" if config.retention_days else "kept is all, however old"
    return f"{age}, and {config.max_size_mb:,} MiB; the store has {size / 1024**2:,.1f} MiB."


def open_reader() -> "TraceReader":
    """The trace store of this home."""
    from ..config.paths import paths
    from ..trace.reader import reader

    return reader(paths().database)


def _deleted(requests: int) -> Result:
    return Result({"deleted": requests}, f"Deleted {plural(requests, 'request')}.")


def _order(sort: str) -> str:
    from ..trace.reader import ORDERS

    if sort not in ORDERS:
        raise UsageError(f"--sort {sort!r} is nothing to sort by.", hint=f"Use one of {', '.join(ORDERS)}.")
    return sort


def found(traces: "TraceReader", name: str) -> dict[str, Any]:
    """The trace that was meant, with its requests. Raises `UsageError` when there is none."""
    trace = traces.trace(name)
    if trace is None:
        raise UsageError(f"There is no trace or request {name!r}.", hint="`axonhub trace list` shows what there is.")
    return trace


def single(traces: "TraceReader", name: str) -> dict[str, Any]:
    """The request that was meant: the one whose id begins so, or the only one of a trace. Raises `UsageError`."""
    trace = found(traces, name)
    named = [request for request in trace["requests"] if request["id"].startswith(name)]
    requests: list[dict[str, Any]] = named or trace["requests"]
    if len(requests) != 1:
        ids = ", ".join(request["id"] for request in requests[-5:])
        raise UsageError(
            f"{name!r} has {len(requests)} requests; this is about one.", hint=f"Name one of them; the last are {ids}."
        )
    return requests[0]

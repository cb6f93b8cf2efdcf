"""One request through a server of its own: the recorded body, one channel, one model, and what came of it.

The server lives in this process and in a temporary home, listens on a free port of the loopback interface, and is gone
afterwards, with its store. Secrets stay references: it reads them as any server does.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..config.schema import Config, Profile
from ..config.schema import Mapping as Rule
from ..errors import StoreError

if TYPE_CHECKING:
    from ..trace.records import BodyKind

Row = dict[str, Any]


def send(config: Config, old: Row, body: bytes, channel: str, model: str) -> "tuple[Row, Mapping[BodyKind, bytes]]":
    """The new request as its reader gives it, and its bodies. Raises `AxonHubError` when no server can be started."""
    with tempfile.TemporaryDirectory(prefix="axonhub-replay-") as folder:
        where = Path(folder)
        (where / "config.toml").write_bytes(_config(config, channel, model))
        asyncio.run(_serve(where, old, body))
        return _result(where)


def _config(config: Config, channel: str, model: str) -> bytes:
    """The user's configuration with that channel alone, and every name mapped to that model."""
    import tomli_w

    chosen = config.channel(channel)
    assert chosen is not None
    only = msgspec.structs.replace(chosen, enabled=True, models=())
    rule = Rule(regex="(?s).*", to=model, channel=channel)
    small = Config(channels=(only,), profiles={"replay": Profile(mappings=(rule,))}, profile="replay", prices=config.prices)
    return tomli_w.dumps(_without_none(msgspec.json.decode(msgspec.json.encode(small)))).encode()


def _without_none(value: Any) -> Any:
    """TOML has no null: what is None is left out."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


async def _serve(where: Path, old: Row, body: bytes) -> None:
    from ..config.paths import Paths
    from ..server.app import Options, Server

    server = Server(Options(port=0), Paths(where, where, where))
    gateway = await server.start()
    try:
        key = gateway.keys.keys[0].token
        await asyncio.to_thread(_post, gateway.port, old, body, key)
    finally:
        server.stop()
        await server.wait()


def _post(port: int, old: Row, body: bytes, key: str) -> None:
    """Send it as the client did, and read the answer to its end; what came is in the store."""
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection("127.0.0.1", port)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}", "User-Agent": "axonhub-replay"}
    if old["protocol"] == "anthropic":
        headers["anthropic-version"] = "2023-06-01"
    try:
        connection.request("POST", str(old["path"]), body, headers)
        connection.getresponse().read()
    except (OSError, HTTPException):
        pass  # a stream that broke: the record says why
    finally:
        connection.close()


def _result(where: Path) -> "tuple[Row, Mapping[BodyKind, bytes]]":
    from ..trace.reader import reader

    with reader(where / "traces.db") as traces:
        for trace in traces.traces(limit=1):
            request = (traces.trace(trace["id"]) or {})["requests"][-1]
            return request, traces.bodies(request["id"])
    raise StoreError("The request was refused before it was sent.", hint="`axonhub route MODEL` says who would serve it.")

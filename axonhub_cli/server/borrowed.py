"""Upstreams that are rare: behind a proxy, with credentials in the address, with a name that is not ASCII. aiohttp's client asks
them; it is loaded when the first such request comes, since it is half of what a server would otherwise have to load.

Its failures leave here as those of `wires`: `Unreachable`, `Broken`, `TimeoutError`.
"""

import io
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from aiohttp import ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, TraceConfig

from ..errors import ConfigError
from .wire import Broken, Sink
from .wires import Unreachable

_MAX_HEADER = 32768


class Client:
    """aiohttp's client, as a proxy needs it. Belongs to a running loop."""

    def __init__(self) -> None:
        tracing = TraceConfig()
        tracing.on_connection_reuseconn.append(_note_reuse)
        self._session = ClientSession(
            auto_decompress=False,
            trust_env=False,
            cookie_jar=DummyCookieJar(),
            connector=TCPConnector(limit=0, keepalive_timeout=15, ttl_dns_cache=60),
            max_line_size=_MAX_HEADER,
            max_field_size=_MAX_HEADER,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            trace_configs=[tracing],
        )

    async def close(self) -> None:
        """End every connection."""
        await self._session.close()

    async def post(
        self,
        target: str,
        body: bytes,
        headers: list[tuple[str, str]],
        *,
        connect: float,
        proxy: str | None,
        context: ssl.SSLContext | None,
    ) -> "Borrowed":
        """Send the request and wait for the response's headers; a stale connection is replaced once. `connect` is in seconds."""
        options: dict[str, Any] = {"allow_redirects": False, "timeout": ClientTimeout(total=None, sock_connect=connect)}
        if context is not None:
            options["ssl"] = context
        if proxy:
            options["proxy"] = proxy
        with _told():
            return Borrowed(await self._ask(target, body, headers, options))

    async def _ask(self, target: str, body: bytes, headers: list[tuple[str, str]], options: dict[str, Any]) -> ClientResponse:
        reused: dict[str, bool] = {}
        try:
            return await self._session.post(target, data=_payload(body), headers=headers, trace_request_ctx=reused, **options)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionResetError) as error:
            if not reused.get("reused") or isinstance(error, aiohttp.ClientConnectorError):
                raise
            return await self._session.post(target, data=_payload(body), headers=[*headers, ("Connection", "close")], **options)


class Borrowed:
    """An answer that aiohttp's client reads. It has no use for a sink."""

    def __init__(self, response: ClientResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.sink: Sink | None = None
        self.done = False
        self._response = response

    async def read(self) -> bytes:
        """What has arrived; b"" at the end only."""
        with _told():
            return await self._response.content.readany()

    def close(self) -> None:
        self.sink = None  # it holds on to the call, which holds on to this
        self._response.close()


def _payload(body: bytes) -> "bytes | io.BytesIO":
    """Large bodies are sent piece by piece, so that the loop goes on in between."""
    return io.BytesIO(body) if len(body) > 1 << 20 else body


async def _note_reuse(_session: ClientSession, context: Any, _params: object) -> None:
    if isinstance(context.trace_request_ctx, dict):
        context.trace_request_ctx["reused"] = True


@contextmanager
def _told() -> Iterator[None]:
    """aiohttp's errors as ours."""
    try:
        yield
    except TimeoutError:
        raise
    except aiohttp.InvalidURL as error:
        raise ConfigError("It is not a URL that can be asked.", hint="Correct the channel's base_url.") from error
    except aiohttp.ClientConnectorDNSError as error:
        raise Unreachable(socket.gaierror(str(error))) from error
    except aiohttp.ClientConnectorCertificateError as error:
        raise Unreachable(ssl.SSLCertVerificationError(str(error))) from error
    except aiohttp.ClientConnectorSSLError as error:
        raise Unreachable(ssl.SSLError(str(error))) from error
    except aiohttp.ClientConnectorError as error:
        raise Unreachable(error.os_error) from error
    except aiohttp.ClientError as error:
        raise Broken(type(error).__name__) from error

"""Ask a provider one question, as `channel test` and `channel models` do, and say in a sentence why it did not work.

The standard library does it: one connection, no redirects (they would carry the secret elsewhere), no proxies from the
environment (a channel names its own), the system's certificates, an end to time and size. The secret never appears in what
comes back.
"""

import base64
import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from msgspec import Struct

from ..config.presets import Endpoint, url
from ..config.schema import Channel
from ..errors import UpstreamError
from ..protocols import overrides

TIMEOUT = 20.0  # seconds, for the whole of one question
_LIMIT = 8 * 1024 * 1024
_CUT_SHORT = "model output limit was reached"  # OpenAI's 400 for a reasoning model with few tokens: it did work


_PAGE = {"anthropic": "?limit=1000", "gemini": "?pageSize=1000"}  # where a list would come in pieces


class Answer(Struct, frozen=True):
    """A successful answer: the parsed body, how long it took in seconds, and the provider's clock (its `Date` header)."""

    body: Any
    seconds: float
    date: str | None = None


class Listing(Struct, frozen=True):
    """The models that an endpoint names, in its order, and what else its answer says (see `Answer`)."""

    names: list[str]
    seconds: float
    date: str | None


class Near(Struct, frozen=True):
    """An answer of some server on this machine: the status and the parsed body (None: it was no JSON)."""

    status: int
    body: Any


def models(channel: Channel, endpoint: Endpoint, secret: str | None, *, timeout: float = TIMEOUT) -> list[str]:
    """The names of the models that the endpoint lists. `UpstreamError` when it cannot say."""
    return listing(channel, endpoint, secret, timeout=timeout).names


def listing(channel: Channel, endpoint: Endpoint, secret: str | None, *, timeout: float = TIMEOUT) -> Listing:
    """The same, with how long it took and when the provider thinks that was."""
    answer, items = _listed(channel, endpoint, secret, timeout)
    names = [item if isinstance(item, str) else _name(item) for item in items]
    return Listing([name for name in names if name], answer.seconds, answer.date)


def described(channel: Channel, endpoint: Endpoint, secret: str | None, *, timeout: float = TIMEOUT) -> list[dict[str, Any]]:
    """What the endpoint says of its models."""
    return [item for item in _listed(channel, endpoint, secret, timeout)[1] if isinstance(item, dict)]


def _listed(channel: Channel, endpoint: Endpoint, secret: str | None, timeout: float) -> tuple[Answer, list[Any]]:
    address = url(endpoint, "/v1/models") + _PAGE.get(endpoint.protocol, "")
    answer = _ask(channel, endpoint, secret, "GET", address, None, timeout)
    body = answer.body
    items = body.get("data", body.get("models")) if isinstance(body, dict) else body
    if not isinstance(items, list):
        raise UpstreamError(f"{address} answers, but not with a list of models.", hint="Check the channel's type and base_url.")
    return answer, items


def ask(channel: Channel, endpoint: Endpoint, secret: str | None, model: str, *, timeout: float = TIMEOUT) -> Answer:
    """One request for as few tokens as the protocol allows. `UpstreamError` when it fails."""
    path, body = _question(endpoint, model)
    return _ask(channel, endpoint, secret, "POST", url(endpoint, path), body, timeout)


@contextmanager
def post(
    channel: Channel, endpoint: Endpoint, secret: str | None, path: str, body: bytes, *, timeout: float = TIMEOUT
) -> Iterator[HTTPResponse]:
    """An operation with a body of the caller's own, to be read as it comes. `timeout` counts for each wait, not for the whole.

    Whatever the status is, the response is given; no answer at all is an `UpstreamError`. Leaving the block ends the connection.
    """
    parts = urlsplit(url(endpoint, path))
    connection = None
    try:
        connection = _connect(channel, parts, timeout)
        headers = _headers(channel, endpoint, secret) | _proxy_headers(channel, parts)
        target = parts.geturl() if _through_proxy(channel, parts) else f"{parts.path}?{parts.query}".rstrip("?")
        connection.request("POST", target, body=body, headers=headers | {"Accept": "text/event-stream, application/json"})
        with connection.getresponse() as response:
            yield response
    except (OSError, HTTPException, ValueError) as error:
        raise _failure(error, channel, parts, timeout) from error
    finally:
        if connection is not None:
            connection.close()


def near(address: str, *, timeout: float = 1.0) -> Near | None:
    """What a server on this machine says to a plain GET, without any key; None when nothing there speaks HTTP.

    A body that is no JSON, or is longer than 8 MiB, is None.
    """
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/", headers={"Accept": "application/json", "User-Agent": "axonhub"})
        with connection.getresponse() as response:
            return Near(response.status, _json(_read(response, time.monotonic(), timeout)))
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _name(item: Any) -> str:
    if not isinstance(item, dict):
        return ""
    found = next((item[key] for key in ("id", "model", "name") if isinstance(item.get(key), str)), "")
    methods = item.get("supportedGenerationMethods")  # Gemini lists models that embed and draw as well
    talks = not isinstance(methods, list) or "generateContent" in methods
    return str(found).removeprefix("models/") if talks else ""


def _question(endpoint: Endpoint, model: str) -> tuple[str, dict[str, Any]]:
    messages = [{"role": "user", "content": "Say hi."}]
    if endpoint.protocol == "anthropic":
        return "/v1/messages", {"model": model, "max_tokens": 1, "messages": messages}
    if endpoint.protocol == "openai-responses":
        return "/v1/responses", {"model": model, "input": messages, "max_output_tokens": 16, "store": False}  # 16 is its least
    if endpoint.protocol == "gemini":
        contents = [{"role": "user", "parts": [{"text": "Say hi."}]}]
        path = f"/v1beta/models/{quote(model, safe='')}:generateContent"
        return path, {"contents": contents, "generationConfig": {"maxOutputTokens": 16}}
    return "/v1/chat/completions", {"model": model, endpoint.quirks.max_tokens_field: 1, "messages": messages}


def _headers(channel: Channel, endpoint: Endpoint, secret: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json", "User-Agent": "axonhub", "Content-Type": "application/json"}
    if endpoint.protocol == "anthropic":
        headers["anthropic-version"] = "2023-06-01"
    if secret is not None:
        bearer = endpoint.auth == "bearer" or secret.startswith("sk-ant-oat")  # Anthropic's OAuth tokens are no API keys
        headers |= {"Authorization": f"Bearer {secret}"} if bearer else {endpoint.auth: secret}
    headers |= channel.headers
    if items := overrides.meant(channel.header_overrides, "", endpoint.protocol):
        return dict(overrides.headers([(name.lower(), value) for name, value in headers.items()], items)[0])
    return headers


def _ask(
    channel: Channel, endpoint: Endpoint, secret: str | None, method: str, address: str, body: Any, timeout: float
) -> Answer:
    parts = urlsplit(address)
    start = time.monotonic()
    data = None if body is None else json.dumps(body).encode()
    try:
        connection = _connect(channel, parts, timeout)
        try:
            target = address if _through_proxy(channel, parts) else f"{parts.path}?{parts.query}".rstrip("?")
            connection.request(
                method, target, body=data, headers=_headers(channel, endpoint, secret) | _proxy_headers(channel, parts)
            )
            with connection.getresponse() as response:
                content = _read(response, start, timeout)
        finally:
            connection.close()
    except (OSError, HTTPException, ValueError) as error:
        raise _failure(error, channel, parts, timeout) from error
    body = _parsed(response, content, secret, method, address)
    return Answer(body, time.monotonic() - start, response.getheader("date"))


def _connect(channel: Channel, parts: SplitResult, timeout: float) -> HTTPConnection:
    host, port = parts.hostname or "", parts.port
    secure = parts.scheme == "https"
    proxy = urlsplit(channel.proxy) if channel.proxy else None
    if proxy and proxy.scheme == "https":
        raise ValueError("a proxy that is itself spoken to with TLS can be used by the server, but not by this test")
    first = (proxy.hostname or "", proxy.port or 80) if proxy else (host, port or (443 if secure else 80))
    if not secure:
        return HTTPConnection(*first, timeout=timeout)
    connection = HTTPSConnection(*first, timeout=timeout, context=_context(channel.ca_file))
    if proxy:
        connection.set_tunnel(host, port or 443, headers=_credentials(proxy))
    return connection


def _context(ca_file: str | None) -> ssl.SSLContext:
    import truststore

    return ssl.create_default_context(cafile=ca_file) if ca_file else truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _through_proxy(channel: Channel, parts: SplitResult) -> bool:
    """Whether a proxy wants the whole address: it does without TLS."""
    return bool(channel.proxy) and parts.scheme == "http"


def _proxy_headers(channel: Channel, parts: SplitResult) -> dict[str, str]:
    return _credentials(urlsplit(channel.proxy)) if channel.proxy and _through_proxy(channel, parts) else {}


def _credentials(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    pair = base64.b64encode(f"{proxy.username}:{proxy.password or ''}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {pair}"}


def _read(response: HTTPResponse, start: float, timeout: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := response.read1(64 * 1024):
        chunks.append(chunk)
        size += len(chunk)
        if size > _LIMIT:
            raise ValueError("the answer is larger than 8 MiB")
        if time.monotonic() - start > timeout:
            raise TimeoutError
    return b"".join(chunks)


def _failure(error: Exception, channel: Channel, parts: SplitResult, timeout: float) -> UpstreamError:
    """Why there is no answer at all, as a sentence."""
    asked = urlsplit(channel.proxy) if channel.proxy else parts
    host = asked.hostname or ""
    where = f"{host}:{asked.port or (443 if asked.scheme == 'https' else 80)}"
    match error:
        case ssl.SSLCertVerificationError():
            hint = 'Behind a company\'s proxy, name its certificate: ca_file = "PATH" in the channel.'
            return UpstreamError(f"The certificate of {host} is not trusted: {error.verify_message.rstrip('.')}.", hint=hint)
        case ssl.SSLError():
            return UpstreamError(
                f"{where} does not speak TLS as it should ({error.reason}).", hint="Is it http:// rather than https://?"
            )
        case socket.gaierror():
            return UpstreamError(f"There is no address for {host}.", hint="Check base_url, and that you are online.")
        case ConnectionRefusedError():
            return UpstreamError(f"Nothing listens at {where}.", hint="Start that server, or check base_url.")
        case TimeoutError():
            return UpstreamError(
                f"{where} did not answer within {timeout:g} seconds.", hint="Check base_url, a firewall or a proxy."
            )
        case HTTPException() | ConnectionError():
            return UpstreamError(
                f"{where} ended the connection without an HTTP answer.", hint="Check the port and http:// or https://."
            )
        case OSError():
            return UpstreamError(
                f"{where} cannot be reached: {(error.strerror or type(error).__name__).lower()}.", hint="Check base_url."
            )
    return UpstreamError(f"{where}: {error}.", hint="Check the channel's base_url and proxy.")


def _parsed(response: HTTPResponse, content: bytes, secret: str | None, method: str, address: str) -> Any:
    body = _json(content)
    if response.status >= 300:
        message = _without(secret, _message(body))
        if response.status == 400 and _CUT_SHORT in message:
            return body
        raise _refusal(response, message, method, address)
    if body is None:
        what = response.headers.get_content_type()
        raise UpstreamError(
            f"{method} {address} answers with {what} that is no JSON.", hint="Check base_url: is this the API's address?"
        )
    return body


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _refusal(response: HTTPResponse, message: str, method: str, address: str) -> UpstreamError:
    said = f": {message}" if message else ""
    status = response.status
    host = urlsplit(address).hostname
    if status in (401, 403):
        return UpstreamError(f"{host} refuses the secret ({status}){said}", hint="Replace it: axonhub channel secret NAME")
    if status in (404, 405):
        return UpstreamError(f"{method} {address} is not there ({status}){said}", hint="Check base_url, the type and the model.")
    if status < 400:
        where = (response.getheader("location") or "nowhere").partition("?")[0]
        return UpstreamError(
            f"{address} redirects to {where}; redirects are not followed.", hint="Put the final address into base_url."
        )
    if status in (402, 429):
        return UpstreamError(f"{host} has no quota for this now ({status}){said}", hint="Look at your plan and limits there.")
    return UpstreamError(
        f"{method} {address} fails ({status}){said}", hint="Try again; if it stays so, it is the provider's fault."
    )


def _message(body: Any) -> str:
    """The human part of an error body, in any of the usual shapes."""
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return ""
    error = body.get("error", body)
    found = error if isinstance(error, str) else error.get("message", error.get("detail")) if isinstance(error, dict) else None
    return found[:300] if isinstance(found, str) else ""


def _without(secret: str | None, text: str) -> str:
    return text.replace(secret, "…") if secret else text

"""`[trace.otlp]`: where spans go, as a URL, and what is wrong with what the file says."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from ..errors import SecretError
from .refs import parse_ref
from .schema import Otlp

PATH = "/v1/traces"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"((?:Bearer|Basic|Api-Token|Token) )?(.+)", re.IGNORECASE | re.DOTALL)  # a scheme, and the reference


def address(settings: Otlp) -> str:
    """The URL for spans: an endpoint is the collector's base, as in OTEL_EXPORTER_OTLP_ENDPOINT, or the whole URL."""
    parts = urlsplit(settings.endpoint)
    path = parts.path.rstrip("/")
    return urlunsplit(parts._replace(path=path if path.endswith(PATH) else path + PATH))


def headers(settings: Otlp, read: Callable[[str], str]) -> dict[str, str]:
    """The headers with their secrets; `read` turns a reference into its secret, and may raise `SecretError`."""
    parts = {name: _split(value) for name, value in settings.headers.items()}
    return {name: scheme + read(ref) for name, (scheme, ref) in parts.items()}


def _split(value: str) -> tuple[str, str]:
    found = _VALUE.fullmatch(value)
    return (found[1] or "", found[2]) if found is not None else ("", value)


def wrong(settings: Otlp) -> tuple[tuple[str, ...], str, str] | None:
    """The first thing that is wrong: its key (below `trace.otlp`), a sentence, what to do."""
    try:
        parts = urlsplit(settings.endpoint)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        return ("endpoint",), f"{settings.endpoint!r} is no address of a collector.", "Like http://127.0.0.1:4318"
    if parts.username is not None:
        return ("endpoint",), "an address must not carry a password.", 'Use headers = { Authorization = "keyring:NAME" }.'
    if parts.port == 4317:
        hint = f"Spans go as OTLP over HTTP, which listens on 4318: {parts.scheme}://{parts.hostname}:4318"
        return ("endpoint",), "port 4317 is where collectors listen for gRPC.", hint
    for name, value in settings.headers.items():
        if not _NAME.fullmatch(name):
            return ("headers", name), f"{name!r} is no name of a header.", "Use letters, digits and dashes."
        try:
            parse_ref(_split(value)[1])
        except SecretError as error:
            return ("headers", name), error.message, "Expected keyring:NAME, env:NAME or file:PATH, or `Bearer keyring:NAME`."
    return None

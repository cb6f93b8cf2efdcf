"""The OpenTelemetry collector of `[trace.otlp]`: whether spans could be sent, found out by sending none."""

import importlib.util
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .finding import Finding, fail, ok, warn

if TYPE_CHECKING:
    from ...config.schema import Config, Otlp

_SECONDS = 3.0


def otlp(config: "Config") -> Iterator[Finding]:
    """The extra is installed, the secrets are there, and the collector takes an empty export."""
    settings = config.trace.otlp
    if settings is None:
        return
    if importlib.util.find_spec("opentelemetry") is None or not _exporter():
        remedy = "Run: pip install 'axonhub-cli[otel]'"
        yield fail("server", "trace.otlp", "is configured, but OpenTelemetry's exporter is not installed", remedy)
        return
    yield _answer(settings)


def _exporter() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def _answer(settings: "Otlp") -> Finding:
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    from ...config.otlp import address, headers
    from ...config.secrets import read

    url = address(settings)
    request = Request(url, b"", {**headers(settings, read), "Content-Type": "application/x-protobuf"})  # noqa: S310  # checked: http or https
    try:
        with urlopen(request, timeout=_SECONDS):  # noqa: S310
            return ok("server", "trace.otlp", f"{url} takes spans")
    except HTTPError as error:
        error.close()
        return _refused(url, error.code)
    except (OSError, HTTPException) as error:
        why = getattr(error, "reason", None) or error
        return warn("server", "trace.otlp", f"{url} does not answer ({why})", "Start the collector, or mend trace.otlp.endpoint.")


def _refused(url: str, status: int) -> Finding:
    if status in (401, 403):
        remedy = "Look at trace.otlp.headers; it may want `Bearer keyring:NAME` or `Basic keyring:NAME`."
        return fail("server", "trace.otlp", f"{url} refuses the credentials (status {status})", remedy)
    if status in (404, 405):
        return fail("server", "trace.otlp", f"nothing takes spans at {url} (status {status})", "Mend trace.otlp.endpoint.")
    return warn("server", "trace.otlp", f"{url} answers with status {status}", "Look at the collector's own log.")

"""Spans to an OpenTelemetry collector, through the official exporter (extra `otel`), from a thread that may wait.

The exporter tries again by itself for some seconds; what it cannot deliver then is dropped, counted, and said once, and so is the
end of the trouble. Nothing of OpenTelemetry is imported before the first span.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..config.otlp import address, headers
from ..config.schema import Otlp as Settings
from ..errors import AxonHubError
from .recorder import Level
from .redact import Redactor
from .spans import SCHEMA, Span, resource

SECONDS = 10.0  # for a batch, all its tries together
MISSING = "OpenTelemetry's exporter is not installed. Add it: pip install 'axonhub-cli[otel]'"
_LOGGERS = ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.exporter.otlp.common.http")


class Sender:
    """Sends batches; `secret` reads a reference. Used by one thread, apart from `drop`, `state`, `messages` and `stop`."""

    def __init__(self, secret: Callable[[str], str]) -> None:
        self.error: str | None = None
        self.sent = self.dropped = 0
        self._secret = secret
        self._messages: deque[tuple[Level, str]] = deque(maxlen=50)
        self._exporter: Any = None
        self._settings: Settings | None = None
        self._log = _LastLine()

    def send(self, settings: Settings, spans: Sequence[Span], redactor: Redactor) -> None:
        """Deliver the spans or drop them. Never raises."""
        try:
            exporter = self._connected(settings)
            self._log.line = ""
            result = exporter.export(_readable(spans, redactor))
        except ImportError:
            self.failed(len(spans), MISSING)
        except AxonHubError as error:
            self.failed(len(spans), f"{error.message} {error.hint or ''}".strip())
        except Exception as error:  # noqa: BLE001  # whatever a library does, the thread goes on
            self.failed(len(spans), f"{type(error).__name__}: {error}")
        else:
            if result.name == "SUCCESS":
                self._delivered(len(spans))
            else:
                self.failed(len(spans), redactor.text(self._log.line or "the collector did not take them"))

    def drop(self, spans: int) -> None:
        """Count spans for which there was no room."""
        self.dropped += spans

    def failed(self, spans: int, why: str) -> None:
        """Count spans that were not taken; say why when that is new."""
        self.dropped += spans
        if self.error is None:
            self._messages.append(("warning", f"Spans cannot be sent: {why} Requests are served and recorded as ever."))
        self.error = why

    def state(self) -> dict[str, Any]:
        """How many spans were sent and dropped, and what is wrong now."""
        return {"sent": self.sent, "dropped": self.dropped, "error": self.error}

    def messages(self) -> list[tuple[Level, str]]:
        """What a person should be told since the last call."""
        return [self._messages.popleft() for _ in range(len(self._messages))]

    def stop(self) -> None:
        """End a try that is under way."""
        exporter, self._exporter = self._exporter, None
        if exporter is not None:
            exporter.shutdown()

    def _delivered(self, spans: int) -> None:
        self.sent += spans
        if self.error is not None:
            self.error = None
            self._messages.append(("info", f"Spans are sent again; so far {self.dropped} were dropped."))

    def _connected(self, settings: Settings) -> Any:
        """The exporter for these settings; a new one when they have changed. Secrets are read again after a failure."""
        if self._exporter is None or settings != self._settings or self.error is not None:
            known = headers(settings, self._secret)
            self.stop()
            self._exporter, self._settings = _exporter(address(settings), known, self._log), settings
        return self._exporter


def _exporter(url: str, headers: Mapping[str, str], log: logging.Handler) -> Any:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [log], False
    return OTLPSpanExporter(endpoint=url, headers=dict(headers), timeout=SECONDS, compression=Compression.Gzip)


class _LastLine(logging.Handler):
    """Keeps the exporter's own last words about a failure; they go nowhere else."""

    line = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.line = " ".join(record.getMessage().split())[:300].rstrip(".") + "."


def _readable(spans: Sequence[Span], redactor: Redactor) -> Any:
    """Spans as the exporter takes them, without secrets."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
    from opentelemetry.trace.status import Status, StatusCode

    kinds = {1: SpanKind.INTERNAL, 2: SpanKind.SERVER, 3: SpanKind.CLIENT}
    origin, scope = Resource(resource()), InstrumentationScope("axonhub", resource()["service.version"], SCHEMA)

    def context(span: Span, name: str) -> Any:
        return SpanContext(int(span.trace, 16), int(name, 16), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

    return [
        ReadableSpan(
            name=redactor.text(span.name), context=context(span, span.id), resource=origin, instrumentation_scope=scope,
            parent=context(span, span.parent) if span.parent else None, kind=kinds[span.kind],
            attributes={key: _clean(value, redactor) for key, value in span.attributes.items()},
            status=Status(StatusCode.UNSET) if span.error is None else Status(StatusCode.ERROR, redactor.text(span.error)),
            start_time=int(span.start * 1e9), end_time=int(span.end * 1e9),
        )
        for span in spans
    ]  # fmt: skip


def _clean(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, list):
        return [_clean(item, redactor) for item in value]
    return redactor.text(value) if isinstance(value, str) else value

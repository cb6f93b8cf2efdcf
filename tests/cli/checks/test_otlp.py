"""doctor finds out whether spans could be sent."""

import sys

import pytest

from axonhub_cli.cli.checks.otlp import otlp
from axonhub_cli.config.schema import Config, Otlp, Trace
from tests.trace.receiver import receiver


def config(endpoint: str) -> Config:
    """With a header from the environment."""
    return Config(trace=Trace(otlp=Otlp(endpoint=endpoint, headers={"X-Tenant": "env:OTLP_TENANT"})))


@pytest.mark.parametrize(
    ("status", "found", "words"),
    [(200, "ok", "takes spans"), (401, "fail", "credentials"), (404, "fail", "nothing takes spans"), (500, "warn", "status 500")],
)
def test_the_collector_is_asked(status: int, found: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an empty export and the configured headers."""
    monkeypatch.setenv("OTLP_TENANT", "tenant-1")
    with receiver() as collector:
        collector.status = status
        (finding,) = otlp(config(collector.url))
    assert (finding.status, words in finding.text) == (found, True)
    assert (collector.headers[0]["x-tenant"], collector.paths) == ("tenant-1", ["/v1/traces"])


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told with the address."""
    monkeypatch.setenv("OTLP_TENANT", "tenant-1")
    with receiver() as collector:
        pass
    (finding,) = otlp(config(collector.url))
    assert (finding.status, collector.url in finding.text) == ("warn", True)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that adds it is the remedy; without the table there is nothing to say."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    (finding,) = otlp(config("http://127.0.0.1:1"))
    assert finding.remedy == "Run: pip install 'axonhub-cli[otel]'"
    assert list(otlp(Config())) == []

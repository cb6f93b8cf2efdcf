"""`[trace.otlp]`: which address spans go to, and what is refused."""

import pytest

from axonhub_cli.config.otlp import address, headers, wrong
from axonhub_cli.config.schema import Otlp


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
        ("http://127.0.0.1:4318/v1/traces", "http://127.0.0.1:4318/v1/traces"),
        ("https://cloud.example.com/api/public/otel", "https://cloud.example.com/api/public/otel/v1/traces"),
        ("https://api.example.com/otlp?project=a", "https://api.example.com/otlp/v1/traces?project=a"),
    ],
)
def test_an_endpoint_is_a_base_or_the_whole_url(endpoint: str, url: str) -> None:
    """As OpenTelemetry's own variable has it, and never doubled."""
    assert address(Otlp(endpoint=endpoint)) == url
    assert wrong(Otlp(endpoint=endpoint)) is None


@pytest.mark.parametrize(
    ("settings", "key", "words"),
    [
        (Otlp(endpoint="127.0.0.1:4318"), ("endpoint",), "Like http://127.0.0.1:4318"),
        (Otlp(endpoint="http://"), ("endpoint",), "Like http"),
        (Otlp(endpoint="http://[::1"), ("endpoint",), "Like http"),
        (Otlp(endpoint="http://me:word@host"), ("endpoint",), "Authorization"),
        (Otlp(endpoint="http://127.0.0.1:4317"), ("endpoint",), "http://127.0.0.1:4318"),
        (Otlp(endpoint="http://a", headers={"x y": "env:A"}), ("headers", "x y"), "letters"),
        (Otlp(endpoint="http://a", headers={"x": "Bearer 1 2"}), ("headers", "x"), "keyring:NAME"),
    ],
)
def test_what_is_wrong_is_told_with_a_remedy(settings: Otlp, key: tuple[str, ...], words: str) -> None:
    """The key, a sentence, what to do."""
    found = wrong(settings)
    assert found is not None
    assert found[0] == key
    assert words in found[2]


def test_a_secret_may_follow_a_scheme() -> None:
    """The scheme stands in the file, the secret does not."""
    settings = Otlp(endpoint="http://a", headers={"Authorization": "Bearer env:KEY", "X-Team": "file:~/my team"})
    assert wrong(settings) is None
    assert headers(settings, {"env:KEY": "1", "file:~/my team": "2"}.__getitem__) == {"Authorization": "Bearer 1", "X-Team": "2"}

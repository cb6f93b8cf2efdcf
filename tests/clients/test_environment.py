"""NO_PROXY is extended, never replaced, and only where a proxy would get our requests."""

import pytest

from axonhub_cli.clients.environment import merged, no_proxy, url

MERGED = {
    "": "127.0.0.1,localhost",
    "corp.internal": "corp.internal,127.0.0.1,localhost",
    "corp.internal,": "corp.internal,127.0.0.1,localhost",
    "localhost, corp": "localhost, corp,127.0.0.1",
    "a b": "a b,127.0.0.1,localhost",
    "*": "*",
    "127.0.0.1,localhost": "127.0.0.1,localhost",
}

CASES = {
    "no proxy, nothing to do": ({"NO_PROXY": "x"}, {}),
    "a proxy and no list": ({"HTTPS_PROXY": "http://p"}, {"NO_PROXY": "127.0.0.1,localhost"}),
    "lower case": ({"http_proxy": "http://p", "no_proxy": "x"}, {"no_proxy": "x,127.0.0.1,localhost"}),
    "both names": ({"ALL_PROXY": "s", "no_proxy": "x", "NO_PROXY": "y"},
                   {"NO_PROXY": "y,127.0.0.1,localhost", "no_proxy": "x,127.0.0.1,localhost"}),
    "listed already": ({"HTTP_PROXY": "p", "NO_PROXY": "localhost,127.0.0.1"}, {}),
}  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), MERGED.items())
def test_merged(value: str, expected: str) -> None:
    """What is listed stays as it is written; what is missing is added."""
    assert merged(value) == expected


@pytest.mark.parametrize(("environ", "expected"), CASES.values(), ids=CASES)
def test_no_proxy(environ: dict[str, str], expected: dict[str, str]) -> None:
    """Each name that is in use is extended, and nothing is said when nothing changes."""
    assert {line.name: line.value for line in no_proxy(environ)} == expected


def test_url_names_the_machine_by_number() -> None:
    """Our address does not depend on a name's resolution."""
    assert url(8090, "/v1") == "http://127.0.0.1:8090/v1"

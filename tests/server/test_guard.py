"""The guard: who may come in, as tables."""

import pytest

from axonhub_cli.config.keys import Key
from axonhub_cli.server.guard import Guard, allowed_hosts
from axonhub_cli.server.routes import find
from axonhub_cli.types.problem import Problem

KEY = Key(name="k", token="ah-right")
GUARD = Guard(allowed_hosts("127.0.0.1", 8090), lambda token: KEY if token == KEY.token else None, 1 << 20)

HOSTS = [
    ("127.0.0.1:8090", True),
    ("localhost:8090", True),
    ("LOCALHOST:8090", True),
    ("[::1]:8090", True),
    ("127.0.0.1", False),
    ("127.0.0.1:80", False),
    ("localhost", False),
    ("localhost.:8090", False),
    ("", False),
    ("rebind.example:8090", False),
    ("evil@localhost:8090", False),
    ("localhost:8090/#", False),
    ("127.0.0.1.nip.io:8090", False),
    ("0.0.0.0:8090", False),
    ("2130706433:8090", False),
    ("[::ffff:127.0.0.1]:8090", False),
    ("localhost:8090, evil", False),
    (" localhost:8090", False),
]


@pytest.mark.parametrize(("host", "allowed"), HOSTS)
def test_only_exact_hosts_come_in(host: str, allowed: bool) -> None:
    """The raw Host header is compared with the exact list: what stops DNS rebinding."""
    assert (GUARD.door("/v1/messages", [(b"Host", host.encode())]) is None) is allowed


def test_exactly_one_host() -> None:
    """None and two are refused, also when one of them is right."""
    good = (b"host", b"localhost:8090")
    assert GUARD.door("/", []) is not None
    assert GUARD.door("/", [good, good]) is not None


@pytest.mark.parametrize("target", ["http://localhost/", "*", "localhost:8090", "/a\x00b", "/a\r\nX: y", "/\x7f"])
def test_targets_are_paths_without_control_characters(target: str) -> None:
    """Absolute-form targets override the Host that frameworks show."""
    assert GUARD.door(target, [(b"Host", b"localhost:8090")]) is not None


HEADERS = [
    ([(b"Origin", b"http://localhost:8090")], False),
    ([(b"origin", b"null")], False),
    ([(b"Sec-Fetch-Site", b"cross-site")], False),
    ([(b"Sec-Fetch-Site", b"same-origin")], False),
    ([(b"Sec-Fetch-Site", b"none")], True),
    ([(b"sec-fetch-mode", b"cors")], True),  # what node's own fetch sends
    ([], True),
]


@pytest.mark.parametrize(("more", "allowed"), HEADERS)
def test_no_web_page_comes_in(more: list[tuple[bytes, bytes]], allowed: bool) -> None:
    """Any Origin is refused, its own included; so is every Sec-Fetch-Site but `none`."""
    assert (GUARD.door("/v1/models", [(b"Host", b"localhost:8090"), *more]) is None) is allowed


KEYS = [
    ({"authorization": "Bearer ah-right"}, True),
    ({"authorization": "bearer  ah-right "}, True),
    ({"x-api-key": "ah-right"}, True),
    ({"x-goog-api-key": "ah-right"}, True),
    ({"authorization": "Bearer ah-wrong", "x-api-key": "ah-right"}, False),
    ({"authorization": "Basic ah-right"}, False),
    ({"authorization": "ah-right"}, False),
    ({"x-api-key": ""}, False),
    ({}, False),
]


@pytest.mark.parametrize(("headers", "known"), KEYS)
def test_a_key_comes_in_through_three_headers(headers: dict[str, str], known: bool) -> None:
    """Who has none or a wrong one is told not to retry."""
    found = GUARD.key(headers)

    if known:
        assert found is KEY
    else:
        assert isinstance(found, Problem)
        assert (found.kind, found.should_retry) == ("authentication", False)


FORMS = [
    ("POST", {"content-type": "application/json"}, None),
    ("POST", {"content-type": "application/json; charset=utf-8"}, None),
    ("POST", {"content-type": "text/plain"}, "unsupported"),
    ("POST", {"content-type": "application/x-www-form-urlencoded"}, "unsupported"),
    ("POST", {}, "unsupported"),
    ("POST", {"content-type": "application/json", "content-length": str((1 << 20) + 1)}, "too_large"),
    ("POST", {"content-type": "application/json", "content-length": "9" * 30}, "too_large"),
    ("GET", {}, "unsupported"),
    ("TRACE", {}, "unsupported"),
]


@pytest.mark.parametrize(("method", "headers", "kind"), FORMS)
def test_the_form_of_a_request(method: str, headers: dict[str, str], kind: str | None) -> None:
    """Method, content type and declared length, before a byte of the body is read."""
    route = find("/v1/messages")
    assert route is not None
    length = int(headers["content-length"]) if "content-length" in headers else None
    problem = GUARD.form(route, method, headers, length)

    assert (problem.kind if problem else None) == kind


def test_a_remote_bind_adds_its_own_address_only() -> None:
    """Binding to an address allows that Host; binding to all of them allows none by name."""
    assert "192.168.1.5:8090" in allowed_hosts("192.168.1.5", 8090)
    assert allowed_hosts("0.0.0.0", 8090) == allowed_hosts("127.0.0.1", 8090)
    assert "localhost" in allowed_hosts("127.0.0.1", 80)

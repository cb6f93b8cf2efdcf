"""Who may come in. Pure checks on the request's first lines, before a byte of its body is read.

The order is cheap first, and nothing about us is told to who fails early:

1 target    starts with `/` (absolute-form targets override the Host that frameworks show), no control characters
2 Host      exactly one, exactly one of the allowed: the only thing that stops DNS rebinding
3 Origin    none, and no Sec-Fetch-Site but `none`: no web page calls us
4 key       constant time over all keys, through Bearer, x-api-key, x-goog-api-key, or Gemini's ?key=
5 method, content type, length
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ..config.keys import Key
from ..types.problem import Problem
from .routes import Route


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules of one server. `hosts` are the allowed Host headers; `find_key` looks a token up in constant time."""

    hosts: frozenset[str]
    find_key: Callable[[str], Key | None]
    max_body: int

    def door(self, target: str, raw_headers: Iterable[tuple[bytes, bytes]]) -> Problem | None:
        """Steps 1 to 3: may this caller talk to us at all?"""
        return self.target(target) or self.caller(raw_headers)

    def target(self, target: str) -> Problem | None:
        """Step 1."""
        if target.startswith("/") and (target.isprintable() or not any(ord(char) < 0x20 or char == "\x7f" for char in target)):
            return None
        return _refused("The request target must be a path that starts with '/'.", "invalid_request")

    def caller(self, raw_headers: Iterable[tuple[bytes, bytes]]) -> Problem | None:
        """Steps 2 and 3."""
        hosts = [value for name, value in raw_headers if name.lower() == b"host"]
        if len(hosts) != 1 or hosts[0].decode("latin-1").lower() not in self.hosts:
            return _refused(
                "This Host is not one that axonhub answers to; use http://127.0.0.1 or http://localhost with its port.",
                "permission",
            )
        for name, value in raw_headers:
            low = name.lower()
            if low == b"origin" or (low == b"sec-fetch-site" and value.lower() != b"none"):
                return _refused("axonhub does not answer web pages.", "permission")
        return None

    def key(self, headers: Mapping[str, str], in_query: str = "") -> Key | Problem:
        """Step 4: whose call is it? A client that is wrong stays wrong: it is told not to retry. `in_query`: from `?key=`."""
        token = _token(headers) or in_query
        if not token:
            return _unauthorized("No local API key was sent.", "Send one as 'Authorization: Bearer ah-…' or 'x-api-key'.")
        found = self.find_key(token)
        if found is None:
            return _unauthorized(
                "This API key is not one of axonhub's.", "List them: axonhub key list. Make one: axonhub key create NAME"
            )
        return found

    def form(self, route: Route, method: str, headers: Mapping[str, str], length: int | None) -> Problem | None:
        """Step 5: is it the kind of request that this path takes? `length`: of the body, where it was told."""
        if method not in route.methods:
            message = f"{method} is not possible here; use {' or '.join(route.methods)}."
            return Problem(kind="unsupported", status=405, message=message, should_retry=False)
        if method != "POST":
            return None
        content_type = headers.get("content-type", "")
        if content_type != "application/json" and (content_type := _type(content_type)) != "application/json":
            message = f"The body must be application/json, it is {content_type[:100] or 'of no type'}."
            return Problem(kind="unsupported", message=message, should_retry=False)
        if length is not None and length > self.max_body:
            return too_large(self.max_body)
        return None


def too_large(limit: int) -> Problem:
    """The body is over the limit."""
    message = f"The request body is larger than {limit >> 20} MB. Raise max_body_mb in config.toml, or shorten the conversation."
    return Problem(kind="too_large", message=message, should_retry=False)


def _type(header: str) -> str:
    return header.split(";")[0].strip().lower()


def _token(headers: Mapping[str, str]) -> str:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer.strip():
        return bearer.strip()
    return (headers.get("x-api-key") or headers.get("x-goog-api-key") or "").strip()


def _refused(message: str, kind: str) -> Problem:
    status = 403 if kind == "permission" else 400
    return Problem(
        kind="permission" if kind == "permission" else "invalid_request", status=status, message=message, should_retry=False
    )


def _unauthorized(message: str, hint: str) -> Problem:
    return Problem(kind="authentication", code="invalid_api_key", message=f"{message} {hint}", should_retry=False)


def allowed_hosts(host: str, port: int) -> frozenset[str]:
    """The Host headers of a server: loopback by its three names, and the address it was told to bind to."""
    names = {"127.0.0.1", "localhost", "[::1]"}
    if host not in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "::"):  # noqa: S104  # compared, not bound
        names.add(f"[{host}]" if ":" in host else host.lower())
    return frozenset(f"{name}:{port}" for name in names) | (frozenset(names) if port == 80 else frozenset())

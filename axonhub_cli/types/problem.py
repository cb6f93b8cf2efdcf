"""A failure as a value: what went wrong, in words that every protocol can be told.

Codecs translate vendors' error bodies into a `Problem` and back; the relay decides by `kind` and `status` what comes next.
"""

from typing import Literal

from msgspec import Struct

from ..errors import AxonHubError, RequestError

ErrorKind = Literal[
    "invalid_request",  # the request is wrong
    "context_length",  # it is too long for the model: clients compact when they are told so in their own words
    "authentication",
    "billing",
    "permission",
    "not_found",
    "timeout",  # too slow, ours or theirs
    "conflict",
    "too_large",  # the body
    "rate_limit",
    "quota",  # spent: waiting does not help
    "overloaded",
    "server",  # the upstream's own failure
    "upstream",  # the upstream cannot be reached or understood
    "unsupported",  # method or media type
    "cancelled",  # the client left
]

STATUS: dict[str, int] = {
    "invalid_request": 400,
    "context_length": 400,
    "authentication": 401,
    "billing": 402,
    "permission": 403,
    "not_found": 404,
    "timeout": 504,
    "conflict": 409,
    "too_large": 413,
    "rate_limit": 429,
    "quota": 429,
    "overloaded": 503,
    "server": 500,
    "upstream": 502,
    "unsupported": 415,
    "cancelled": 499,
}


class Problem(Struct, frozen=True, kw_only=True):
    """One failure. `status` is the HTTP status that the maker of it chose, or 0 for the usual one of its kind.

    `retry_after` is in seconds. `should_retry` is the `x-should-retry` answer (None: say nothing). `code` and `type` are the
    vendor's own words, kept when they are known. `elsewhere`: what is asked cannot be had at this place, and may be at another.
    """

    kind: ErrorKind
    message: str
    status: int = 0
    code: str | None = None
    type: str | None = None
    param: str | None = None
    retry_after: float | None = None
    should_retry: bool | None = None
    elsewhere: bool = False

    @property
    def http_status(self) -> int:
        """The HTTP status to answer with."""
        return self.status or STATUS[self.kind]


def from_status(status: int) -> ErrorKind:
    """The kind that an HTTP status means when the body says nothing better."""
    exact: dict[int, ErrorKind] = {
        401: "authentication", 402: "billing", 403: "permission", 404: "not_found", 408: "timeout", 409: "conflict",
        413: "too_large", 415: "unsupported", 429: "rate_limit", 503: "overloaded", 504: "timeout", 529: "overloaded",
    }  # fmt: skip
    if status in exact:
        return exact[status]
    return "invalid_request" if 400 <= status < 500 else "server" if status >= 500 else "upstream"


def from_error(error: AxonHubError) -> Problem:
    """An exception of ours as a problem for the client; local failures are never worth a client's own retry."""
    kind: ErrorKind = error.kind if error.kind in STATUS else "server"  # type: ignore[assignment]  # checked right here
    param = error.param if isinstance(error, RequestError) else None
    return Problem(kind=kind, message=str(error), param=param, code=None, should_retry=False)

"""Errors: OpenAI's HTTP body, and the `error` object of a response that failed in mid-stream.

Codex decides by status, `code` and `retry-after` whether it tries again (all measured): a 429 without `retry-after` ends the
session, an hour of `retry-after` is really waited for, 5xx is repeated thirty times, `server_is_overloaded` and `slow_down` are
fatal. In a stream `server_error` and `rate_limit_exceeded` are repeated, the other codes of `_STREAM_CODES` are not. So
statuses, codes and waits are chosen from what the problem *is*; the vendor's own words stay in the message.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from ...errors import ProtocolError
from ...types.problem import STATUS, ErrorKind, Problem, from_status
from ..headers import retry_after
from ..overflow import is_overflow
from ..raw import dumps, loads
from .fields import text, text_or_none

LONGEST_WAIT = 60
_SNIPPET = 200
_WAIT = re.compile(r"try again in (\d+(?:\.\d+)?) ?(ms|s\b|sec)", re.IGNORECASE)
_TAGS = re.compile(r"<[^>]*>|[\x00-\x1f\x7f-\x9f]+")

_KINDS: dict[str, ErrorKind] = {
    "insufficient_quota": "quota",
    "billing_hard_limit_reached": "quota",
    "billing_not_active": "billing",
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_error": "rate_limit",
    "server_is_overloaded": "overloaded",
    "slow_down": "overloaded",
    "overloaded_error": "overloaded",
    "invalid_api_key": "authentication",
    "authentication_error": "authentication",
    "permission_error": "permission",
    "model_not_found": "not_found",
    "not_found_error": "not_found",
    "request_too_large": "too_large",
    "timeout_error": "timeout",
    "invalid_prompt": "invalid_request",
    "invalid_encrypted_content": "invalid_request",
}
_STREAM_KINDS: dict[str, ErrorKind] = {
    "invalid_request_error": "invalid_request",
    "server_error": "server",
    "api_error": "server",
    "vector_store_timeout": "timeout",
    "cancelled": "upstream",
}

# kind: (type, code) of an HTTP error body
_BODIES: dict[ErrorKind, tuple[str, str | None]] = {
    "invalid_request": ("invalid_request_error", None),
    "context_length": ("invalid_request_error", "context_length_exceeded"),
    "authentication": ("invalid_request_error", "invalid_api_key"),
    "billing": ("billing_error", "billing_not_active"),
    "permission": ("invalid_request_error", "permission_denied"),
    "not_found": ("invalid_request_error", "not_found"),
    "timeout": ("server_error", "upstream_timeout"),
    "conflict": ("invalid_request_error", "conflict"),
    "too_large": ("invalid_request_error", "request_too_large"),
    "rate_limit": ("rate_limit_error", "rate_limit_exceeded"),
    "quota": ("insufficient_quota", "insufficient_quota"),
    "overloaded": ("server_error", "upstream_overloaded"),
    "server": ("server_error", "server_error"),
    "upstream": ("server_error", "upstream_error"),
    "unsupported": ("invalid_request_error", "unsupported"),
    "cancelled": ("invalid_request_error", "cancelled"),
}
_STATUSES: dict[ErrorKind, int] = {"too_large": 400, "context_length": 400, "overloaded": 503, "rate_limit": 429, "quota": 429}
_FIXED_CODES = frozenset({"context_length", "quota", "rate_limit", "overloaded"})
_DEFAULT_WAITS: dict[ErrorKind, float] = {"rate_limit": 2, "overloaded": 1}

# kind: code of a failed response; every other kind is worth a client's retry
_STREAM_CODES: dict[ErrorKind, str] = {
    "rate_limit": "rate_limit_exceeded",
    "context_length": "context_length_exceeded",
    "quota": "insufficient_quota",
    "billing": "insufficient_quota",
    "invalid_request": "invalid_prompt",
    "authentication": "invalid_prompt",
    "permission": "invalid_prompt",
    "not_found": "invalid_prompt",
    "too_large": "invalid_prompt",
    "unsupported": "invalid_prompt",
}


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Problem:
    """What an HTTP answer that is no success says; it may be anything, HTML too."""
    fields = _fields(body)
    message = text_or_none(fields, "message") or f"The upstream answered {status}{_snippet(body)}."
    low = {name.lower(): value for name, value in headers.items()}
    told = low.get("x-should-retry")
    return Problem(
        kind=_kind(fields, message, status),
        message=message,
        status=status,
        code=_code(fields),
        type=text_or_none(fields, "type"),
        param=text_or_none(fields, "param"),
        retry_after=retry_after(headers),
        should_retry=None if told is None else told == "true",
    )


def _fields(body: bytes) -> dict[str, Any]:
    """The error's own fields: OpenAI's `error` object, or what others put in its place."""
    try:
        whole = loads(body)
    except ProtocolError:
        return {}
    if not isinstance(whole, dict):
        return {}
    error = whole.get("error")
    if isinstance(error, str):
        return {**whole, "message": error}
    fields = error if isinstance(error, dict) else whole
    return fields if text(fields, "message") else {**fields, "message": text(fields, "detail")}


def _snippet(body: bytes) -> str:
    words = " ".join(_TAGS.sub(" ", body[:4000].decode("utf-8", "replace")).split())
    return f": {words[:_SNIPPET]}" if words else " with an empty body"


def _code(fields: dict[str, Any]) -> str | None:
    code = fields.get("code")
    return str(code) if isinstance(code, str | int) and not isinstance(code, bool) and code != "" else None


def _kind(fields: dict[str, Any], message: str, status: int) -> ErrorKind:
    code, name = _code(fields), text(fields, "type")
    if status != 429 and is_overflow(message, code):
        return "context_length"
    for word in (code or "", name):
        if word in _KINDS:
            return _KINDS[word]
    if status >= 400:
        return from_status(status)
    return _STREAM_KINDS.get(code or "") or _STREAM_KINDS.get(name) or "server"


def stream_problem(fields: dict[str, Any]) -> Problem:
    """An `error` object inside a stream or a failed response."""
    message = text_or_none(fields, "message") or "The upstream failed without a reason."
    wait = _WAIT.search(message)
    seconds = float(wait.group(1)) / (1000 if wait.group(2).lower() == "ms" else 1) if wait else None
    return Problem(
        kind=_kind(fields, message, 0),
        message=message,
        code=_code(fields),
        type=text_or_none(fields, "type"),
        param=text_or_none(fields, "param"),
        retry_after=seconds,
    )


def error_in(body: dict[str, Any]) -> Problem | None:
    """The error that a body of status 200 is, or None when it is an answer."""
    error = body.get("error")
    if isinstance(error, dict):
        return stream_problem(error)
    if isinstance(error, str) and error:
        return stream_problem({"message": error})
    if body.get("status") in ("failed", "cancelled"):
        return stream_problem({"message": f"The upstream ended the response as {body['status']}."})
    return None


def write_error(problem: Problem, request_id: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body for a Responses client."""
    kind = problem.kind
    status = _STATUSES.get(kind, problem.http_status)
    name, code = _BODIES[kind]
    error = {
        "message": problem.message,
        "type": name,
        "param": problem.param,
        "code": code if kind in _FIXED_CODES else problem.code or code,
    }
    headers = {"content-type": "application/json", "x-request-id": request_id, **_waits(problem), **_retries(problem)}
    return (status if status >= 400 else STATUS[kind]), headers, dumps({"error": error})


def _waits(problem: Problem) -> dict[str, str]:
    seconds = wait(problem)
    if seconds is None:
        return {}
    return {"retry-after": str(max(1, math.ceil(seconds))), "retry-after-ms": str(max(1, round(seconds * 1000)))}


def wait(problem: Problem) -> float | None:
    """Seconds that a client is told to wait: never an hour, and never nothing after a rate limit."""
    seconds = problem.retry_after if problem.retry_after is not None else _DEFAULT_WAITS.get(problem.kind)
    return None if seconds is None else min(seconds, LONGEST_WAIT)


def _retries(problem: Problem) -> dict[str, str]:
    """A wrong key stays wrong: without this word Claude Code, for one, repeats a 401 for minutes."""
    answer = problem.should_retry
    if answer is None and problem.kind == "authentication":
        answer = False
    return {} if answer is None else {"x-should-retry": "true" if answer else "false"}


def failed(problem: Problem) -> dict[str, str]:
    """The `error` of `response.failed`; after a rate limit its message says how long to wait, because Codex reads it there."""
    code = _STREAM_CODES.get(problem.kind, "server_error")
    if problem.should_retry is False and code in ("server_error", "rate_limit_exceeded"):
        code = "invalid_prompt"
    message = problem.message
    if code == "rate_limit_exceeded" and not _WAIT.search(message):
        message = f"{message} Please try again in {wait(problem):g}s."
    return {"code": code, "message": message}

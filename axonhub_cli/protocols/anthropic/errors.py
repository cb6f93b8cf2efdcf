"""Errors: a vendor's answer as a `Problem`, and a `Problem` as Anthropic says it.

An error body of this protocol is `{"type":"error","error":{"type":…,"message":…,"details":{"error_code":…}},"request_id":…}`.
Endpoints that only imitate it also send OpenAI's form, a bare string, `message` or `detail`, a page of HTML or nothing: each
of them becomes a sentence.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from ...errors import ProtocolError
from ...types.problem import ErrorKind, Problem, from_status
from .. import raw
from ..headers import retry_after
from ..overflow import is_overflow

_TYPES: dict[ErrorKind, str] = {
    "invalid_request": "invalid_request_error",
    "context_length": "invalid_request_error",
    "authentication": "authentication_error",
    "billing": "billing_error",
    "permission": "permission_error",
    "not_found": "not_found_error",
    "timeout": "timeout_error",
    "conflict": "conflict_error",
    "too_large": "request_too_large",
    "rate_limit": "rate_limit_error",
    "quota": "rate_limit_error",
    "overloaded": "overloaded_error",
    "server": "api_error",
    "upstream": "api_error",
    "unsupported": "invalid_request_error",
    "cancelled": "api_error",
}
_KINDS: dict[str, ErrorKind] = {
    "authentication_error": "authentication",
    "billing_error": "billing",
    "permission_error": "permission",
    "not_found_error": "not_found",
    "timeout_error": "timeout",
    "conflict_error": "conflict",
    "request_too_large": "too_large",
    "rate_limit_error": "rate_limit",
    "overloaded_error": "overloaded",
    "insufficient_quota": "quota",
    "enforced_spend_limit_reached": "quota",
}
_GENERAL: dict[str, ErrorKind] = {"invalid_request_error": "invalid_request", "api_error": "server"}
_OVERLOADED = 529
_TOO_LONG = "prompt is too long"
_NO_CREDIT = re.compile(r"credit balance is too low|insufficient (balance|credit)", re.IGNORECASE)
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_LOOK = 20_000  # characters of a foreign error body that are looked at
_SHOWN = 200


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Problem:
    """What an upstream's error answer says. Never raises."""
    try:
        fields = raw.loads(body)
    except ProtocolError:
        fields = None
    error = _error_object(fields) if isinstance(fields, dict) else None
    low = {name.lower(): value for name, value in headers.items()}
    should = {"true": True, "false": False}.get(low.get("x-should-retry", "").strip().lower())
    found = (
        _problem(error, status)
        if error
        else Problem(kind=_kind("", None, "", status), message=_page(status, body), status=status)
    )
    return Problem(
        kind=found.kind, message=found.message, status=status, code=found.code, type=found.type, param=found.param,
        retry_after=retry_after(headers), should_retry=should,
    )  # fmt: skip


def error_in(body: dict[str, Any]) -> Problem | None:
    """The problem of a body that is an error object, None when it is an answer."""
    if body.get("type") != "error" and (not body.get("error") or "content" in body):
        return None
    return _problem(_error_object(body) or {"message": ""}, 0)


def _error_object(fields: dict[str, Any]) -> dict[str, Any] | None:
    """The object with the message, whatever the form of the body; None when there is no message in it."""
    error = fields.get("error")
    if isinstance(error, dict):
        return error if error.get("message") or error.get("type") else None
    for text in (error, fields.get("message"), fields.get("detail")):
        if text:
            return {**fields, "message": text if isinstance(text, str) else raw.dumps(text).decode()}
    return None


def _problem(error: dict[str, Any], status: int) -> Problem:
    details = error.get("details")
    code = _text(details.get("error_code") if isinstance(details, dict) else None) or _text(error.get("code"))
    kind_word = _text(error.get("type")) or ""
    message = (
        _text(error.get("message")) or f"The upstream reports an error without a message ({kind_word or status or 'no type'})."
    )
    kind = _kind(kind_word, code, message, status)
    return Problem(kind=kind, message=message, status=status, code=code, type=kind_word or None, param=_text(error.get("param")))


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None
    return None if value is None or isinstance(value, bool | list | dict) else str(value)


def _kind(word: str, code: str | None, message: str, status: int) -> ErrorKind:
    """The kind: overflow and money first, for they hide behind general types; then the type; then the status."""
    if is_overflow(message, code) or is_overflow("", word):
        return "context_length"
    if _NO_CREDIT.search(message):
        return "billing"
    for known in (code or "", word):
        if known in _KINDS:
            return _KINDS[known]
    return from_status(status) if status >= 400 else _GENERAL.get(word, "server")


def _page(status: int, body: bytes) -> str:
    """A sentence for a body that is no error object: the status, and what people can read of the body."""
    text = body[:_LOOK].decode("utf-8", "replace")
    text = "".join(char if char.isprintable() else " " for char in _MARKUP.sub(" ", text))
    shown = " ".join(text.split())[:_SHOWN].rstrip()
    return f"The upstream answered HTTP {status}: {shown}" if shown else f"The upstream answered HTTP {status} without a message."


def error_object(problem: Problem) -> dict[str, Any]:
    """The error object of this protocol; the words for a context that is full are those that clients look for."""
    message = problem.message
    if problem.kind == "context_length" and not message.lower().startswith(_TOO_LONG):
        message = f"{_TOO_LONG}: {message}"
    out: dict[str, Any] = {"type": _TYPES[problem.kind], "message": message}
    if problem.code is not None:
        out["details"] = {"error_code": problem.code}
    return out


def write_error(problem: Problem, request_id: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body for a client."""
    status = _OVERLOADED if problem.kind == "overloaded" and not problem.status else problem.http_status
    if problem.kind == "context_length":
        status = 400
    headers = {"content-type": "application/json", "request-id": request_id}
    if problem.retry_after is not None:
        headers["retry-after"] = str(math.ceil(problem.retry_after))
    if problem.should_retry is not None:
        headers["x-should-retry"] = "true" if problem.should_retry else "false"
    return status, headers, raw.dumps({"type": "error", "error": error_object(problem), "request_id": request_id})

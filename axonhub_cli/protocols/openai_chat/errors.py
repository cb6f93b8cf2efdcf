"""Errors as this protocol says them: `{"error": {"message", "type", "param", "code"}}`, in an HTTP answer or in a stream.

Reading takes what vendors really send: an error object, a string, `detail`, an Anthropic-like object, a page of HTML, nothing
at all.
"""

import math
from collections.abc import Mapping
from typing import Any

from ...errors import ProtocolError
from ...types.problem import STATUS, ErrorKind, Problem, from_status
from ..headers import retry_after
from ..overflow import is_overflow
from ..raw import dumps, loads

MAX_TEXT = 500

# What is said of each kind: (type, code).
_WORDS: dict[str, tuple[str, str | None]] = {
    "invalid_request": ("invalid_request_error", None),
    "context_length": ("invalid_request_error", "context_length_exceeded"),
    "authentication": ("authentication_error", "invalid_api_key"),
    "billing": ("insufficient_quota", "insufficient_quota"),
    "permission": ("permission_error", None),
    "not_found": ("invalid_request_error", "model_not_found"),
    "timeout": ("server_error", "timeout"),
    "conflict": ("invalid_request_error", "conflict"),
    "too_large": ("invalid_request_error", "request_too_large"),
    "rate_limit": ("rate_limit_error", "rate_limit_exceeded"),
    "quota": ("insufficient_quota", "insufficient_quota"),
    "overloaded": ("service_unavailable", "server_is_overloaded"),
    "server": ("server_error", None),
    "upstream": ("server_error", "upstream_error"),
    "unsupported": ("invalid_request_error", "unsupported"),
    "cancelled": ("server_error", "cancelled"),
}

# What is understood, as a code or as a type.
_KINDS: dict[str, ErrorKind] = {
    "invalid_api_key": "authentication",
    "invalid_authentication_error": "authentication",
    "authentication_error": "authentication",
    "authentication": "authentication",
    "permission_error": "permission",
    "permission_denied": "permission",
    "insufficient_quota": "quota",
    "exceeded_current_quota_error": "quota",
    "billing_hard_limit_reached": "quota",
    "billing_error": "billing",
    "insufficient_balance": "billing",
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_error": "rate_limit",
    "rate_limit_reached_error": "rate_limit",
    "model_not_found": "not_found",
    "not_found_error": "not_found",
    "resource_not_found_error": "not_found",
    "server_is_overloaded": "overloaded",
    "slow_down": "overloaded",
    "service_unavailable": "overloaded",
    "service_unavailable_error": "overloaded",
    "overloaded_error": "overloaded",
    "engine_overloaded_error": "overloaded",
    "request_too_large": "too_large",
    "timeout": "timeout",
    "timeout_error": "timeout",
    "server_error": "server",
    "internal_error": "server",
    "internal_server_error": "server",
    "api_error": "server",
    "invalid_request_error": "invalid_request",
}
_FAILED_FINISH: dict[str, tuple[ErrorKind, str]] = {
    "error": ("server", "The upstream ended its answer with an error."),
    "network_error": ("server", "The upstream's model failed in the middle of its answer."),
    "insufficient_system_resource": ("overloaded", "The upstream broke its answer off: it has no capacity left."),
}


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Problem:
    """The failure that an HTTP answer tells."""
    low = {name.lower(): value for name, value in headers.items()}
    retry = {"true": True, "false": False}.get(low.get("x-should-retry", "").strip().lower())
    try:
        value = loads(body)
    except ProtocolError:
        value = None
    details = _details(value) if isinstance(value, dict) else {}
    message = _message(details) or _plain(status, body, value)
    return _problem(details, message, status, wait=retry_after(low), retry=retry)


def error_in(body: dict[str, Any]) -> Problem | None:
    """The failure that a parsed body, or a chunk of a stream, tells; None when it tells of none."""
    error = body.get("error")
    if error or body.get("object") == "error" or body.get("type") == "error" or _base_status(body):
        details = _details(body)
        return _problem(details, _message(details) or "The upstream reported an error without a text.", 0)
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    word = first.get("finish_reason") if isinstance(first, dict) else None
    failed = _FAILED_FINISH.get(word) if isinstance(word, str) else None
    return Problem(kind=failed[0], message=failed[1], code=word) if failed else None


def _base_status(body: dict[str, Any]) -> Any:
    """MiniMax reports failures beside an empty answer."""
    base = body.get("base_resp")
    return base.get("status_code") if isinstance(base, dict) else None


def _details(body: dict[str, Any]) -> dict[str, Any]:
    """The object that holds the message."""
    error = body.get("error")
    if isinstance(error, dict) and error:
        return error
    if isinstance(error, str) and error:
        return {**body, "message": body.get("message") or error}
    base = body.get("base_resp")
    if isinstance(base, dict) and base.get("status_code"):
        return {"message": base.get("status_msg"), "code": base.get("status_code")}
    return body


def _message(details: dict[str, Any]) -> str:
    for key in ("message", "detail", "msg", "error", "error_description"):
        value = details.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if value and isinstance(value, list | dict):
            return dumps(value).decode()[:MAX_TEXT]
    return ""


def _plain(status: int, body: bytes, value: Any) -> str:
    """A body that is no error object, as a sentence."""
    text = body.decode("utf-8", "replace").strip()
    if not text:
        return f"The upstream answered HTTP {status} with an empty body."
    if value is None and text[:1] == "<":
        return f"The upstream answered HTTP {status} with a page of HTML, not with an error object."
    return f"The upstream answered HTTP {status}: {text[:MAX_TEXT]}"


def _problem(
    details: dict[str, Any], message: str, status: int, *, wait: float | None = None, retry: bool | None = None
) -> Problem:
    code, kind_name, param = (_word(details.get(key)) for key in ("code", "type", "param"))
    number = int(code) if code and code.isascii() and code.isdigit() and len(code) == 3 else 0
    status = status or (number if 400 <= number < 600 else 0)
    return Problem(
        kind=_kind(message, code, kind_name, status),
        message=message,
        status=status,
        code=code,
        type=kind_name,
        param=param,
        retry_after=wait,
        should_retry=retry,
    )


def _word(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def _kind(message: str, code: str | None, kind_name: str | None, status: int) -> ErrorKind:
    """An overflow by its words, then the code, then the status, which says more than a general type does."""
    if status in (0, 400, 413, 422, 500) and is_overflow(message, code or kind_name):
        return "context_length"
    by_code = _KINDS.get((code or "").lower())
    by_type = _KINDS.get((kind_name or "").lower())
    if by_code is not None:
        return by_code
    if by_type == "quota" and status in (0, 403, 429):
        return "quota"
    if status >= 400:
        return from_status(status)
    return by_type or "server"


def write_error(problem: Problem, request_id: str) -> tuple[int, dict[str, str], bytes]:
    """(status, headers, body) of the HTTP answer."""
    headers = {"content-type": "application/json", "x-request-id": request_id}
    if problem.retry_after is not None:
        headers["retry-after"] = str(math.ceil(problem.retry_after))
    if problem.should_retry is not None:
        headers["x-should-retry"] = "true" if problem.should_retry else "false"
    status = 503 if problem.http_status == 529 else problem.http_status
    return status, headers, dumps(error_object(problem))


def error_object(problem: Problem) -> dict[str, Any]:
    """The body, and the last frame of a stream that failed."""
    kind_name, code = _WORDS[problem.kind]
    if problem.kind != "context_length" and problem.code:
        code = problem.code
    return {"error": {"message": problem.message, "type": kind_name, "param": problem.param, "code": code}}


assert _WORDS.keys() == STATUS.keys()

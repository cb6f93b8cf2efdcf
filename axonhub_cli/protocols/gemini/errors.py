"""Errors as this API says them: `{"error": {"code", "message", "status", "details"}}`, in an HTTP answer (or in a list of one,
where a stream without `alt=sse` was asked for) and as the last chunk of a stream that failed.

`details` hold what matters to a program: how long to wait (`RetryInfo`), which quota is spent (`QuotaFailure`), and that a key
is wrong (`ErrorInfo`), which comes as a plain 400.
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
from .fields import Block
from .usage import FAILED

MAX_TEXT = 500
_RETRY = "type.googleapis.com/google.rpc.RetryInfo"
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")

# What is said of each kind: (HTTP status, status word).
_WORDS: dict[str, tuple[int, str]] = {
    "invalid_request": (400, "INVALID_ARGUMENT"),
    "context_length": (400, "INVALID_ARGUMENT"),
    "authentication": (401, "UNAUTHENTICATED"),
    "billing": (400, "FAILED_PRECONDITION"),
    "permission": (403, "PERMISSION_DENIED"),
    "not_found": (404, "NOT_FOUND"),
    "timeout": (504, "DEADLINE_EXCEEDED"),
    "conflict": (409, "ABORTED"),
    "too_large": (400, "INVALID_ARGUMENT"),
    "rate_limit": (429, "RESOURCE_EXHAUSTED"),
    "quota": (429, "RESOURCE_EXHAUSTED"),
    "overloaded": (503, "UNAVAILABLE"),
    "server": (500, "INTERNAL"),
    "upstream": (502, "UNAVAILABLE"),
    "unsupported": (400, "INVALID_ARGUMENT"),
    "cancelled": (499, "CANCELLED"),
}
_AS: dict[tuple[str, int], str] = {
    ("server", 502): "upstream",
    ("timeout", 400): "invalid_request",
}  # what the status makes of a kind
_KINDS: dict[str, ErrorKind] = {
    "INVALID_ARGUMENT": "invalid_request",
    "OUT_OF_RANGE": "invalid_request",
    "FAILED_PRECONDITION": "billing",
    "UNAUTHENTICATED": "authentication",
    "PERMISSION_DENIED": "permission",
    "NOT_FOUND": "not_found",
    "ABORTED": "conflict",
    "ALREADY_EXISTS": "conflict",
    "RESOURCE_EXHAUSTED": "rate_limit",
    "CANCELLED": "cancelled",
    "DEADLINE_EXCEEDED": "timeout",
    "UNAVAILABLE": "overloaded",
    "INTERNAL": "server",
    "UNKNOWN": "server",
    "DATA_LOSS": "server",
    "UNIMPLEMENTED": "invalid_request",
}
_KEY_REASONS = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED", "ACCESS_TOKEN_EXPIRED"})
_OVERFLOW = "The input token count exceeds the maximum number of tokens allowed"


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Problem:
    """The failure that an HTTP answer tells."""
    try:
        value = loads(body)
    except ProtocolError:
        value = None
    details = _error_of(value)
    wait = retry_after({name.lower(): text for name, text in headers.items()})
    return _problem(details, _text(details) or _plain(status, body, value), status, wait)


def error_in(body: dict[str, Any]) -> Problem | None:
    """The failure that a parsed body, or a chunk of a stream, tells; None when it tells of none."""
    if body.get("error"):
        details = _error_of(body)
        return _problem(details, _text(details) or "The upstream reported an error without a text.", 0, None)
    candidates = body.get("candidates")
    first = candidates[0] if isinstance(candidates, list) and candidates else None
    word = (first.get("finishReason") or first.get("finish_reason")) if isinstance(first, dict) else None
    failed = FAILED.get(word) if isinstance(word, str) else None
    if failed is None or not isinstance(first, dict):
        return None
    said = first.get("finishMessage")
    message = f"{failed[1]} It says: {said[:MAX_TEXT]}" if isinstance(said, str) and said else failed[1]
    return Problem(kind=failed[0], message=message, code=word)


def _error_of(value: Any) -> Block:
    """The object that holds the message; of a list the first that has one."""
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, dict) and item.get("error")), None)
    error = value.get("error") if isinstance(value, dict) else None
    return error if isinstance(error, dict) else {"message": error} if isinstance(error, str) else {}


def _text(details: Block) -> str:
    message = details.get("message")
    return message.strip() if isinstance(message, str) else ""


def _plain(status: int, body: bytes, value: Any) -> str:
    """A body that is no error object, as a sentence."""
    text = body.decode("utf-8", "replace").strip()
    if not text:
        return f"The upstream answered HTTP {status} with an empty body."
    if value is None and text[:1] == "<":
        return f"The upstream answered HTTP {status} with a page of HTML, not with an error object."
    return f"The upstream answered HTTP {status}: {text[:MAX_TEXT]}"


def _problem(error: Block, message: str, status: int, wait: float | None) -> Problem:
    word, code = error.get("status"), error.get("code")
    word = word if isinstance(word, str) else None
    if not status and isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600:
        status = code
    found = error.get("details")
    details = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return Problem(
        kind=_kind(message, word, status, details),
        message=message,
        status=status,
        code=word,
        retry_after=wait if wait is not None else _delay(details),
    )


def _kind(message: str, word: str | None, status: int, details: list[Block]) -> ErrorKind:
    if status in (0, 400, 413, 500) and is_overflow(message):
        return "context_length"
    if any(item.get("reason") in _KEY_REASONS for item in details) or "API key not valid" in message:
        return "authentication"
    kind = _KINDS.get(word or "") or (from_status(status) if status else "server")
    return "quota" if kind == "rate_limit" and _for_a_day(details) else kind


def _for_a_day(details: list[Block]) -> bool:
    """Whether it is a day's quota that is spent: waiting a minute does not help."""
    violations = [each for item in details for each in item.get("violations") or () if isinstance(each, dict)]
    return any("PerDay" in str(each.get("quotaId")) for each in violations)


def _delay(details: list[Block]) -> float | None:
    for item in details:
        delay = item.get("retryDelay")
        found = _SECONDS.fullmatch(delay) if isinstance(delay, str) else None
        if found:
            return float(found.group(1))
    return None


def write_error(problem: Problem, request_id: str) -> tuple[int, dict[str, str], bytes]:
    """(status, headers, body) of the HTTP answer."""
    body = error_object(problem)
    headers = {"content-type": "application/json", "x-request-id": request_id}
    if problem.retry_after is not None:
        headers["retry-after"] = str(math.ceil(problem.retry_after))
    if problem.should_retry is not None:
        headers["x-should-retry"] = "true" if problem.should_retry else "false"
    return body["error"]["code"], headers, dumps(body)


def error_object(problem: Problem) -> Block:
    """The body, and the last chunk of a stream that failed."""
    status, word = _WORDS[_AS.get((problem.kind, problem.status), problem.kind)]
    message = problem.message
    if problem.kind == "context_length" and not message.startswith("The input token count"):
        message = f"{_OVERFLOW}: {message}"
    error: Block = {"code": status, "message": message, "status": word}
    if problem.retry_after is not None:
        error["details"] = [{"@type": _RETRY, "retryDelay": f"{math.ceil(problem.retry_after)}s"}]
    return {"error": error}


assert _WORDS.keys() == STATUS.keys()

"""What each client protocol must see of each outcome (RELIABILITY.md, section 2), and how it is checked."""

import json
from collections.abc import Callable
from typing import Any

from tests.server.wire import error_of, text_of

Answer = tuple[int, dict[str, str], bytes]
Table = dict[tuple[str, str], tuple[int, str]]  # (outcome, client): status and error type

CLIENTS = ["anthropic", "openai-chat", "openai-responses", "gemini"]
_ROWS: dict[str, list[tuple[int, str]]] = {  # in the order of CLIENTS
    "U502": [(502, "api_error"), (502, "server_error"), (502, "server_error"), (502, "UNAVAILABLE")],
    "U504": [(504, "timeout_error"), (504, "server_error"), (504, "server_error"), (504, "DEADLINE_EXCEEDED")],
    "KEY": [
        (401, "authentication_error"),
        (401, "authentication_error"),
        (400, "invalid_request_error"),
        (401, "UNAUTHENTICATED"),
    ],
    "LOC": [(400, "invalid_request_error")] * 3 + [(400, "INVALID_ARGUMENT")],
    "R429": [(429, "rate_limit_error")] * 3 + [(429, "RESOURCE_EXHAUSTED")],
    "OVR": [(529, "overloaded_error"), (503, "service_unavailable"), (503, "server_error"), (503, "UNAVAILABLE")],
    "BAD": [(400, "invalid_request_error")] * 3 + [(400, "INVALID_ARGUMENT")],
    "BIG": [
        (413, "request_too_large"),
        (413, "invalid_request_error"),
        (400, "invalid_request_error"),
        (400, "INVALID_ARGUMENT"),
    ],
    "SLOW": [(408, "timeout_error"), (408, "server_error"), (400, "server_error"), (400, "INVALID_ARGUMENT")],
}
TABLE: Table = {(code, client): row for code, rows in _ROWS.items() for client, row in zip(CLIENTS, rows, strict=True)}


def check(outcome: str, client: str, answer: Answer) -> None:
    """Assert that the client sees what the table says."""
    status, headers, body = answer
    special: dict[str, Callable[[str, Answer], None]] = {"OK": _fine, "MID": _broken_off}
    if outcome in special:
        special[outcome](client, answer)
        return
    wanted, kind = TABLE[outcome, client]
    assert status == wanted, (status, body)
    error = json.loads(body)["error"]
    assert error["status" if client == "gemini" else "type"] == kind, body
    assert error["message"]
    if outcome in ("LOC", "KEY", "BAD", "BIG"):
        assert headers.get("x-should-retry") == "false", headers
    if outcome in ("R429", "OVR"):
        assert 0 < int(headers["retry-after"]) <= 60, headers


def _fine(client: str, answer: Answer) -> None:
    assert answer[0] == 200, answer
    assert text_of(client, answer[2]) == "Hello", answer
    assert error_of(client, answer[2]) is None


def _broken_off(client: str, answer: Answer) -> None:
    assert answer[0] == 200, answer
    error: dict[str, Any] | None = error_of(client, answer[2])
    assert error is not None, answer
    assert error["message"]
    assert b"[DONE]" not in answer[2]
    assert b"response.completed" not in answer[2]
    assert b"message_stop" not in answer[2]
    assert b"finishReason" not in answer[2]

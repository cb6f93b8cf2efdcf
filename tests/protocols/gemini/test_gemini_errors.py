"""Errors in Google's shape, read and written."""

import json
from typing import Any

import pytest

from axonhub_cli.protocols.gemini import CODEC
from axonhub_cli.types.problem import STATUS, Problem


def error(code: int, status: str, message: str = "m", *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


READ = [
    (400, error(400, "INVALID_ARGUMENT"), "invalid_request"),
    (400, error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."), "authentication"),
    (400, error(400, "INVALID_ARGUMENT", "m", {"reason": "API_KEY_INVALID"}), "authentication"),
    (
        400,
        error(400, "INVALID_ARGUMENT", "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576)."),
        "context_length",
    ),
    (400, error(400, "FAILED_PRECONDITION"), "billing"),
    (401, error(401, "UNAUTHENTICATED"), "authentication"),
    (403, error(403, "PERMISSION_DENIED"), "permission"),
    (404, error(404, "NOT_FOUND"), "not_found"),
    (429, error(429, "RESOURCE_EXHAUSTED"), "rate_limit"),
    (
        429,
        error(429, "RESOURCE_EXHAUSTED", "m", {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}),
        "quota",
    ),
    (500, error(500, "INTERNAL"), "server"),
    (503, error(503, "UNAVAILABLE"), "overloaded"),
    (504, error(504, "DEADLINE_EXCEEDED"), "timeout"),
    (503, [error(503, "UNAVAILABLE")], "overloaded"),
    (418, {"error": "teapot"}, "invalid_request"),
]


@pytest.mark.parametrize(("status", "body", "kind"), READ)
def test_http_errors(status: int, body: Any, kind: str) -> None:
    """Words, details and statuses; also inside a list, as streams without `alt=sse` have them."""
    problem = CODEC.read_error(status, {}, json.dumps(body).encode())
    assert (problem.kind, problem.status) == (kind, status)
    assert problem.message


NO_ERRORS = [(b"", "with an empty"), (b"<html>", "with a page"), (b"bad gateway", ": bad")]


@pytest.mark.parametrize(("body", "says"), NO_ERRORS)
def test_bodies_that_are_no_errors(body: bytes, says: str) -> None:
    """Each becomes a sentence."""
    problem = CODEC.read_error(502, {}, body)
    assert problem.message.startswith("The upstream answered HTTP 502")
    assert says in problem.message
    assert problem.kind == "server"


def test_how_long_to_wait() -> None:
    """From the header, else from RetryInfo."""
    body = json.dumps(
        error(429, "RESOURCE_EXHAUSTED", "m", {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17.5s"})
    )
    assert CODEC.read_error(429, {}, body.encode()).retry_after == 17.5
    assert CODEC.read_error(429, {"Retry-After": "3"}, body.encode()).retry_after == 3


@pytest.mark.parametrize("kind", STATUS)
def test_every_kind_comes_back(kind: Any) -> None:
    """What is written is read as the same, or as what HTTP calls it here."""
    status, headers, body = CODEC.write_error(Problem(kind=kind, message="words", retry_after=1.5, should_retry=False), "ar-1")
    found = json.loads(body)["error"]
    assert (found["code"], headers["content-type"], headers["x-request-id"]) == (status, "application/json", "ar-1")
    assert (headers["retry-after"], headers["x-should-retry"]) == ("2", "false")
    problem = CODEC.read_error(status, headers, body)
    alike = {"too_large": "invalid_request", "unsupported": "invalid_request", "quota": "rate_limit", "upstream": "overloaded"}
    assert problem.kind == alike.get(kind, kind)
    assert "words" in problem.message
    assert problem.retry_after == 2


def test_an_overflow_is_said_in_googles_words() -> None:
    """Clients look for them."""
    _, _, body = CODEC.write_error(Problem(kind="context_length", message="prompt is too long"), "ar-1")
    assert json.loads(body)["error"]["message"].startswith("The input token count exceeds the maximum number of tokens allowed")


def test_what_is_no_error() -> None:
    """A normal body tells of none; one without words gets some."""
    assert CODEC.error_in({"candidates": [{"finishReason": "STOP"}]}) is None
    assert CODEC.error_in({"candidates": [1]}) is None
    found = CODEC.error_in({"error": {"code": 500}})
    assert found is not None
    assert (found.kind, found.status) == ("server", 500)
    assert found.message

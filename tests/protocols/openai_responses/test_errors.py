"""Errors of Responses endpoints, read and written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.protocols.openai_responses import CODEC
from axonhub_cli.types.problem import ErrorKind, Problem


def openai(message: str, kind: str = "invalid_request_error", code: str | None = None, param: str | None = None) -> bytes:
    return json.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}}).encode()


READ: list[tuple[int, bytes, ErrorKind, str]] = [
    (400, openai("bad", param="input[0]"), "invalid_request", "bad"),
    (400, openai("too long", code="context_length_exceeded"), "context_length", "too long"),
    (400, openai("This model's maximum context length is 8192 tokens."), "context_length", "This model's maximum context length"),
    (401, openai("wrong key", code="invalid_api_key"), "authentication", "wrong key"),
    (402, b'{"error": "no credit"}', "billing", "no credit"),
    (403, openai("not yours"), "permission", "not yours"),
    (404, openai("no such model", code="model_not_found"), "not_found", "no such model"),
    (413, openai("too big"), "too_large", "too big"),
    (422, b'{"detail": "field required"}', "invalid_request", "field required"),
    (429, openai("slow", "requests", "rate_limit_exceeded"), "rate_limit", "slow"),
    (429, openai("spent", "insufficient_quota", "insufficient_quota"), "quota", "spent"),
    (429, openai("Request too large: maximum context length of a minute"), "rate_limit", "Request too large"),
    (500, openai("oops", "server_error"), "server", "oops"),
    (503, openai("busy", "service_unavailable_error", "server_is_overloaded"), "overloaded", "busy"),
    (529, b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', "overloaded", "Overloaded"),
    (
        502,
        b"<html><title>502</title><h1>Bad\x1b[31m Gateway</h1></html>",
        "server",
        "The upstream answered 502: 502 Bad [31m Gateway.",
    ),
    (500, b"", "server", "The upstream answered 500 with an empty body."),
    (500, b"[1]", "server", "The upstream answered 500: [1]."),
    (504, b"{}", "timeout", "The upstream answered 504: {}."),
]


@pytest.mark.parametrize(("status", "body", "kind", "message"), READ)
def test_errors_are_understood(status: int, body: bytes, kind: ErrorKind, message: str) -> None:
    """An error answer of any form has its kind, its status and its words."""
    problem = CODEC.read_error(status, {}, body)
    assert (problem.kind, problem.status) == (kind, status)
    assert problem.message.startswith(message)


def test_details_of_an_error() -> None:
    """Parameter, code, type, the time to wait and the vendor's advice are kept."""
    headers = {"Retry-After": "7", "X-Should-Retry": "false"}
    problem = CODEC.read_error(429, headers, openai("slow", "requests", "rate_limit_exceeded", "model"))
    assert (problem.param, problem.code, problem.type) == ("model", "rate_limit_exceeded", "requests")
    assert (problem.retry_after, problem.should_retry) == (7, False)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"message": "oops", "code": "server_error"}}, "server"),
        ({"id": "r", "status": "failed", "error": {"message": "m", "code": "rate_limit_exceeded"}}, "rate_limit"),
        ({"status": "cancelled"}, "server"),
        ({"error": "words"}, "server"),
        ({"id": "r", "status": "completed", "error": None, "output": []}, None),
    ],
)
def test_errors_inside_a_success(body: dict[str, Any], kind: ErrorKind | None) -> None:
    """A body of status 200 that is an error is found out."""
    problem = CODEC.error_in(body)
    assert (problem.kind if problem else None) == kind


WRITE: list[tuple[Problem, int, str | None, dict[str, str]]] = [
    (Problem(kind="invalid_request", message="m", param="input"), 400, None, {}),
    (Problem(kind="context_length", message="m", status=413, code="odd"), 400, "context_length_exceeded", {}),
    (Problem(kind="authentication", message="m"), 401, "invalid_api_key", {"x-should-retry": "false"}),
    (Problem(kind="not_found", message="m", code="model_not_found"), 404, "model_not_found", {}),
    (Problem(kind="too_large", message="m", status=413), 400, "request_too_large", {}),
    (Problem(kind="rate_limit", message="m"), 429, "rate_limit_exceeded", {"retry-after": "2", "retry-after-ms": "2000"}),
    (
        Problem(kind="rate_limit", message="m", retry_after=0.2),
        429,
        "rate_limit_exceeded",
        {"retry-after": "1", "retry-after-ms": "200"},
    ),
    (
        Problem(kind="rate_limit", message="m", retry_after=1e9),
        429,
        "rate_limit_exceeded",
        {"retry-after": "60", "retry-after-ms": "60000"},
    ),
    (Problem(kind="quota", message="m", status=402), 429, "insufficient_quota", {}),
    (
        Problem(kind="overloaded", message="m", status=529, code="slow_down"),
        503,
        "upstream_overloaded",
        {"retry-after": "1", "retry-after-ms": "1000"},
    ),
    (Problem(kind="server", message="m", status=500, code="odd", should_retry=True), 500, "odd", {"x-should-retry": "true"}),
    (Problem(kind="upstream", message="m"), 502, "upstream_error", {}),
    (Problem(kind="timeout", message="m"), 504, "upstream_timeout", {}),
    (Problem(kind="server", message="m", status=200), 500, "server_error", {}),
]


@pytest.mark.parametrize(("problem", "status", "code", "headers"), WRITE)
def test_errors_are_told(problem: Problem, status: int, code: str | None, headers: dict[str, str]) -> None:
    """Each kind of problem has the status, code and headers that make Codex and the SDK do the right thing."""
    told, sent, body = CODEC.write_error(problem, "ar-1")
    assert told == status
    assert sent == {"content-type": "application/json", "x-request-id": "ar-1", **headers}
    error = json.loads(body)["error"]
    assert (error["message"], error["code"], error["param"]) == ("m", code, problem.param)


@given(
    status=st.integers(400, 599),
    body=st.binary(max_size=60)
    | st.builds(
        lambda value: json.dumps(value).encode(),
        st.dictionaries(
            st.sampled_from(["error", "message", "code", "type", "detail"]),
            st.none()
            | st.integers()
            | st.text()
            | st.lists(st.integers())
            | st.dictionaries(st.sampled_from(["message", "code", "type"]), st.none() | st.integers() | st.text()),
        ),
    ),
)
def test_any_error_is_read_and_told(status: int, body: bytes) -> None:
    """Whatever an upstream answers with an error status becomes a problem that can be told to a client."""
    problem = CODEC.read_error(status, {}, body)
    told, _, written = CODEC.write_error(problem, "ar-1")
    assert told >= 400
    assert CODEC.read_error(told, {}, written).kind in (problem.kind, "invalid_request", "server", "too_large")

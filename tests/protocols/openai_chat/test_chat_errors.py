"""Errors of Chat Completions: what vendors send, and what clients are told."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.protocols.openai_chat import CODEC
from axonhub_cli.types.problem import STATUS, Problem


def error(message: str = "no", **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (
            400,
            error("This model's maximum context length is 8192 tokens.", code="context_length_exceeded"),
            "context_length",
            "This model's maximum context length is 8192 tokens.",
        ),
        (
            400,
            error("the request exceeds the available context size", code=400, type="exceed_context_size_error"),
            "context_length",
            "the request exceeds the available context size",
        ),
        (400, error("bad", type="invalid_request_error"), "invalid_request", "bad"),
        (422, {"detail": [{"loc": ["body"], "msg": "x"}]}, "invalid_request", '[{"loc":["body"],"msg":"x"}]'),
        (401, error("key", code="invalid_api_key"), "authentication", "key"),
        (
            402,
            error("Insufficient Balance", type="unknown_error", code="invalid_request_error"),
            "invalid_request",
            "Insufficient Balance",
        ),
        (402, error("Insufficient Balance"), "billing", "Insufficient Balance"),
        (403, error("x"), "permission", "x"),
        (404, error("m", code="model_not_found"), "not_found", "m"),
        (404, {"detail": "Not Found"}, "not_found", "Not Found"),
        (429, error("slow", code="rate_limit_exceeded", type="tokens"), "rate_limit", "slow"),
        (429, error("spent", type="insufficient_quota", code="insufficient_quota"), "quota", "spent"),
        (429, error("spent", type="insufficient_quota"), "quota", "spent"),
        (500, error("oops", type="server_error"), "server", "oops"),
        (503, error("busy", code="server_is_overloaded"), "overloaded", "busy"),
        (529, error("busy", type="overloaded_error"), "overloaded", "busy"),
        (404, {"error": "model 'x' not found"}, "not_found", "model 'x' not found"),
        (400, {"object": "error", "message": "bad", "type": "BadRequestError", "code": 400}, "invalid_request", "bad"),
        (
            502,
            b"<html>bad gateway</html>",
            "server",
            "The upstream answered HTTP 502 with a page of HTML, not with an error object.",
        ),
        (500, b"", "server", "The upstream answered HTTP 500 with an empty body."),
        (503, b"no capacity", "overloaded", "The upstream answered HTTP 503: no capacity"),
        (500, b"[1]", "server", "The upstream answered HTTP 500: [1]"),
    ],
)
def test_what_an_upstream_answers_is_a_problem(status: int, body: Any, kind: str, message: str) -> None:
    """Each vendor's form of an error gives its kind, its words and its status."""
    problem = CODEC.read_error(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())
    assert (problem.kind, problem.message, problem.status) == (kind, message, status)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (error("x", code=429), "rate_limit", 429),
        (error("x", code="502"), "server", 502),
        (error("x", type="overloaded_error"), "overloaded", 0),
        (error("x"), "server", 0),
        (error("prompt is too long: 9 tokens > 8 maximum"), "context_length", 0),
        ({"error": "x"}, "server", 0),
        ({"base_resp": {"status_code": 1004, "status_msg": "x"}}, "server", 0),
        ({"type": "error", "error": {"type": "rate_limit_error", "message": "x"}}, "rate_limit", 0),
        ({"choices": [{"finish_reason": "network_error"}]}, "server", 0),
        ({"error": None, "choices": [{"finish_reason": "stop"}], "base_resp": {"status_code": 0}}, None, 0),
        ({"error": {}}, None, 0),
    ],
)
def test_errors_inside_a_good_status(body: dict[str, Any], kind: str | None, status: int) -> None:
    """A body of HTTP 200, or a chunk, tells of its failure in the same words; numbers as codes are statuses."""
    problem = CODEC.error_in(body)
    assert (problem and (problem.kind, problem.status)) == (kind and (kind, status))


def test_headers_say_when_to_come_back() -> None:
    """retry-after and x-should-retry are read and written, whatever their case."""
    problem = CODEC.read_error(429, {"Retry-After": "2.5", "X-Should-Retry": "false"}, b"{}")
    assert (problem.retry_after, problem.should_retry) == (2.5, False)
    status, headers, _ = CODEC.write_error(problem, "ar-1")
    assert status == 429
    assert headers == {"content-type": "application/json", "x-request-id": "ar-1", "retry-after": "3", "x-should-retry": "false"}


@pytest.mark.parametrize(
    ("problem", "status", "kind", "code"),
    [
        (Problem(kind="context_length", message="m", code="1261"), 400, "invalid_request_error", "context_length_exceeded"),
        (Problem(kind="authentication", message="m"), 401, "authentication_error", "invalid_api_key"),
        (Problem(kind="quota", message="m"), 429, "insufficient_quota", "insufficient_quota"),
        (Problem(kind="rate_limit", message="m"), 429, "rate_limit_error", "rate_limit_exceeded"),
        (Problem(kind="not_found", message="m"), 404, "invalid_request_error", "model_not_found"),
        (Problem(kind="not_found", message="m", code="unknown_url"), 404, "invalid_request_error", "unknown_url"),
        (Problem(kind="overloaded", message="m", status=529), 503, "service_unavailable", "server_is_overloaded"),
        (Problem(kind="upstream", message="m"), 502, "server_error", "upstream_error"),
        (Problem(kind="invalid_request", message="m", param="messages[0]"), 400, "invalid_request_error", None),
    ],
)
def test_what_a_client_is_told(problem: Problem, status: int, kind: str, code: str | None) -> None:
    """Each kind has the status, type and code that clients of this protocol act on."""
    found, _, body = CODEC.write_error(problem, "ar-1")
    assert found == status
    assert json.loads(body) == {"error": {"message": "m", "type": kind, "param": problem.param, "code": code}}


@pytest.mark.parametrize("kind", STATUS)
def test_every_kind_survives_both_ways(kind: Any) -> None:
    """What is written for a kind is read as the same kind, or as the one that its status means."""
    status, headers, body = CODEC.write_error(Problem(kind=kind, message="m"), "ar-1")
    again = CODEC.read_error(status, headers, body)
    expected = {"billing": "quota", "unsupported": "unsupported", "cancelled": "invalid_request", "upstream": "server"}.get(
        kind, kind
    )
    assert again.kind == expected


@given(
    st.integers(400, 599),
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["error", "message", "code", "type", "param", "detail"]), inner, max_size=4)
        ),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_any_body_is_some_problem(status: int, body: bytes) -> None:
    """No body whatever makes the reader fail, and every problem has a text."""
    problem = CODEC.read_error(status, {}, body)
    assert problem.message
    assert problem.status == status
    assert json.loads(CODEC.write_error(problem, "ar-1")[2])["error"]["message"] == problem.message

"""Errors of this protocol and of its imitators, in both directions."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.protocols.anthropic import CODEC
from axonhub_cli.types.problem import ErrorKind, Problem

KINDS = [
    ("invalid_request", 400, "invalid_request_error"),
    ("authentication", 401, "authentication_error"),
    ("billing", 402, "billing_error"),
    ("permission", 403, "permission_error"),
    ("not_found", 404, "not_found_error"),
    ("conflict", 409, "conflict_error"),
    ("too_large", 413, "request_too_large"),
    ("rate_limit", 429, "rate_limit_error"),
    ("server", 500, "api_error"),
    ("timeout", 504, "timeout_error"),
    ("overloaded", 529, "overloaded_error"),
]


@pytest.mark.parametrize(("kind", "status", "word"), KINDS)
def test_table(kind: ErrorKind, status: int, word: str) -> None:
    """Each kind has its status and type; what is written is read as the same kind."""
    answer = CODEC.write_error(Problem(kind=kind, message="Because."), "ar-1")
    assert answer[0] == status
    assert answer[1] == {"content-type": "application/json", "request-id": "ar-1"}
    assert json.loads(answer[2]) == {"type": "error", "error": {"type": word, "message": "Because."}, "request_id": "ar-1"}
    assert CODEC.read_error(*answer) == Problem(kind=kind, message="Because.", status=status, type=word)


@pytest.mark.parametrize("kind", get_args(ErrorKind))
def test_every_kind_can_be_said(kind: ErrorKind) -> None:
    """No kind is without a status and a type."""
    status, _, body = CODEC.write_error(Problem(kind=kind, message="m"), "r")
    assert status >= 400
    assert json.loads(body)["error"]["type"].endswith(("_error", "request_too_large"))


def error(message: str, kind: str | None = None, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, **more}}


READ: list[tuple[int, Any, str, str]] = [
    # status, body, kind, message
    (400, error("prompt is too long: 3 > 2", "invalid_request_error"), "context_length", "prompt is too long: 3 > 2"),
    (400, error("Too many.", code="context_length_exceeded"), "context_length", "Too many."),
    (400, error("exceeds", "exceed_context_size_error", code=400), "context_length", "exceeds"),
    (400, error("Credit balance is too low", "invalid_request_error"), "billing", "Credit balance is too low"),
    (429, error("m", "rate_limit_error", details={"error_code": "enforced_spend_limit_reached"}), "quota", "m"),
    (429, error("m", "insufficient_quota", param=None), "quota", "m"),
    (401, error("Bad key.", "invalid_request_error", code="invalid_api_key"), "authentication", "Bad key."),
    (422, error("m", "api_error"), "invalid_request", "m"),
    (503, {"error": "busy"}, "overloaded", "busy"),
    (500, {"message": "broken"}, "server", "broken"),
    (422, {"detail": [{"loc": ["body"]}]}, "invalid_request", '[{"loc":["body"]}]'),
    (500, {"error": {"type": "api_error"}}, "server", "The upstream reports an error without a message (api_error)."),
    (404, b"404 page not found", "not_found", "The upstream answered HTTP 404: 404 page not found"),
    (502, b"", "server", "The upstream answered HTTP 502 without a message."),
    (502, b"<html><head><style>a{}</style><title>502 Bad Gateway</title></head>\n<body>\x1b[31mnginx</body></html>", "server",
     "The upstream answered HTTP 502: 502 Bad Gateway [31mnginx"),
    (500, b"{}", "server", "The upstream answered HTTP 500: {}"),
    (500, b"x" * 5000, "server", "The upstream answered HTTP 500: " + "x" * 200),
    (418, b"[1]", "invalid_request", "The upstream answered HTTP 418: [1]"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind", "message"), READ)
def test_read(status: int, body: Any, kind: str, message: str) -> None:
    """Every form of an error body, a page of HTML and nothing at all become a kind and a sentence."""
    problem = CODEC.read_error(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())
    assert (problem.kind, problem.message, problem.status) == (kind, message, status)


def test_context_length() -> None:
    """A full context is told in the words that clients look for, whatever the vendor's words and status were."""
    status, _, body = CODEC.write_error(Problem(kind="context_length", message="Too many tokens.", status=413), "r")
    assert status == 400
    assert json.loads(body)["error"] == {"type": "invalid_request_error", "message": "prompt is too long: Too many tokens."}
    same = Problem(kind="context_length", message="Prompt is too long: 9 tokens > 8 maximum")
    assert json.loads(CODEC.write_error(same, "r")[2])["error"]["message"] == same.message


def test_headers() -> None:
    """How long to wait and whether to retry pass in both directions; a fraction of a second is a whole one."""
    problem = Problem(kind="rate_limit", message="m", retry_after=1.2, should_retry=False, code="c")
    status, headers, body = CODEC.write_error(problem, "ar-1")
    assert (headers["retry-after"], headers["x-should-retry"]) == ("2", "false")
    assert json.loads(body)["error"]["details"] == {"error_code": "c"}
    back = CODEC.read_error(status, {"Retry-After-Ms": "1200", "X-Should-Retry": "false"}, body)
    assert (back.retry_after, back.should_retry, back.code) == (1.2, False, "c")
    assert CODEC.read_error(500, {"x-should-retry": "true"}, b"").should_retry is True


def test_error_in() -> None:
    """An error object is told from an answer."""
    assert CODEC.error_in({"type": "error", "error": {"type": "overloaded_error", "message": "m"}}) == Problem(
        kind="overloaded", message="m", type="overloaded_error"
    )
    found = CODEC.error_in({"error": {"message": "m"}})
    assert found is not None
    assert found.kind == "server"
    assert CODEC.error_in({"type": "error"}) is not None
    assert CODEC.error_in({"type": "message", "content": []}) is None
    assert CODEC.error_in({"type": "message", "content": [], "error": None}) is None


@given(st.integers(0, 999), st.binary(max_size=80))
def test_total(status: int, body: bytes) -> None:
    """Any bytes are a problem with a message of one line, and can be written again."""
    problem = CODEC.read_error(status, {}, body)
    assert problem.message
    CODEC.write_error(problem, "r")


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["error", "message", "type", "code", "details", "detail", "error_code", "param"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)


@given(_values)
def test_total_json(value: Any) -> None:
    """Any JSON is a problem too."""
    problem = CODEC.read_error(500, {}, json.dumps(value).encode())
    CODEC.write_error(problem, "r")
    if isinstance(value, dict):
        CODEC.error_in(value)

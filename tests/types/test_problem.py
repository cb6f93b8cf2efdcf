"""A failure has one kind, and the kind decides what a client hears."""

import pytest

from axonhub_cli.errors import ConfigError, NotRunning, ProtocolError, RequestError, SecretError
from axonhub_cli.types.problem import STATUS, Problem, from_error, from_status


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request"), (401, "authentication"), (402, "billing"), (403, "permission"), (404, "not_found"),
        (408, "timeout"), (409, "conflict"), (413, "too_large"), (415, "unsupported"), (418, "invalid_request"),
        (422, "invalid_request"), (429, "rate_limit"), (500, "server"), (502, "server"), (503, "overloaded"),
        (504, "timeout"), (529, "overloaded"), (302, "upstream"),
    ],
)  # fmt: skip
def test_a_status_has_a_kind(status: int, kind: str) -> None:
    """Every status that an upstream may send means something."""
    assert from_status(status) == kind


@pytest.mark.parametrize("kind", STATUS)
def test_a_kind_has_a_status(kind: str) -> None:
    """The maker's own status wins; without one the kind's usual one is answered."""
    assert Problem(kind=kind, message="m").http_status == STATUS[kind]  # type: ignore[arg-type]  # kinds come from the table
    assert Problem(kind=kind, message="m", status=418).http_status == 418  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RequestError("no.", kind="not_found", param="model"), "not_found"),
        (ProtocolError("no."), "upstream"),
        (SecretError("no."), "authentication"),
        (ConfigError("no."), "server"),
        (NotRunning("no."), "server"),
    ],
)
def test_our_errors_are_problems(error: RequestError, kind: str) -> None:
    """An error of ours keeps its words and hint, and tells the client not to try again."""
    error.hint = "Do that."
    problem = from_error(error)
    assert (problem.kind, problem.message, problem.should_retry) == (kind, "no. Do that.", False)
    assert problem.param == getattr(error, "param", None)

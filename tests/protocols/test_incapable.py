"""Who cannot do what is asked says so in many words and with any status."""

import pytest

from axonhub_cli.protocols.incapable import incapable
from axonhub_cli.types.problem import Problem

SAID = [
    (500, "server", "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
    (500, "server", "image input is not supported by this server"),
    (500, "server", "audio input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
    (500, "server", "tools param requires --jinja flag"),
    (404, "not_found", "No endpoints found that support image input"),
    (404, "not_found", "No endpoints found that support tool use. To learn more about provider routing, visit: https://x"),
    (400, "invalid_request", "registry.ollama.ai/library/gemma:2b does not support tools"),
    (400, "invalid_request", '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
    (400, "invalid_request", "openai/gpt-oss-20b is not a multimodal model"),
    (400, "invalid_request", "Failed to deserialize: messages[0]: unknown variant `image_url`, expected `text` at line 1"),
    (400, "invalid_request", "This model does not support image input."),
]


@pytest.mark.parametrize(("status", "kind", "text"), SAID, ids=[text[:30] for _, _, text in SAID])
def test_it_is_final_here_and_may_work_elsewhere(status: int, kind: str, text: str) -> None:
    """A 400 that nobody repeats, which another place may be spared."""
    problem = incapable(Problem(kind=kind, status=status, message=text))  # type: ignore[arg-type]  # a table of kinds
    assert (problem.kind, problem.http_status, problem.should_retry, problem.elsewhere) == ("invalid_request", 400, False, True)
    assert problem.message == text


OTHER = [
    Problem(kind="server", status=500, message="The server had an error while processing your request."),
    Problem(kind="invalid_request", status=400, message="messages.0.content: expected a string"),
    Problem(kind="context_length", status=400, message="image input is not supported beyond the context"),
    Problem(kind="overloaded", status=503, message="tools are not supported while overloaded"),
    Problem(kind="invalid_request", status=400, message="Unsupported parameter: 'max_tokens' is not supported with this model."),
]


@pytest.mark.parametrize("problem", OTHER, ids=lambda problem: problem.message[:30])
def test_other_failures_stay_what_they_are(problem: Problem) -> None:
    """A failure of the server, a mistake in the request, a parameter."""
    assert incapable(problem) is problem

"""The route table."""

import pytest

from axonhub_cli.server.routes import asker, find, known, protocol_of

PATHS = [
    ("/v1/messages", "call", "anthropic"),
    ("/anthropic/v1/messages", "call", "anthropic"),
    ("/anthropic/v1/v1/messages", "call", "anthropic"),
    ("/anthropic/v1/messages/", "call", "anthropic"),
    ("/v1/messages/count_tokens", "count_tokens", "anthropic"),
    ("/anthropic/v1/messages/count_tokens", "count_tokens", "anthropic"),
    ("/v1/chat/completions", "call", "openai-chat"),
    ("/v1/responses", "call", "openai-responses"),
    ("/v1beta/models/gemini-x:generateContent", "call", "gemini"),
    ("/v1beta/models/gemini-x:streamGenerateContent", "call", "gemini"),
    ("/gemini/v1beta/models/gemini-x:countTokens", "count_tokens", "gemini"),
    ("/v1/models/llama3:8b:generateContent", "call", "gemini"),
    ("/v1/models/llama3:8b", "model", "openai-chat"),
    ("/v1beta/models", "models", "gemini"),
    ("/v1beta/models/gemini-x", "model", "gemini"),
    ("/v1/models", "models", "openai-chat"),
    ("/anthropic/v1/models", "models", "anthropic"),
    ("/v1/models/gpt-5", "model", "openai-chat"),
    ("/anthropic/v1/models/a%2Fb", "model", "anthropic"),
    ("/", "hello", "openai-chat"),
    ("/anthropic", "hello", "anthropic"),
    ("/anthropic/api/hello", "hello", "anthropic"),
    ("/health", "health", "openai-chat"),
]


@pytest.mark.parametrize(("path", "kind", "protocol"), PATHS)
def test_paths_that_are_served(path: str, kind: str, protocol: str) -> None:
    """Both prefixes, trailing slashes and a doubled /v1 are understood."""
    route = find(path)

    assert route is not None
    assert (route.kind, route.protocol) == (kind, protocol)


@pytest.mark.parametrize(
    "path", ["/v2/messages", "/v1", "/v1/message", "/v1/responses/compacted", "/metrics", "/_axonhub", "/..", "/V1/messages"]
)
def test_everything_else_is_not(path: str) -> None:
    """There is no pattern that something unforeseen could match."""
    assert find(path) is None


def test_geminis_paths_say_what_the_body_does_not() -> None:
    """The model and whether to stream; other protocols have both in the body."""
    route = find("/v1beta/models/org%2Fm:8b:streamGenerateContent")
    assert route is not None
    assert route.in_path == {"model": "org/m:8b", "stream": True}
    other = find("/v1/messages")
    assert other is not None
    assert other.in_path is None
    for path in ("/v1beta/models/:generateContent", "/v1beta/models/x:embedContent/y", "/v1beta/files", "/v1beta"):
        assert find(path) is None


def test_who_lists_models_is_told_by_headers() -> None:
    """The paths are shared."""
    shared, own = find("/v1/models"), find("/anthropic/v1/models")
    assert shared is not None
    assert own is not None
    assert asker(shared, {}) == "openai-chat"
    assert asker(shared, {"anthropic-version": "1"}) == "anthropic"
    assert asker(shared, {"x-goog-api-key": "k"}) == asker(shared, {"x-goog-api-client": "c"}) == "gemini"
    assert asker(own, {"x-goog-api-key": "k"}) == "anthropic"


def test_a_models_id_is_decoded() -> None:
    """Names with a slash come percent-encoded."""
    route = find("/v1/models/a%2Fb")
    assert route is not None
    assert route.arg == "a/b"


def test_unknown_paths_are_answered_in_the_callers_shape() -> None:
    """By prefix, by header, by name."""
    assert protocol_of("/anthropic/x", {}) == "anthropic"
    assert protocol_of("/x", {"anthropic-version": "2023-06-01"}) == "anthropic"
    assert protocol_of("/v1/responses/compact", {}) == "openai-responses"
    assert protocol_of("/v1beta/files", {}) == protocol_of("/x", {"x-goog-api-key": "k"}) == "gemini"
    assert protocol_of("/x", {}) == "openai-chat"


def test_the_404_names_the_paths_that_exist() -> None:
    """All model paths are in the sentence."""
    assert {"/v1/messages", "/v1/chat/completions", "/v1/responses"} <= set(known())

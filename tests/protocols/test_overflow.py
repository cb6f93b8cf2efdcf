"""Words of overflow, as vendors send them, and words that only look like it."""

import pytest

from axonhub_cli.protocols.overflow import is_overflow

OVERFLOWS = [
    "prompt is too long: 210345 tokens > 200000 maximum",
    "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens`",
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
    "Your input exceeds the context window of this model. Please adjust your input and try again.",
    "This endpoint's maximum context length is 32768 tokens. However, you requested about 40000 tokens.",
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
    "the request exceeds the available context size, try increasing it",
    "request (9000 tokens) exceeds the available context size (4096 tokens)",
    "Prompt contains 200000 tokens, too large for model with 131072 maximum context length",
    "Invalid request: Your request exceeded model token limit: 131072",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    "prompt token count of 140000 exceeds the limit of 128000",
    "Please reduce the length of the messages or completion.",
    "Input is too long for requested model.",
    "Trying to keep the first 5000 tokens when context the overflows.",
    "invalid params, context window exceeds limit (2013)",
    "input length exceeds maximum context length",
    "Prompt exceeds max length",
    "too many tokens: total number of tokens in the prompt cannot exceed 4081",
    "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens",
]
OTHERS = [
    "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 40000.",
    "max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens",
    "Request exceeds the maximum size",
    "messages.0.content: field required",
    "Rate limit reached for requests",
    "",
]


@pytest.mark.parametrize("message", OVERFLOWS)
def test_overflow_words(message: str) -> None:
    """Each vendor's sentence is recognised, in any case of letters."""
    assert is_overflow(message, None)
    assert is_overflow(message.upper())


@pytest.mark.parametrize("message", OTHERS)
def test_other_limits(message: str) -> None:
    """Limits on rates, output and bytes are not taken for a full context."""
    assert not is_overflow(message, "rate_limit_exceeded")


@pytest.mark.parametrize("code", ["context_length_exceeded", "exceed_context_size_error"])
def test_overflow_code(code: str) -> None:
    """A known code is enough, whatever the message."""
    assert is_overflow("no", code)

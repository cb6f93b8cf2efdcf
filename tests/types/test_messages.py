"""The neutral model's few behaviours: values are frozen, usage merges figure by figure."""

import pytest

from axonhub_cli.types.messages import Request, Text, Usage


@pytest.mark.parametrize(
    ("first", "later", "merged"),
    [
        (Usage(), Usage(), Usage()),
        (Usage(input=5), Usage(output=2), Usage(input=5, output=2)),
        (Usage(input=5, output=1), Usage(output=7), Usage(input=5, output=7)),
        (Usage(cache_read=3, cache_write_5m=1), Usage(cache_read=0), Usage(cache_read=0, cache_write_5m=1)),
        (Usage(cache_write_1h=1, reasoning=2), Usage(reasoning=4), Usage(cache_write_1h=1, reasoning=4)),
    ],
)
def test_usage_merges(first: Usage, later: Usage, merged: Usage) -> None:
    """The last word wins for each figure; a missing figure says nothing, a zero does."""
    assert first.merge(later) == merged


def test_values_are_frozen() -> None:
    """Nobody changes a value that somebody else holds."""
    with pytest.raises(AttributeError):
        Text(text="a").text = "b"  # type: ignore[misc]  # the assignment is the test


def test_an_unsaid_thing_is_none() -> None:
    """A request says only what its client said."""
    request = Request(origin="anthropic", model="m", messages=())
    fields = ("max_tokens", "temperature", "tool_choice", "parallel_tools", "thinking", "extra")
    assert [getattr(request, name) for name in fields] == [None] * len(fields)

"""The questions: small, complete, in every protocol."""

import zlib

import pytest

from axonhub_cli.clients.deep import questions
from axonhub_cli.types.messages import Protocol, ToolCall, ToolResult


@pytest.mark.parametrize("protocol", ["anthropic", "openai-chat", "openai-responses"])
def test_the_cost_is_told_and_small(protocol: Protocol) -> None:
    """A dozen requests, a few thousand tokens each way."""
    requests, given, taken = questions.cost(protocol)
    assert requests == 13
    assert 1000 < given < 8000
    assert 1000 < taken < 6000


def test_every_call_has_its_result() -> None:
    """Also where a model made several calls at once."""
    calls = [ToolCall(id=f"c{number}", name="get_weather", arguments="{}") for number in range(3)]
    parts = [part for message in questions.round_trip("anthropic", calls).messages for part in message.parts]
    assert [part.call_id for part in parts if isinstance(part, ToolResult)] == ["c0", "c1", "c2"]


def test_the_picture_is_a_png_of_one_colour() -> None:
    """Signature, size, and rows that are all alike."""
    data = questions.red_square(4)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    start = data.index(b"IDAT") + 4
    rows = zlib.decompress(data[start : data.index(b"IEND") - 8])
    assert rows == (b"\0" + b"\xe0\x10\x10" * 4) * 4

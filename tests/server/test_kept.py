"""What a stream said is kept in little room, and comes back byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.server import kept as module
from axonhub_cli.server.kept import Kept
from tests.server import wire
from tests.server.conftest import Start, Upstream, channels, stream
from tests.server.wire import ASKS, HEADS, PATHS, PROTOCOLS, error_of


@given(st.lists(st.binary(max_size=50).map(lambda data: data * 900), max_size=12))
def test_all_of_it_comes_back(pieces: list[bytes]) -> None:
    """Packed or not."""
    kept = Kept()
    for piece in pieces:
        kept.append(piece)
    assert kept.whole() == b"".join(pieces)


def test_events_take_little_room() -> None:
    """A megabyte of them less than a tenth of it."""
    kept = Kept()
    for number in range(6000):
        kept.append(
            b'data: {"id":"c-1","choices":[{"index":0,"delta":{"content":"%d"}}],"created":1700000000,"model":"m"}\n\n' % number
        )
    assert sum(map(len, [*kept._packed, *kept._pieces])) * 10 < len(kept.whole())


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_stream_without_an_end_is_ended(
    protocol: str, start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upstream that never stops is let go, and the client hears so in its own protocol."""
    monkeypatch.setattr(module, "MOST", 200_000)
    more = {"anthropic": wire.A_MORE, "openai-chat": wire.C_MORE, "openai-responses": wire.R_MORE, "gemini": wire.G_TEXT}[
        protocol
    ]
    upstream.will(stream(HEADS[protocol], *[more * 400] * 40))
    hub = await start(channels((protocol, upstream.url)))
    path, body = wire.on_the_wire(PATHS[protocol], ASKS[protocol])
    async with hub.post(path, body) as response:
        data = await response.read()
    error = error_of(protocol, data)
    assert error is not None
    assert "larger than 0 MiB" in error["message"]
    assert len(data) < 400_000
    assert [record["outcome"] for record in await hub.records()] == ["error"]

"""What a stream said is kept in little room, and comes back byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.server import kept as module
from axonhub_cli.server.kept import Kept
from tests.server import wire
from tests.server.conftest import Start, Upstream, channels, stream
from tests.server.wire import ASKS, HEADS, PATHS, PROTOCOLS, error_of


@given(st.lists(st.binary(max_size=50).map(lambda data: data * 900), max_size=12), st.sampled_from([0, 100_000, 1 << 40]))
def test_all_of_it_comes_back(pieces: list[bytes], plenty: int) -> None:
    """Packed or not, and what waits in all streams is counted right."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PLENTY", plenty)
        kept, before = Kept(), module._All.waiting
        for piece in pieces:
            kept.append(piece)
        assert module._All.waiting - before == sum(map(len, kept._pieces))
        assert kept.whole() == b"".join(pieces)
        assert module._All.waiting == before


def test_events_of_many_take_little_room() -> None:
    """Streams that would have megabytes have less than a tenth of it once there are many."""
    streams = [Kept() for _ in range(10)]
    for number in range(6000):
        for kept in streams:
            kept.append(
                b'data: {"id":"c-1","choices":[{"index":0,"delta":{"content":"%d"}}],"created":1700000000,"model":"m"}\n\n'
                % number
            )
    held = sum(len(piece) for kept in streams for piece in [*kept._packed, *kept._pieces])
    assert held < module._PLENTY + 10 * module._PACK + 600_000
    assert sum(len(kept.whole()) for kept in streams) > 5_500_000


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

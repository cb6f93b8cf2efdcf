"""`axonhub bench`: its mock says what codecs read, its client takes no wrong answer for a right one, a run gives figures."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from httptools import HttpResponseParser

from axonhub_cli.cli import bench as command
from axonhub_cli.protocols.registry import codec
from axonhub_cli.protocols.sse import Decoder
from axonhub_cli.server import bench
from axonhub_cli.server.bench_load import Caller, Failed, Timing, request
from axonhub_cli.server.bench_mock import WORD, answer
from axonhub_cli.types.events import fold
from axonhub_cli.types.messages import Protocol, Text


class Body:
    """Collects a response's body."""

    def __init__(self) -> None:
        self.data = b""
        self.done = False

    def on_body(self, data: bytes) -> None:
        self.data += data

    def on_message_complete(self) -> None:
        self.done = True


@pytest.mark.parametrize(("path", "protocol"), [("/v1/messages", "anthropic"), ("/v1/chat/completions", "openai-chat")])
@pytest.mark.parametrize("events", [1, 20, 2000])
def test_the_mock_says_what_it_was_asked_for(path: str, protocol: Protocol, events: int) -> None:
    """A complete chunked answer with that many words, and usage that tells their number."""
    body = Body()
    parser = HttpResponseParser(body)
    for part in answer(path, events):
        parser.feed_data(part)
    assert body.done
    reader, decoder = codec(protocol).stream_reader(), Decoder()
    heard = [event for frame in decoder.feed(body.data) for event in reader.feed(frame)]
    response = fold([*heard, *reader.close()], protocol)
    assert response.parts == (Text(text=WORD * events),)
    assert response.usage is not None
    assert response.usage.output == events


def test_a_request_is_as_large_as_was_asked() -> None:
    """The conversation before the last turn fills it up."""
    head, _, body = request(1, "/v1/messages", "messages-20", "token", 160 << 10).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert 155 << 10 < len(body) < 165 << 10
    assert json.loads(body)["messages"][-1]["role"] == "user"


def test_a_wrong_answer_is_no_figure() -> None:
    """An answer without its last word, and one that is not 200, fail the measurement instead of being timed."""
    with bench.mock() as port:
        for path, last in (("/v1/messages", b"no such word"), ("/v1/chat/completions", b"message_stop")):
            caller = Caller(port, request(port, path, "chat-20", "token", 0), last)
            with pytest.raises(Failed, match="last word"):
                caller.call()
            caller.close()


def test_quantiles() -> None:
    """The p-th of sorted times to the first byte, in milliseconds."""
    timings = [Timing(n / 1000, 1.0) for n in range(100, 0, -1)]
    assert bench._quantile(timings, 0.5) == pytest.approx(50)
    assert bench._quantile(timings, 0.99) == pytest.approx(99)
    assert bench._quantile(timings[:1], 0.99) == pytest.approx(100)


def test_a_run_measures_a_server_of_its_own(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every row has figures, the machine is named, and the user's own folder is not touched."""
    monkeypatch.setattr(bench, "SECONDS", 0.0)
    monkeypatch.setattr(command, "EVENTS", (20,))
    before = sorted(home.iterdir())
    command.bench(lane="convert", json=True)
    told = json.loads(capsys.readouterr().out)
    assert sorted(home.iterdir()) == before
    assert [(row["lane"], row["body_kb"], row["requests"]) for row in told["rows"]] == [("convert", 1, 3), ("convert", 160, 3)]
    assert told["start_up_s"] > 0
    assert told["machine"]["cores"]


def test_the_table_says_what_was_not_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """Where a system does not tell CPU or memory there is a dash, not a zero."""
    row = bench.Row(
        lane="splice", body_kb=1, events=2000, requests=3, direct_first_p50=0.5, added_first_p50=1.25, added_first_p99=-0.5,
        cpu_per_request=None, cpu_per_1000_events=None,
    )  # fmt: skip
    data = {"machine": bench.machine(), "start_up_s": 0.4, "rss_mb_idle": None, "rss_mb_after": 71.2, "requests": 3}
    show: Callable[..., None] = command._show
    from axonhub_cli.cli.output import console

    show(console(), data, [row])
    out = capsys.readouterr().out
    assert out.splitlines()[4].split() == ["splice", "1", "KB", "2000", "0.50", "+1.25", "-0.50", "-", "-"]
    assert "memory - idle, 71 MB after 3 requests" in out


def test_a_checkout_tells_its_commit() -> None:
    """What figures belong to; an installed package has none."""
    told = bench.commit()
    assert told is None or 6 < len(told) < 40
    assert bench.machine()["commit"] == told

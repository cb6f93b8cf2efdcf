"""`trace replay`: a recorded request goes out once more, through a server of its own, and both answers are shown."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from axonhub_cli.cli.trace import app
from axonhub_cli.config.schema import Trace
from axonhub_cli.errors import UsageError
from axonhub_cli.trace.records import AttemptRecord, RequestRecord
from axonhub_cli.trace.store import Store
from axonhub_cli.types.messages import Usage

SAID = '{"id":"x","model":"%s","choices":[{"index":0,"message":{"role":"assistant","content":"%s"},'
SAID += '"finish_reason":"stop"}],"usage":%s}'
USAGE = '{"prompt_tokens":1000,"completion_tokens":10}'


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "120"})


class Upstream(HTTPServer):
    """Answers one sentence, and keeps what it was asked."""

    asked: dict[str, Any]


class Handler(BaseHTTPRequestHandler):
    server: Upstream

    def do_POST(self) -> None:
        self.server.asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        body = (SAID % (self.server.asked["model"], "blue", USAGE)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def upstream(home: Path) -> Iterator[Upstream]:
    """A channel `new` with a price for its model, and a recorded request of another channel."""
    server = Upstream(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    (home / "config.toml").write_text(
        f'[[channels]]\nname = "new"\ntype = "openai-chat"\nbase_url = "http://127.0.0.1:{server.server_port}/v1"\n'
        'models = ["other"]\nenabled = false\n[prices.big]\ninput = 100\noutput = 0\n'
    )
    store = Store(home / "traces.db", Trace(retention_days=100_000))
    store.start()
    body = json.dumps({"model": "small", "messages": [{"role": "user", "content": "colour?"}]})
    record = RequestRecord("ar-1", "t", 1e9, "openai-chat", "/v1/chat/completions", outcome="ok", status=200, asked_model="small",
                           model="small", channel="old", cost=0.5, usage=Usage(input=1000, output=9),
                           attempts=[AttemptRecord(0, "old", "openai-chat", "small", outcome="ok")])  # fmt: skip
    store.end(record, {"client_request": body.encode(), "upstream_response": (SAID % ("small", "red", USAGE)).encode()})
    store.end(RequestRecord("ar-2", "u", 1e9, "openai-chat", "/", outcome="ok"), {})
    assert store.close(60)
    yield server
    server.shutdown()
    server.server_close()


def test_side_by_side(upstream: Upstream, home: Path) -> None:
    """Both answers, tokens and costs; the upstream got the recorded words and the wanted model; our traces stay as they were."""
    before = json.loads(run("list", "--json").output)
    result = run("replay", "ar-1", "--channel", "new", "--model", "big", "--yes", "--json")
    data = json.loads(result.output)
    assert result.exit_code == 0
    assert upstream.asked == {"model": "big", "messages": [{"role": "user", "content": "colour?"}]}
    assert [(side["model"], side["channel"], side["answer"], side["cost"]) for side in data.values()] == [
        ("small", "old", "red", 0.5), ("big", "new", "blue", pytest.approx(0.1))]  # fmt: skip
    assert json.loads(run("list", "--json").output) == before


def test_for_people(upstream: Upstream) -> None:
    """A table with both, and with --diff the lines that differ."""
    lines = run("replay", "ar-1", "--channel", "new", "--yes").output.splitlines()
    assert lines[1].split() == ["model", "small", "small"]
    assert lines[-1].split() == ["answer", "red", "blue"]
    assert run("replay", "ar-1", "--channel", "new", "--yes", "--diff").output.splitlines()[-2:] == ["-red", "+blue"]


def test_it_asks_first(upstream: Upstream) -> None:
    """Without --yes and without a terminal nothing is sent; the question says what and how much."""
    refused = run("replay", "ar-1", "--channel", "new", "--model", "big").exception
    assert isinstance(refused, UsageError)
    assert "Send 1.0k tokens to big @new? It costs about $0.100." in str(refused)
    assert not hasattr(upstream, "asked")


@pytest.mark.parametrize(
    "arguments", [["ar-2", "--channel", "new"], ["ar-1", "--channel", "nowhere"], ["zz", "--channel", "new"]]
)
def test_what_cannot_be_replayed(upstream: Upstream, arguments: list[str]) -> None:
    """No body, no such channel, no such request: a sentence."""
    assert isinstance(run("replay", *arguments, "--yes").exception, UsageError)

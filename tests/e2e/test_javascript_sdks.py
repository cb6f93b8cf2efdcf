"""The vendors' JavaScript SDKs (`@anthropic-ai/sdk`, `openai`, `@google/genai`) as judges of what axonhub says.

Each of the four client protocols, against an upstream of each of the four: text, a tool call, parallel calls, thinking, an error
in mid-stream; through the raw iterator, through the helper that accumulates, and whole. The upstream answers in its own protocol
with what the table says; `judges.mjs` asks every question in one process and tells what the SDK made of it.
"""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.protocols.registry import SPOKEN, codec
from axonhub_cli.types.events import Event, Failure, PartStart, Start, TextDelta, replay
from axonhub_cli.types.messages import Part, Protocol, Reasoning, Response, Seal, Text, ToolCall, Usage
from axonhub_cli.types.problem import Problem
from tests.e2e.processes import HERE, Running, end, sdk_folder, start_axonhub
from tests.laws.wire import reply, write_stream

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TEXT = Text(text="Grüße 🙂\nand \u2028 more.")
CALLS = [ToolCall(id=f"call_{name}", name="look", arguments=json.dumps({"at": name})) for name in ("one", "two")]
SAID: dict[str, tuple[Part, ...]] = {
    "text": (TEXT,),
    "tool": (TEXT, CALLS[0]),
    "parallel": tuple(CALLS),
    "think": (Reasoning(text="Let me see.", seal=Seal("anthropic", "signature", "c2lnbmVk")), TEXT, CALLS[0]),
}
BROKEN: list[Event] = [
    Start(id="r_1", model="up"), PartStart(0, Text(text="")), TextDelta(0, "Hel"), TextDelta(0, "lo"),
    Failure(Problem(kind="overloaded", message="much too busy")),
]  # fmt: skip
MODES = ["raw", "helper", "whole"]
QUESTIONS = [
    (sdk, upstream, case, mode)
    for sdk in SPOKEN
    for upstream in SPOKEN
    for case in [*SAID, "broken"]
    for mode in MODES
    if (case, mode) != ("broken", "whole")
]
_PATHS: dict[str, Protocol] = {"/messages": "anthropic", "/completions": "openai-chat", "/responses": "openai-responses"}


def answer_of(case: str, upstream: Protocol) -> Response:
    calls = any(isinstance(part, ToolCall) for part in SAID[case])
    usage = Usage(input=15, output=9, cache_read=5, reasoning=3 if case == "think" else 0)
    return Response(
        origin=upstream, id="r_1", model="up", parts=SAID[case], finish="tool_calls" if calls else "stop", usage=usage
    )


class Upstream(BaseHTTPRequestHandler):
    """Says what the table has for the model's name, in the protocol that it is asked in."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        path = self.path.partition("?")[0]
        spoken = codec(next((name for ending, name in _PATHS.items() if path.endswith(ending)), "gemini"))
        case = path.rpartition("/")[2].partition(":")[0] if spoken.name == "gemini" else body["model"]
        streamed = body.get("stream") or ":stream" in path
        if streamed:
            events = BROKEN if case == "broken" else list(replay(answer_of(case, spoken.name)))
            data = write_stream(spoken, events)
        else:
            data = json.dumps(spoken.write_response(answer_of(case, spoken.name), reply())).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if streamed else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def axonhub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """axonhub before the upstream, with a key for each of its protocols."""
    sdk_folder()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    root = f"http://127.0.0.1:{server.server_address[1]}"
    config = ""
    for name in SPOKEN:
        base = root if name in ("anthropic", "gemini") else f"{root}/v1"
        config += f'[[channels]]\nname = "{name}"\ntype = "{name}"\nbase_url = "{base}"\n'
    config += "".join(f'[profiles.{name}]\nchannels = ["{name}"]\n' for name in SPOKEN)
    running = start_axonhub(tmp_path_factory.mktemp("sdks") / "home", config, keys={name: name for name in SPOKEN})
    yield running
    end(running.process)
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def answers(axonhub: Running) -> dict[str, dict[str, Any]]:
    """What the SDKs made of every question, by its id."""
    questions = [
        {
            "id": "/".join(key),
            "sdk": key[0],
            "token": axonhub.tokens[key[1]],
            "model": key[2],
            "mode": key[3],
            "base": axonhub.url,
        }
        for key in QUESTIONS
    ]
    done = subprocess.run(
        ["node", str(HERE / "judges.mjs")], input=json.dumps(questions), capture_output=True, text=True, timeout=150,
        env={"PATH": os.environ["PATH"], "AXONHUB_E2E_NODE": str(sdk_folder())},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.split("\n") if line.startswith("{")]
    return {line["id"]: line for line in lines}


FINISHES = {
    "anthropic": {"stop": "end_turn", "tool_calls": "tool_use"},
    "openai-chat": {"stop": "stop", "tool_calls": "tool_calls"},
    "openai-responses": {"stop": "completed", "tool_calls": "completed"},
    "gemini": {"stop": "STOP", "tool_calls": "STOP"},
}


@pytest.mark.parametrize(("sdk", "upstream", "case", "mode"), QUESTIONS)
def test_the_sdk_reads_it(sdk: str, upstream: Protocol, case: str, mode: str, answers: dict[str, dict[str, Any]]) -> None:
    """Every word, call and figure, in the SDK's own types; a broken stream is an exception that says why."""
    heard = answers[f"{sdk}/{upstream}/{case}/{mode}"]
    if case == "broken":
        assert "much too busy" in heard.get("error", ""), heard
        return
    said = answer_of(case, upstream)
    assert "error" not in heard, heard
    assert heard["text"] == "".join(part.text for part in said.parts if isinstance(part, Text))
    calls = [part for part in said.parts if isinstance(part, ToolCall)]
    assert heard["calls"] == [{"id": call.id, "name": call.name, "arguments": json.loads(call.arguments)} for call in calls]
    assert (heard["input"], heard["output"]) == (15, 9)
    assert heard["finish"] == FINISHES[sdk][said.finish or ""]
    if not (sdk == "openai-chat" and mode == "helper"):  # a field that OpenAI does not have: its helper keeps the last delta only
        assert heard["thinking"] == "".join(part.text for part in said.parts if isinstance(part, Reasoning))


def test_the_judges_are_the_vendors_own() -> None:
    """Not something of the same name: each package says who made it."""
    for package, maker in {"@anthropic-ai/sdk": "anthropic", "openai": "openai", "@google/genai": "google"}.items():
        about = json.loads((Path(sdk_folder()) / "node_modules" / package / "package.json").read_text())
        assert maker in json.dumps(about.get("repository")).lower()

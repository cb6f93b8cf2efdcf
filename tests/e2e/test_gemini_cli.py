"""The real Gemini CLI, through axonhub, against each of the other three kinds of upstream.

The scripted upstream plays the model; the nonce of the prompt must come back in the files that its tools wrote and in its last
words. It counts the requests: a retry of the client, or a request on the side, would be one too many.
"""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import HERE, Running, client_binary, end, free_port, start_axonhub, three_channels, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

REQUESTS = {"text": 1, "tool": 2, "think": 2, "parallel": 2, "write": 2, "multi": 3}
KEPT = {"PATH", "LANG", "TMPDIR"}


def control(scripted: Running, path: str, method: str = "POST") -> Any:
    request = urllib.request.Request(f"{scripted.url}/_mock/{path}", method=method)
    return json.loads(urllib.request.urlopen(request, timeout=10).read() or b"null")


def gemini(hub: Running, upstream: str, home: Path, prompt: str, *more: str) -> None:
    """One prompt of the real client; `more` are its options."""
    binary = client_binary("gemini")
    (home / ".gemini").mkdir(exist_ok=True)
    (home / ".gemini" / "settings.json").write_text('{"security": {"auth": {"selectedType": "gemini-api-key"}}}')
    environment = {
        **{name: value for name, value in os.environ.items() if name in KEPT},
        "HOME": str(home),
        "GOOGLE_GEMINI_BASE_URL": hub.url,
        "GEMINI_API_KEY": hub.tokens[upstream],
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
    }
    command = ["node", str(binary), "--model", "gemini-3-flash-preview", "--yolo", *more, "--prompt", prompt]
    done = subprocess.run(
        command, env=environment, cwd=home, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("upstream", ["anthropic", "openai-chat", "openai-responses"])
@pytest.mark.parametrize("scenario", REQUESTS)
def test_gemini_cli_does_its_work(scenario: str, upstream: str, axonhub: Running, scripted: Running, tmp_path: Path) -> None:
    """It finishes with the right files and words, and asks no more often than it has to."""
    control(scripted, "reset")
    control(scripted, f"set?scenario={scenario}")
    gemini(axonhub, upstream, tmp_path, "Do it. NONCE=zebra42")
    told = control(scripted, "stats", "GET")

    assert told["final_texts"] == ["E2E_DONE zebra42"], told
    assert told["model_requests"] == REQUESTS[scenario], told
    if scenario != "text":
        assert "zebra42" in (tmp_path / "out.txt").read_text()


SEALS = {"anthropic": "bW9ja3NpZ25hdHVyZQ==", "openai-responses": "bW9jay1lbmNyeXB0ZWQ="}
PATHS = {"anthropic": "/v1/messages", "openai-chat": "/v1/chat/completions", "openai-responses": "/v1/responses"}


@pytest.mark.timeout(400)
def test_a_session_travels_through_every_upstream(tmp_path: Path) -> None:
    """Four turns of thinking and tools, each at another upstream, and back: every one gets its own seals back, and nobody
    else's, packed or not."""
    client_binary("gemini")
    log, port = tmp_path / "upstream.jsonl", free_port()
    command = [sys.executable, str(HERE / "scripted_upstream.py"), "--port", str(port), "--log", str(log)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    scripted = Running(process, f"http://127.0.0.1:{port}")
    wait_for(f"{scripted.url}/_mock/ping", process)
    hub = start_axonhub(tmp_path / "home", three_channels(scripted.url), keys={name: name for name in PATHS})
    try:
        for turn, upstream in enumerate(("anthropic", "openai-responses", "openai-chat", "anthropic")):
            control(scripted, "set?scenario=think")
            before = len(log.read_text().splitlines())
            gemini(hub, upstream, tmp_path, f"Do it. NONCE=zebra{turn}", *(("--resume", "latest") if turn else ()))
            assert control(scripted, "stats", "GET")["final_texts"] == [f"E2E_DONE zebra{turn}"]
            records = [json.loads(line) for line in log.read_text().splitlines()[before:]]
            bodies = [json.dumps(record["body"]) for record in records if record["kind"] == "req" and record["method"] == "POST"]
            assert len(bodies) == REQUESTS["think"]
            for body in bodies:
                assert "axh1:" not in body
                assert not [maker for maker, seal in SEALS.items() if maker != upstream and seal in body]
                assert turn == 0 or "zebra0" in body
            if upstream in SEALS:
                assert SEALS[upstream] in bodies[-1]
    finally:
        end(hub.process)
        end(process)

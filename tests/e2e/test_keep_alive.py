"""Long silences, by the real clients: an upstream that says nothing for twice the client's own idle limit, at first or in the
middle. The client must neither give up nor ask again.

Codex counts events only (`stream_idle_timeout_ms`, 300 s by default, set to 3 s here). The same stream is read by OpenAI's
helpers in tests/server/test_keep_alive.py.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import harness
from tests.e2e.processes import Running, client_binary, end, start_axonhub, three_channels

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

UPSTREAMS = ("anthropic", "openai-chat", "openai-responses")
SILENCE = {"at first": "slow:first=7,all=1", "in the middle": "gap:after=3,secs=7,all=1"}
LIMITS = "stream_idle_timeout_ms = 3000\nstream_max_retries = 0\nrequest_max_retries = 0"


@pytest.fixture(scope="module")
def quick(scripted: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """axonhub that keeps clients alive after a second, and every second."""
    config = "[server]\ngrace = 1\nping = 1\n" + three_channels(scripted.url)
    running = start_axonhub(tmp_path_factory.mktemp("quick") / "home", config, keys={name: name for name in UPSTREAMS})
    yield running
    end(running.process)


@pytest.mark.parametrize("silence", SILENCE)
@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_codex_waits(
    silence: str, upstream: str, quick: Running, scripted: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets the answer of the one request that it made."""
    monkeypatch.setenv("CODEX_BIN", str(client_binary("codex")))
    monkeypatch.setenv("CODEX_PROVIDER_TOML", LIMITS)
    monkeypatch.setenv("MOCK_URL", scripted.url)
    monkeypatch.setenv("E2E_TMP", str(tmp_path))
    run = harness.Run("codex", f"{quick.url}/v1", quick.tokens[upstream], "text")
    run.timeout = 90.0
    harness.mock("reset")
    harness.mock(f"set?scenario=text&fault={SILENCE[silence]}")
    try:
        text, _ = run.codex("NONCE=zebra42 please run the scenario")
        told = harness.mock("stats")
    finally:
        harness.mock("set?scenario=text&fault=")
    assert (run.fail, run.retries) == ([], 0)
    assert text == "E2E_DONE zebra42"
    assert (told["model_requests"], told["faults_fired"]) == (1, 1)

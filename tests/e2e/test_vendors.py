"""Real agents through the presets, at upstreams as strict as the real ones: tools, several turns, and nothing that they refuse.

The scripted upstream speaks the protocol and logs; `tests.vendors` says afterwards what the vendor would have refused.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import vendors
from tests.e2e import harness
from tests.e2e.processes import HERE, any_client, client_binary, end, free_port, start_axonhub, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ENDS = {"openai-chat": "/chat/completions", "anthropic": "/v1/messages"}
JOURNEYS = [
    ("claude", "mistral", "openai-chat"), ("codex", "mistral", "openai-chat"),
    ("claude", "deepseek", "anthropic"), ("codex", "deepseek", "openai-chat"),
    ("codex", "zai", "openai-chat"),
]  # fmt: skip


def _config(preset: str, protocol: str, url: str) -> str:
    """One channel of the preset at the upstream, with that protocol only."""
    base = {"deepseek": f"{url}/anthropic"}.get(preset, url) if protocol == "anthropic" else f"{url}/chat/completions"
    return f'[[channels]]\nname = "{preset}"\ntype = "{preset}"\nbase_url = "{base}"\n'


@pytest.mark.parametrize(("client", "preset", "protocol"), JOURNEYS)
def test_an_agent_works_at_a_strict_vendor(
    client: str, preset: str, protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn with thinking and a tool, a second one in the same session: done, and no request that the vendor would refuse."""
    any_client()
    log, port = tmp_path / "upstream.jsonl", free_port()
    command = [sys.executable, str(HERE / "scripted_upstream.py"), "--port", str(port), "--log", str(log)]
    scripted = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    wait_for(f"{url}/_mock/ping", scripted)
    hub = start_axonhub(tmp_path / "home", _config(preset, protocol, url), keys={"it": None})
    monkeypatch.setenv(f"{client.upper()}_BIN", str(client_binary(client)))
    monkeypatch.setenv("MOCK_URL", url)
    monkeypatch.setenv("E2E_TMP", str(tmp_path / "clients"))
    try:
        run = harness.Run(client, f"{hub.url}/anthropic" if client == "claude" else f"{hub.url}/v1", hub.tokens["it"], "think")
        run.model, run.timeout = {"claude": "claude-opus-5-5", "codex": "gpt-6.1-sol"}[client], 120.0
        for turn in range(2):
            _say(run, client, again=bool(turn))
    finally:
        end(hub.process)
        end(scripted)
    asked = [json.loads(line) for line in log.read_text().splitlines()]
    bodies = [each["body"] for each in asked if each["kind"] == "req" and each["path"].endswith(ENDS[protocol])]
    assert len(bodies) >= 4
    assert [said for body in bodies if (said := vendors.JUDGES[preset, protocol](body))] == []


def _say(run: Any, client: str, *, again: bool) -> None:
    harness.mock("set?scenario=think")
    more: dict[str, Any] = {"more": ("--continue",)} if client == "claude" else {"sub": ("exec", "resume", "--last")}
    nonce = harness.nonce()
    text, _ = getattr(run, client)(f"PARENT NONCE={nonce} OUTDIR={run.cwd} please run the scenario", **(more if again else {}))
    assert run.fail == [], run.log[-1]
    assert f"E2E_DONE {nonce}" in text
    assert run.retries == 0

"""What agents do beyond plain turns, by the real clients: one session through every kind of upstream and back, subagents, web
search, tool search, compaction.

The scripted upstream logs what it was sent, so that seals can be followed: each upstream must get its own back, and never
anybody else's, packed or not.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e import harness
from tests.e2e.processes import HERE, Running, any_client, client_binary, end, free_port, start_axonhub, three_channels, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

UPSTREAMS = ("anthropic", "openai-chat", "openai-responses")
SEALS = {"anthropic": "bW9ja3NpZ25hdHVyZQ==", "openai-responses": "bW9jay1lbmNyeXB0ZWQ="}
PATHS = {"anthropic": "/v1/messages", "openai-chat": "/v1/chat/completions", "openai-responses": "/v1/responses"}
JOURNEY = ("openai-responses", "anthropic", "openai-chat", "openai-responses", "anthropic")
Session = Callable[..., Any]


class Talk:
    """One session of one client; each turn goes to the upstream that it names."""

    def __init__(self, client: str, model: str, hub: Running, log: Path) -> None:
        self.client, self.hub, self.log = client, hub, log
        base = f"{hub.url}/anthropic" if client == "claude" else f"{hub.url}/v1"
        self.run = harness.Run(client, base, "", "think")
        self.run.model, self.run.timeout = model, 120.0
        self.turns = 0

    def turn(self, upstream: str, scenario: str, prompt: str = "please run the scenario") -> tuple[str, list[dict[str, Any]]]:
        """Say one thing; what came out, and the requests that the upstream got for it."""
        self.run.token = self.hub.tokens[upstream]
        harness.mock("set?scenario=" + scenario)
        before = len(self.log.read_text().splitlines())
        more: dict[str, Any] = {"more": ("--continue",)} if self.client == "claude" else {"sub": ("exec", "resume", "--last")}
        nonce = harness.nonce()
        text, _ = getattr(self.run, self.client)(
            f"PARENT NONCE={nonce} OUTDIR={self.run.cwd} {prompt}" if "NONCE" not in prompt else prompt,
            **(more if self.turns else {}),
        )
        self.turns += 1
        assert [said for said in self.run.fail if "stream_event" not in said or "/compact" not in prompt] == []
        self.run.fail = []
        assert self.run.retries == 0
        records = [json.loads(line) for line in self.log.read_text().splitlines()[before:]]
        asked = [record for record in records if record["kind"] == "req" and record["method"] == "POST"]
        return text.replace(nonce, "NONCE"), asked


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Starts a session: a scripted upstream with a log, axonhub before it, and a client."""
    any_client()
    log, port = tmp_path / "upstream.jsonl", free_port()
    command = [sys.executable, str(HERE / "scripted_upstream.py"), "--port", str(port), "--log", str(log)]
    scripted = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    wait_for(f"{url}/_mock/ping", scripted)
    hub = start_axonhub(tmp_path / "home", three_channels(url), keys={name: name for name in UPSTREAMS})

    def begin(client: str, model: str) -> Talk:
        monkeypatch.setenv(f"{client.upper()}_BIN", str(client_binary(client)))
        monkeypatch.setenv("MOCK_URL", url)
        monkeypatch.setenv("E2E_TMP", str(tmp_path / "clients"))
        return Talk(client, model, hub, log)

    yield begin
    end(hub.process)
    end(scripted)


@pytest.mark.parametrize(
    ("client", "model"),
    [("claude", "claude-sonnet-4-5"), ("claude", "claude-opus-5-5"), ("codex", "gpt-5.5"), ("codex", "gpt-6.1-sol")],
)
def test_a_session_travels_through_every_upstream(client: str, model: str, session: Session) -> None:
    """Five turns of thinking and tools, each at another upstream: every upstream gets back the seals that it made itself, in
    the turn after them and when the session returns, and nobody sees anybody else's."""
    talk = session(client, model)
    seen: set[str] = set()
    for upstream in JOURNEY:
        text, requests = talk.turn(upstream, "think")
        assert "E2E_DONE NONCE" in text
        bodies = [json.dumps(request["body"]) for request in requests if request["path"].startswith(PATHS[upstream])]
        assert len(bodies) >= 2
        for body in bodies:
            assert "axh1:" not in body
            assert not [maker for maker, seal in SEALS.items() if maker != upstream and seal in body]
        if upstream in SEALS:
            assert SEALS[upstream] in bodies[-1]
            assert (SEALS[upstream] in bodies[0]) == (upstream in seen)
        seen.add(upstream)


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize(
    ("client", "model", "scenario"),
    [
        ("claude", "claude-sonnet-4-5", "subagent"),
        ("claude", "deepseek-chat", "subagent"),
        ("claude", "claude-sonnet-4-5", "websearch"),
        ("codex", "deepseek-chat", "subagent"),
    ],
)
def test_agents_and_searches(client: str, model: str, scenario: str, upstream: str, session: Session) -> None:
    """A subagent does the work, and a web search is answered, whatever stands behind axonhub."""
    talk = session(client, model)
    text, requests = talk.turn(upstream, scenario)
    assert "E2E_DONE NONCE" in text
    assert len(requests) >= (3 if scenario == "websearch" else 2)


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_claude_code_compacts(upstream: str, session: Session) -> None:
    """`/compact` in the middle of a session, and the session goes on."""
    talk = session("claude", "claude-sonnet-4-5")
    talk.turn(upstream, "think")
    _, requests = talk.turn(upstream, "text", "/compact NONCE")
    assert requests
    text, _ = talk.turn(upstream, "tool")
    assert "E2E_DONE NONCE" in text


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_codex_finds_tools(upstream: str, session: Session) -> None:
    """`tool_search`, which Codex runs itself: a model of any kind may call it, and is offered what was found in the next turn."""
    query = quote(json.dumps({"query": "spawn agent", "limit": 4}), safe="")
    scenario = "toolsearch" if upstream == "openai-responses" else f"call=tool_search,{query}"
    text, (first, second) = session("codex", "gpt-5.5").turn(upstream, scenario)
    assert "E2E_DONE NONCE" in text
    before, after = (json.dumps(request["body"]) for request in (first, second))
    assert '"name": "tool_search"' in before or '"type": "tool_search"' in before
    assert "spawn_agent" in after
    assert "spawn_agent" not in before

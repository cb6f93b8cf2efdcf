"""The real Claude Code and Codex, through axonhub, against each kind of upstream: 2 clients x 3 model shapes x 3 protocols x 9
scenarios.

The scripted upstream plays the model; a nonce travels prompt → upstream → tool call → tool result → final text, so lost
prompts, lost results and mixed-up sessions are all caught. The harness also fails on any retry of the client and on any extra
upstream request.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.processes import HERE, Running, client_binary

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

MODELS = {
    "claude": ["claude-sonnet-4-5", "claude-opus-5-5", "deepseek-chat"],
    "codex": ["gpt-5.5", "gpt-6.1-sol", "deepseek-chat"],
}
SCENARIOS = ["text", "tool", "write", "multi", "parallel", "think", "continue", "cat", "image"]
CASES = [
    (client, model, upstream, scenario)
    for client, models in MODELS.items()
    for model in models
    for upstream in ("anthropic", "openai-chat", "openai-responses")
    for scenario in SCENARIOS
    if not (client == "codex" and model == "deepseek-chat" and scenario == "write")  # Codex offers no file tool to unknown models
]


@pytest.mark.parametrize(("client", "model", "upstream", "scenario"), CASES)
def test_a_real_client_does_its_work(
    client: str, model: str, upstream: str, scenario: str, axonhub: Running, scripted: Running, tmp_path: Path
) -> None:
    """The client finishes the scenario with the right text and files, without a retry."""
    binary = client_binary(client)
    base = f"{axonhub.url}/anthropic" if client == "claude" else f"{axonhub.url}/v1"
    environment = {
        **os.environ,
        "MODEL": model,
        "MOCK_URL": scripted.url,
        f"{client.upper()}_BIN": str(binary),
        "E2E_TMP": str(tmp_path),
        "E2E_TIMEOUT": "90",
    }
    command = [sys.executable, str(HERE / "harness.py"), client, base, axonhub.tokens[upstream], scenario]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=170)

    assert done.returncode == 0, json.loads(done.stdout.splitlines()[-1])["fail"] if done.stdout else done.stderr

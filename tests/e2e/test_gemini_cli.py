"""The real Gemini CLI, through axonhub, against each of the other three kinds of upstream.

The scripted upstream plays the model; the nonce of the prompt must come back in the files that its tools wrote and in its last
words. It counts the requests: a retry of the client, or a request on the side, would be one too many.
"""

import json
import os
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import Running, client_binary

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

REQUESTS = {"text": 1, "tool": 2, "think": 2, "parallel": 2, "write": 2, "multi": 3}
KEPT = {"PATH", "LANG", "TMPDIR"}


def control(scripted: Running, path: str, method: str = "POST") -> Any:
    request = urllib.request.Request(f"{scripted.url}/_mock/{path}", method=method)
    return json.loads(urllib.request.urlopen(request, timeout=10).read() or b"null")


@pytest.mark.parametrize("upstream", ["anthropic", "openai-chat", "openai-responses"])
@pytest.mark.parametrize("scenario", REQUESTS)
def test_gemini_cli_does_its_work(scenario: str, upstream: str, axonhub: Running, scripted: Running, tmp_path: Path) -> None:
    """It finishes with the right files and words, and asks no more often than it has to."""
    binary = client_binary("gemini")
    (tmp_path / ".gemini").mkdir()
    (tmp_path / ".gemini" / "settings.json").write_text('{"security": {"auth": {"selectedType": "gemini-api-key"}}}')
    control(scripted, "reset")
    control(scripted, f"set?scenario={scenario}")
    environment = {
        **{name: value for name, value in os.environ.items() if name in KEPT},
        "HOME": str(tmp_path),
        "GOOGLE_GEMINI_BASE_URL": axonhub.url,
        "GEMINI_API_KEY": axonhub.tokens[upstream],
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
    }
    command = ["node", str(binary), "--model", "gemini-3-flash-preview", "--yolo", "--prompt", "Do it. NONCE=zebra42"]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )
    told = control(scripted, "stats", "GET")

    assert done.returncode == 0, done.stderr
    assert told["final_texts"] == ["E2E_DONE zebra42"], told
    assert told["model_requests"] == REQUESTS[scenario], told
    if scenario != "text":
        assert "zebra42" in (tmp_path / "out.txt").read_text()

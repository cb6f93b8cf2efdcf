"""The golden wire data of this protocol."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_WIRE = Path(__file__).parents[2] / "wire" / "openai_responses"


@pytest.fixture(scope="session")
def body() -> Callable[[str], dict[str, Any]]:
    """A request body by name."""

    def load(name: str) -> dict[str, Any]:
        data: dict[str, Any] = json.loads((_WIRE / f"{name}.request.json").read_text("utf-8"))
        return data

    return load


@pytest.fixture(scope="session")
def stream() -> Callable[[str], bytes]:
    """A stream's bytes by name."""
    return lambda name: (_WIRE / f"{name}.sse").read_bytes()

"""The receipt in words."""

from typing import Any

import pytest

from axonhub_cli.trace.receipt import receipt


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([], ""),
        ([("dropped", "top_k")], "dropped top_k"),
        ([("dropped", "a"), ("dropped", "b"), ("renamed", "tools[1].name"), ("renamed", "tools[7].name")],
         "dropped a, b; renamed 2 × tools[].name"),
        ([("dropped", name) for name in "abcde"], "dropped a, b, c and 2 more"),
        ([("placeholder", "messages[3]")], "put a placeholder for messages[]"),
    ],
)  # fmt: skip
def test_losses_as_a_sentence(losses: list[tuple[str, str]], expected: str) -> None:
    """Summed up by what was done and where; places in lists are one place."""
    given: list[dict[str, Any]] = [{"action": action, "path": path, "why": "x"} for action, path in losses]
    assert receipt(given) == expected

"""Claude Code's search request, as one that any upstream can answer."""

from typing import Any

import pytest

from axonhub_cli.protocols.body import ClientBody
from axonhub_cli.protocols.raw import dumps
from axonhub_cli.protocols.websearch import NOTICE, without_search

TOLD = {"type": "text", "text": NOTICE}


@pytest.mark.parametrize(
    ("given", "system"),
    [
        ({}, [TOLD]),
        ({"system": "x"}, [{"type": "text", "text": "x"}, TOLD]),
        ({"system": [{"type": "text", "text": "x"}]}, [{"type": "text", "text": "x"}, TOLD]),
    ],
)
def test_it_asks_without_the_search(given: dict[str, Any], system: list[Any]) -> None:
    """No tool, no choice among tools, and the model knows why."""
    rest = {"model": "m", "messages": [{"role": "user", "content": "q"}]}
    ask = {**rest, "tools": [{"type": "web_search_20250305", "name": "web_search"}], "tool_choice": {"type": "any"}, **given}
    assert without_search(ClientBody(dumps(ask))).fields == {**rest, "system": system}

"""What conversions cannot carry is told, all of it, and the README's table says the same."""

import copy
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.types.messages import Protocol
from tests.rules.everything import REQUESTS, converted, table

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- losses -->\n", "<!-- end of losses -->\n"
GROUPS = ("generationConfig", "thinkingConfig", "toolConfig", "output_config", "text", "reasoning")
# What may go without a word, since nothing is lost with it.
SILENT = {
    "model", "stream", "stream_options",  # said in the path, or answered by axonhub itself
    "tool_choice",  # `auto` is what everybody does unasked
    "thinking",  # a budget beside an effort, which says the same and is carried
    "reasoning.summary", "generationConfig.thinkingConfig.includeThoughts",  # thoughts are always shown
    "user",  # a user's name beside a safety identifier, which is told
}  # fmt: skip


def _paths(value: dict[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, inner in value.items():
        yield (*before, key)
        if key in GROUPS:
            yield from _paths(inner, (*before, key))


def _without(request: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    less = copy.deepcopy(request)
    holder = less
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    return less


@pytest.mark.parametrize(("client", "server"), list(permutations(REQUESTS, 2)))
def test_nothing_leaves_in_silence(client: Protocol, server: Protocol) -> None:
    """Each setting of a request, taken away, changes what is sent or what is told: so it was carried, or reported."""
    whole = converted(client, server, REQUESTS[client])
    told = [(loss.path, loss.why) for loss in whole.losses]
    needed = ("messages", "input", "contents", "model", "max_tokens")
    for path in _paths(REQUESTS[client]):
        if ".".join(path) in SILENT or path[0] in needed:
            continue
        less = converted(client, server, _without(REQUESTS[client], path))
        assert (less.body, [(loss.path, loss.why) for loss in less.losses]) != (whole.body, told), ".".join(path)


def test_the_readme_lists_what_is_lost() -> None:
    """Between its marks; to bring it up to date: python -m tests.rules.everything."""
    assert README.read_text().partition(BEGIN)[2].partition(END)[0] == table()

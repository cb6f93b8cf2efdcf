"""Whatever a client asks, upstreams as strict as the real ones (`tests.vendors`) take the body that goes to their preset."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.config.providers import PRESETS
from axonhub_cli.errors import RequestError
from axonhub_cli.types.messages import Protocol
from tests import vendors
from tests.rules.everything import REQUESTS
from tests.rules.test_presets_sent import CASES, sent

WIRE = Path(__file__).parents[1] / "wire"
FILES: list[tuple[Protocol, str]] = [
    ("anthropic", "anthropic/full.request.json"), ("anthropic", "anthropic/budget.request.json"),
    ("openai-chat", "openai_chat/request_full.json"), ("openai-responses", "openai_responses/codex_gpt55.request.json"),
    ("openai-responses", "openai_responses/codex_lite.request.json"), ("openai-responses", "openai_responses/full.request.json"),
]  # fmt: skip


def requests() -> Iterator[tuple[Protocol, dict[str, Any]]]:
    """All that a protocol can say, what real clients said, and each thing that somebody refuses."""
    yield from REQUESTS.items()
    for client, name in FILES:
        yield client, json.loads((WIRE / name).read_text())
    for cases in CASES.values():
        yield from ((client, ask) for client, ask, _ in cases)


@pytest.mark.parametrize(("preset", "protocol"), vendors.JUDGES)
def test_a_strict_upstream_takes_everything(preset: str, protocol: Protocol) -> None:
    """From every client; what no answer could rightly be is refused before it is asked."""
    quirks = PRESETS[preset].endpoints[protocol].quirks
    taken = 0
    for client, ask in requests():
        try:
            body = sent(client, protocol, ask, quirks)
        except RequestError:
            continue
        assert (said := vendors.JUDGES[preset, protocol](body)) is None, (said, client, body)
        taken += 1
    assert taken > 50


@pytest.mark.parametrize("judge", {judge: None for judge in vendors.JUDGES.values()})
def test_the_judges_refuse_what_openai_takes(judge: vendors.Judge) -> None:
    """A body made for OpenAI, or for Anthropic, is none for them: each has something to refuse."""
    plain = [sent(client, server, ask, PRESETS[name].endpoints[server].quirks)
             for name, server in (("openai", "openai-chat"), ("anthropic", "anthropic"))
             for client, ask in requests() if client == server]  # fmt: skip
    assert any(judge(body) is not None for body in plain if "messages" in body)

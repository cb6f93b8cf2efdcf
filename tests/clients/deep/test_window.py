"""How many tokens a model holds, as its endpoint says."""

from typing import Any

import pytest

from axonhub_cli.clients.deep import window
from axonhub_cli.clients.deep.exchange import Place
from axonhub_cli.config.presets import endpoints
from axonhub_cli.config.schema import Channel
from tests.cli.local_server import model_server

ITEMS: list[tuple[dict[str, Any], int | None]] = [
    ({"id": "m", "max_model_len": 32768}, 32768),
    ({"id": "m", "context_length": 131072}, 131072),
    ({"id": "m", "max_context_length": 4096, "loaded_context_length": 2048}, 2048),
    ({"id": "m", "meta": {"n_ctx": 8192, "n_ctx_train": 1}}, 8192),
    ({"name": "models/m", "inputTokenLimit": 1048576}, 1048576),
    ({"id": "m", "context_length": "many"}, None),
    ({"id": "m", "meta": None}, None),
]


@pytest.mark.parametrize(("item", "size"), ITEMS)
def test_in_a_list_of_models(item: dict[str, Any], size: int | None) -> None:
    """Each vendor has a word of its own for it."""
    assert window.size_of(item) == size


@pytest.mark.parametrize(
    ("listed", "props", "state", "value"),
    [
        ({"data": [{"id": "other", "max_model_len": 1}, {"id": "m", "max_model_len": 5000}]}, None, "yes", 5000.0),
        ({"data": [{"id": "m"}]}, {"default_generation_settings": {"n_ctx": 2048}}, "yes", 2048.0),
        ({"data": [{"id": "m"}]}, {"x": 1}, "unknown", None),
        ({"nothing": 1}, None, "unknown", None),
    ],
)
def test_what_an_endpoint_says(listed: Any, props: Any, state: str, value: float | None) -> None:
    """Its list first, then llama.cpp's own page; an endpoint that says nothing is unknown, not an error."""
    with model_server("m") as server:
        server.answers |= {"/v1/models": listed, "/props": props}
        channel = Channel(name="c", type="openai-chat", base_url=f"{server.url}/v1")
        found = window.fact(Place(channel=channel, endpoint=endpoints(channel)["openai-chat"], secret=None, model="m"))
    assert (found.state, found.value) == (state, value)

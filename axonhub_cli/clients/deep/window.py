"""How many tokens a model holds, where its endpoint says so in its list of models, or llama.cpp in its `/props`.

max_model_len                        vLLM               https://docs.vllm.ai/en/stable/serving/openai_compatible_server
context_length, top_provider         OpenRouter         https://openrouter.ai/docs/api/api-reference/models/get-models
context_window                       Groq               https://console.groq.com/docs/models
max_context_length                   LM Studio, Mistral https://lmstudio.ai/docs/developer/rest/endpoints
inputTokenLimit, max_input_tokens    Gemini, Anthropic  https://ai.google.dev/api/models
meta.n_ctx, n_ctx of /props          llama.cpp          https://github.com/ggml-org/llama.cpp/tree/master/tools/server
"""

from typing import Any
from urllib.parse import urlsplit

from ...config.capabilities import Fact
from ...errors import UpstreamError
from .. import probe
from .exchange import Place

_KEYS = ("max_model_len", "loaded_context_length", "context_length", "context_window", "max_context_length", "inputTokenLimit",
         "max_input_tokens")  # fmt: skip


def fact(place: Place) -> Fact:
    """`yes` with the number, else `unknown`."""
    size = _listed(place) or _props(place)
    return Fact("yes", f"{size:,} tokens", float(size)) if size else Fact("unknown", "its endpoint does not say")


def size_of(item: dict[str, Any]) -> int | None:
    """The number in a model's entry of a list."""
    meta = item.get("meta")
    found = [item.get(key) for key in _KEYS] + [meta.get("n_ctx") if isinstance(meta, dict) else None]
    return next((value for value in found if isinstance(value, int) and value > 0), None)


def _listed(place: Place) -> int | None:
    try:
        items = probe.described(place.channel, place.endpoint, place.secret)
    except UpstreamError:
        return None
    names = (place.model, f"models/{place.model}")
    return next((size_of(item) for item in items if item.get("id", item.get("name")) in names), None)


def _props(place: Place) -> int | None:
    """llama.cpp's own page; asked of servers on this machine only."""
    parts = urlsplit(place.endpoint.base_url)
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost"):
        return None
    answer = probe.near(f"http://{parts.netloc}/props")
    body = answer.body if answer is not None and isinstance(answer.body, dict) else {}
    settings = body.get("default_generation_settings")
    size = settings.get("n_ctx") if isinstance(settings, dict) else None
    return size if isinstance(size, int) and size > 0 else None

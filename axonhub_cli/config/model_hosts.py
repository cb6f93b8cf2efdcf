"""Those who serve other people's models, as data (`provider`); the page for each quirk stands in `evidence`."""

from msgspec.structs import replace

from ..types.quirks import Quirks
from .provider import COMPATIBLE, MESSAGES, Preset, by_protocol, chat_at, messages_at, responses_at

HOSTS = (
    Preset(
        name="openrouter",
        title="OpenRouter",
        root="https://openrouter.ai/api",
        endpoints=by_protocol(  # what a model does not take is dropped there, not refused
            chat_at("https://openrouter.ai/api/v1", replace(COMPATIBLE, reasoning_field="reasoning", verbosity=True)),
            messages_at("https://openrouter.ai/api", Quirks(cache_control=True), "bearer"),
            responses_at("https://openrouter.ai/api/v1"),
        ),
        env="OPENROUTER_API_KEY",
        url="https://openrouter.ai/settings/keys",
        sources=(
            "https://openrouter.ai/docs/guides/coding-agents/claude-code-integration",
            "https://openrouter.ai/docs/api/reference/overview",
            "https://openrouter.ai/docs/api/reference/responses/overview",
        ),
    ),
    Preset(
        name="groq",
        title="Groq",
        root="https://api.groq.com",
        endpoints=by_protocol(
            chat_at(
                "https://api.groq.com/openai/v1",
                replace(
                    COMPATIBLE,
                    max_tokens_field="max_completion_tokens",
                    reasoning_field="reasoning",
                    efforts=("low", "medium", "high"),
                    logprobs=False,
                    documents=False,
                ),
            ),
        ),
        env="GROQ_API_KEY",
        url="https://console.groq.com/keys",
        sources=("https://console.groq.com/docs/openai", "https://console.groq.com/docs/reasoning"),
    ),
    Preset(
        name="cerebras",
        title="Cerebras",
        root="https://api.cerebras.ai",
        endpoints=by_protocol(
            chat_at(
                "https://api.cerebras.ai/v1",
                replace(
                    COMPATIBLE,
                    max_tokens_field="max_completion_tokens",
                    reasoning_field="reasoning",
                    efforts=("low", "medium", "high"),
                    penalties=False,
                    logprobs=False,
                    parallel_flag=False,
                    documents=False,
                ),
            ),
        ),
        env="CEREBRAS_API_KEY",
        url="https://cloud.cerebras.ai",
        sources=(
            "https://inference-docs.cerebras.ai/resources/openai",
            "https://inference-docs.cerebras.ai/api-reference/chat-completions",
        ),
    ),
    Preset(
        name="together",
        title="Together AI",
        root="https://api.together.ai",
        endpoints=by_protocol(chat_at("https://api.together.ai/v1", replace(COMPATIBLE, documents=False))),
        env="TOGETHER_API_KEY",
        url="https://api.together.ai/settings/api-keys",
        sources=("https://docs.together.ai/docs/openai-api-compatibility",),
    ),
    Preset(
        name="fireworks",
        title="Fireworks AI",
        root="https://api.fireworks.ai/inference",
        endpoints=by_protocol(
            chat_at(
                "https://api.fireworks.ai/inference/v1",
                replace(COMPATIBLE, cache_key=True, service_tier=True, unknown_fields=False, documents=False),
            ),
            messages_at("https://api.fireworks.ai/inference", replace(MESSAGES, metadata=False, documents=False), "bearer"),
        ),
        env="FIREWORKS_API_KEY",
        url="https://app.fireworks.ai/settings/users/api-keys",
        sources=(
            "https://docs.fireworks.ai/tools-sdks/openai-compatibility",
            "https://docs.fireworks.ai/tools-sdks/anthropic-compatibility",
        ),
    ),
)

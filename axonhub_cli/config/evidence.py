"""Where each quirk of each preset comes from: the vendor's documentation, or a thread in which people met it.

A row is for a preset (`mistral`), or one protocol of it (`moonshot/anthropic`); what a whole family of servers has in common
stands once, by protocol. A test holds that no quirk is without a source and no source without a quirk.
"""

from ..types.messages import Protocol

_DEEPSEEK = "https://api-docs.deepseek.com"
_KIMI = "https://platform.kimi.ai/docs/api/chat"
_ZAI = "https://docs.z.ai/api-reference/llm/chat-completion"
_GLM = "https://java.agentscope.io/v2/en/integration/model/glm"  # lists what GLM's endpoint takes, field by field
_OLLAMA = "https://docs.ollama.com/api"
_FIREWORKS = "https://docs.fireworks.ai/tools-sdks"
_MINIMAX = "https://platform.minimax.io/docs/api-reference"
_CEREBRAS = "https://inference-docs.cerebras.ai"

FAMILIES: dict[Protocol, dict[str, str]] = {
    "openai-chat": {
        "max_tokens_field": "https://github.com/vectorize-io/hindsight/issues/852",
        "developer_role": "https://github.com/earendil-works/pi/issues/1048",
        "cache_key": "https://github.com/zed-industries/zed/issues/36215",
        "service_tier": "https://hexdocs.pm/req_llm/cerebras.html",
        "verbosity": "https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/988",
        "metadata": "https://github.com/mistralai/platform-docs-public/issues/7",
        "documents": "https://docs.vllm.ai/en/stable/features/multimodal_inputs",  # images, sound and video are what they know
    },
    "anthropic": {
        "adaptive": "https://github.com/NousResearch/hermes-agent/pull/67231",
        "hosted_tools": f"{_DEEPSEEK}/guides/anthropic_api",
        "service_tier": f"{_DEEPSEEK}/guides/anthropic_api",
        "documents": f"{_OLLAMA}/anthropic-compatibility",
    },
    "openai-responses": {
        "native_responses": "https://github.com/openai/codex/issues/26234",
        "cache_key": f"{_OLLAMA}/openai-compatibility",
        "service_tier": f"{_OLLAMA}/openai-compatibility",
        "verbosity": f"{_OLLAMA}/openai-compatibility",
        "metadata": f"{_OLLAMA}/openai-compatibility",
    },
    "gemini": {"image_results": "https://ai.google.dev/gemini-api/docs/function-calling"},
}

_GLM_CHAT = {
    "replay_reasoning": "https://docs.z.ai/guides/capabilities/thinking-mode",
    "forced_tool_choice": _ZAI,
    "json_schema": _ZAI,
    "stream_usage": _GLM,
    "strict_tools": _GLM,
    "penalties": _GLM,
    "seed": _ZAI,
    "parallel_flag": _ZAI,
}

PRESETS: dict[str, dict[str, str]] = {
    "deepseek": {
        "efforts": f"{_DEEPSEEK}/guides/thinking_mode",
        "images": f"{_DEEPSEEK}/guides/anthropic_api",
        "documents": f"{_DEEPSEEK}/guides/anthropic_api",
        "image_results": f"{_DEEPSEEK}/guides/anthropic_api",
    },
    "deepseek/openai-chat": {
        "replay_reasoning": "https://github.com/anomalyco/opencode/issues/24722",
        "json_schema": f"{_DEEPSEEK}/guides/json_mode",
        "parallel_flag": f"{_DEEPSEEK}/api/create-chat-completion",
        "seed": f"{_DEEPSEEK}/api/create-chat-completion",
        "penalties": f"{_DEEPSEEK}/guides/thinking_mode",
        "strict_tools": f"{_DEEPSEEK}/guides/function_calling",
    },
    "deepseek/anthropic": {"top_k": f"{_DEEPSEEK}/guides/anthropic_api"},
    "moonshot": {"forced_tool_choice": _KIMI},
    "moonshot/openai-chat": {
        "replay_reasoning": "https://github.com/NousResearch/hermes-agent/pull/67606",
        "efforts": _KIMI,
        "json_schema": _KIMI,
        "strict_tools": _KIMI,
        "penalties": _KIMI,
        "seed": _KIMI,
        "parallel_flag": _KIMI,
    },
    **{f"{name}/openai-chat": _GLM_CHAT for name in ("zai", "zai-coding", "zhipu")},
    "openrouter/openai-chat": {"reasoning_field": "https://openrouter.ai/docs/use-cases/reasoning-tokens"},
    "groq": {"reasoning_field": "https://console.groq.com/docs/reasoning"},
    "mistral": {
        "call_id_length": "https://github.com/anomalyco/opencode/issues/1680",
        "stream_usage": "https://github.com/mistralai/platform-docs-public/issues/7",
        "reasoning_effort": "https://docs.mistral.ai/api",
        "seed": "https://docs.mistral.ai/api",
    },
    "xai": {"efforts": "https://docs.x.ai/docs/guides/reasoning"},
    "xai/openai-chat": {"penalties": "https://docs.x.ai/docs/guides/reasoning"},
    "minimax/openai-chat": {"penalties": f"{_MINIMAX}/text-openai-api", "replay_reasoning": f"{_MINIMAX}/text-openai-api"},
    "minimax/anthropic": {"top_k": f"{_MINIMAX}/text-anthropic-api"},
    "cerebras": {
        "reasoning_field": f"{_CEREBRAS}/capabilities/reasoning",
        "penalties": "https://hexdocs.pm/req_llm/cerebras.html",
        "parallel_flag": "https://hexdocs.pm/req_llm/cerebras.html",
    },
    "fireworks/anthropic": {"metadata": f"{_FIREWORKS}/anthropic-compatibility"},
    "ollama": {
        "forced_tool_choice": f"{_OLLAMA}/anthropic-compatibility",
        "parallel_flag": f"{_OLLAMA}/openai-compatibility",
    },
    "ollama/openai-chat": {"reasoning_field": f"{_OLLAMA}/openai-compatibility"},
    "ollama/anthropic": {
        "metadata": f"{_OLLAMA}/anthropic-compatibility",
        "count_tokens": f"{_OLLAMA}/anthropic-compatibility",
    },
    "lmstudio/openai-chat": {
        "json_object": "https://lmstudio.ai/docs/developer/openai-compat/structured-output",
        "forced_tool_choice": "https://lmstudio.ai/docs/developer/openai-compat/tools",
    },
    "vllm/openai-chat": {"reasoning_field": "https://docs.vllm.ai/en/stable/features/reasoning_outputs"},
}


def source(preset: str, protocol: Protocol, quirk: str) -> str | None:
    """The page that says so; None when there is none."""
    for row in (PRESETS.get(f"{preset}/{protocol}"), PRESETS.get(preset), FAMILIES[protocol]):
        if row is not None and quirk in row:
            return row[quirk]
    return None

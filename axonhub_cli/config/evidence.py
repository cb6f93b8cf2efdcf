"""Where each quirk of each preset comes from: the vendor's documentation or code, or a thread in which people met it, and what
it says there.

A row is for a preset (`mistral`), or one protocol of it (`moonshot/anthropic`); what a whole family of servers has in common
stands once, by protocol. Tests hold that no quirk is without a source and no source without a quirk.
"""

from typing import NamedTuple

from ..types.messages import Protocol


class Source(NamedTuple):
    """A page, and what is to be read there, in a few words."""

    page: str
    says: str


_DEEPSEEK = "https://api-docs.deepseek.com"
_DEEPSEEK_MESSAGES = f"{_DEEPSEEK}/guides/anthropic_api"
_DEEPSEEK_THINKING = f"{_DEEPSEEK}/guides/thinking_mode"
_DEEPSEEK_SDK = "https://github.com/vercel/ai/blob/main/packages/deepseek/src/chat/deepseek-chat-language-model.ts"
_KIMI = "https://github.com/api-evangelist/kimi-moonshot/blob/main/openapi/kimi-moonshot-chat-api-openapi.yml"
_KIMI_FIELDS = "https://java.agentscope.io/v2/en/integration/model/kimi"  # lists what Kimi's endpoint takes, field by field
_GLM_FIELDS = "https://java.agentscope.io/v2/en/integration/model/glm"
_GLM_SDK = "https://github.com/vercel/ai/blob/main/packages/zai/src/zai-chat-language-model.ts"
_GLM_KNOBS = "https://docs.rs/crate/opencrabs/0.5.1/source/src/brain/provider/glm_reasoning.rs"
_MISTRAL = "https://github.com/mistralai/client-python/blob/main/src/mistralai/client/models/chatcompletionrequest.py"
_MISTRAL_STRICT = "https://github.com/mistralai/platform-docs-public/issues/7"
_MISTRAL_RULES = "https://github.com/mistralai/mistral-common/blob/main/src/mistral_common/protocol/instruct/validator.py"
_OPENROUTER_MARKS = "https://openrouter.ai/docs/client-sdks/typescript/models/anthropiccachecontroldirective.md"
_OLLAMA_CHAT = "https://docs.ollama.com/api/openai-compatibility"
_OLLAMA_MESSAGES = "https://docs.ollama.com/api/anthropic-compatibility"
_VLLM_MESSAGES = "https://github.com/vllm-project/vllm/blob/main/vllm/entrypoints/anthropic/protocol.py"
_VLLM_INLINE = "https://github.com/vllm-project/vllm/blob/main/vllm/entrypoints/anthropic/inline_system.py"
_CEREBRAS = "https://hexdocs.pm/req_llm/cerebras.html"
_CEREBRAS_FILTER = "https://docs.getbifrost.ai/providers/supported-providers/cerebras"
_CEREBRAS_THINKING = "https://inference-docs.cerebras.ai/capabilities/reasoning"
_MINIMAX_CHAT = "https://platform.minimax.io/docs/api-reference/text-openai-api"
_GROQ_FIELDS = "https://github.com/groq/groq-python/blob/main/src/groq/types/chat/completion_create_params.py"
_GROQ = "https://console.groq.com/docs/reasoning"
_XAI = "https://docs.x.ai/docs/guides/reasoning"
_AFTER_TOOL = "https://github.com/anomalyco/opencode/issues/7488"

FAMILIES: dict[Protocol, dict[str, Source]] = {
    "openai-chat": {
        "max_tokens_field": Source(
            "https://github.com/yazinsai/OpenOats/pull/319", "others than OpenAI and OpenRouter get max_tokens"
        ),
        "developer_role": Source("https://github.com/earendil-works/pi/issues/1048", "unknown variant developer"),
        "late_system": Source(
            "https://github.com/vllm-project/vllm/issues/41114", "400: System message must be at the beginning"
        ),
        "cache_key": Source(_CEREBRAS_FILTER, "prompt_cache_key is taken out: not supported"),
        "service_tier": Source(_CEREBRAS, "service_tier gives a 400"),
        "verbosity": Source(_CEREBRAS_FILTER, "verbosity is taken out"),
        "metadata": Source(_GROQ_FIELDS, "metadata: not currently supported"),
        "documents": Source(_OLLAMA_CHAT, "content is text, images, video"),
    },
    "anthropic": {
        "adaptive": Source(_OLLAMA_MESSAGES, "thinking has a budget, which is not enforced"),
        "late_system": Source(_VLLM_MESSAGES, "a message's role is user or assistant"),
        "hosted_tools": Source(_VLLM_MESSAGES, "a tool is a name, a description, a schema"),
        "service_tier": Source(_DEEPSEEK_MESSAGES, "service_tier: ignored"),
        "documents": Source(_OLLAMA_MESSAGES, "document blocks: not supported"),
    },
    "openai-responses": {
        "native_responses": Source(_OLLAMA_CHAT, "tools are functions, nothing is stored"),
        "cache_key": Source(_OLLAMA_CHAT, "not among the fields of /v1/responses"),
        "service_tier": Source(_OLLAMA_CHAT, "not among the fields of /v1/responses"),
        "verbosity": Source(_OLLAMA_CHAT, "not among the fields of /v1/responses"),
        "metadata": Source(_OLLAMA_CHAT, "not among the fields of /v1/responses"),
        "late_system": Source(
            "https://github.com/raullenchai/Rapid-MLX/issues/1543",
            "Codex sends developer items between turns",
        ),
    },
    "gemini": {
        "image_results": Source(
            "https://ai.google.dev/gemini-api/docs/function-calling#multimodal", "multimodal function responses: Gemini 3 models"
        )
    },
}

_GLM_CHAT = {
    "new_limit": Source(_GLM_FIELDS, "max_tokens is all that it supports"),
    "replay_reasoning": Source("https://docs.z.ai/guides/capabilities/thinking-mode", "reasoning_content goes back unmodified"),
    "efforts": Source(_GLM_KNOBS, "reasoning_effort on a low, high, max ladder"),
    "tool_stream": Source(_GLM_KNOBS, "without tool_stream arguments come in one piece after minutes of silence"),
    "forced_tool_choice": Source(_GLM_FIELDS, "tool_choice is auto only"),
    "none_tool_choice": Source(_GLM_SDK, "only automatic tool selection; for none the tools are left out"),
    "user": Source(_GLM_SDK, "it is user_id"),
    "json_schema": Source(_GLM_SDK, "no structured outputs, JSON mode only"),
    "stream_usage": Source(_GLM_FIELDS, "stream_options is unsupported"),
    "strict_tools": Source(_GLM_FIELDS, "strict is left out of tools"),
    "penalties": Source(_GLM_FIELDS, "penalties are unsupported"),
    "seed": Source(_GLM_SDK, "unsupported, and not sent"),
    "parallel_flag": Source(_GLM_SDK, "unsupported, and not sent"),
}
_CACHE_MARKS = Source("https://github.com/codewandler/llm/releases/tag/v0.20.0", "explicit breakpoints; reads cost a tenth")

PRESETS: dict[str, dict[str, Source]] = {
    "anthropic": {"cache_control": _CACHE_MARKS},
    "deepseek": {
        "replay_reasoning": Source(_DEEPSEEK_THINKING, "with tools, the reasoning of all turns has to be passed back, else 400"),
        "thinks_unasked": Source(_DEEPSEEK_THINKING, "thinking is enabled by default; thinking.type disabled turns it off"),
        "documents": Source(_DEEPSEEK_MESSAGES, "document: not supported"),
        "image_results": Source(_DEEPSEEK_MESSAGES, "several kinds of content in tool results are not supported"),
    },
    "deepseek/openai-chat": {
        "new_limit": Source(_DEEPSEEK_SDK, "the limit is max_tokens"),
        "json_schema": Source(_DEEPSEEK_SDK, "response_format is json_object"),
        "parallel_flag": Source(_DEEPSEEK_SDK, "not among what is sent"),
        "seed": Source(_DEEPSEEK_SDK, "seed: unsupported"),
        "penalties": Source(_DEEPSEEK_THINKING, "not supported while it thinks"),
        "strict_tools": Source(
            "https://docs.rs/crate/adk-model/0.8.0/source/src/deepseek/config.rs", "strict tools are at the beta address only"
        ),
    },
    "deepseek/anthropic": {
        "effort_with_budget": Source(_DEEPSEEK_THINKING, "output_config.effort; thinking is enabled or disabled"),
        "parallel_flag": Source(_DEEPSEEK_MESSAGES, "disable_parallel_tool_use is ignored"),
        "top_k": Source(_DEEPSEEK_MESSAGES, "top_k: ignored"),
    },
    "moonshot": {
        "forced_tool_choice": Source(
            "https://github.com/UKGovernmentBEIS/inspect_ai/pull/5152", "forced choices are incompatible with thinking"
        )
    },
    "moonshot/openai-chat": {
        "replay_reasoning": Source(
            "https://www.librechat.ai/llms.mdx/docs/configuration/librechat_yaml/ai_endpoints/moonshot",
            "reasoning_content is missing in assistant tool call message",
        ),
        "efforts": Source(_KIMI_FIELDS, "reasoning_effort is low, high, or max"),
        "prefill": Source(_KIMI, "partial: true on the last assistant message"),
        "penalties": Source(_KIMI_FIELDS, "fixed by the platform on Kimi models"),
        "seed": Source(_KIMI, "no such parameter"),
        "parallel_flag": Source(_KIMI, "no such parameter"),
        "documents": Source(_KIMI, "content is text, image_url, video_url"),
    },
    **{f"{name}/openai-chat": _GLM_CHAT for name in ("zai", "zai-coding", "zhipu")},
    "openrouter/openai-chat": {
        "reasoning_field": Source("https://openrouter.ai/docs/use-cases/reasoning-tokens", "thinking stands in reasoning")
    },
    "openrouter/anthropic": {
        "cache_control": Source(
            "https://openrouter.ai/docs/client-sdks/typescript/models/anthropiccachecontroldirective.md",
            "on a block: an explicit breakpoint",
        )
    },
    "groq": {
        "reasoning_field": Source(_GROQ, "thinking stands in reasoning"),
        "efforts": Source(_GROQ, "reasoning_effort is low, medium, or high"),
        "logprobs": Source(_GROQ_FIELDS, "not yet supported by any model"),
    },
    "mistral": {
        "new_limit": Source("https://github.com/editor-code-assistant/eca/issues/231", "422: max_completion_tokens is extra"),
        "late_system": Source("https://github.com/MODSetter/SurfSense/issues/287", "system must be the first message"),
        "user_after_tool": Source("https://github.com/BerriAI/litellm/issues/17761", "Unexpected role 'user' after role 'tool'"),
        "prefill": Source("https://socket.dev/npm/package/@ai-sdk/mistral/diff/3.0.52", "prefix: true on the last message"),
        "call_id_length": Source(_MISTRAL_RULES, "alphanumeric with a length of 9"),
        "stream_usage": Source(_MISTRAL, "no stream_options; what is unknown is refused"),
        "reasoning_effort": Source("https://ai-sdk.dev/v7/providers/ai-sdk-providers/mistral", "none or high, on few models"),
        "seed": Source(_MISTRAL, "it is random_seed"),
        "top_k": Source(_MISTRAL, "no such parameter; what is unknown is refused"),
        "logprobs": Source(_MISTRAL, "no such parameters; what is unknown is refused"),
        "user": Source(_MISTRAL, "no such parameter; what is unknown is refused"),
        "unknown_fields": Source(_MISTRAL_STRICT, "422 extra_forbidden for what is unknown"),
        "service_tier": Source(_MISTRAL_STRICT, "422 extra_forbidden for what is unknown"),
        "verbosity": Source(_MISTRAL_STRICT, "422 extra_forbidden for what is unknown"),
    },
    "xai": {
        "efforts": Source(
            "https://newreleases.io/project/github/vercel/ai/release/@ai-sdk%2Fxai@4.0.0-canary.61", "none, low, medium, high"
        )
    },
    "xai/openai-chat": {
        "penalties": Source(_XAI, "reasoning models refuse presencePenalty and frequencyPenalty"),
        "stop": Source(_XAI, "reasoning models refuse stop"),
    },
    "minimax/openai-chat": {
        "penalties": Source(_MINIMAX_CHAT, "penalties are ignored"),
        "json_schema": Source(_MINIMAX_CHAT, "structured output by a schema is not supported"),
        "replay_reasoning": Source(_MINIMAX_CHAT, "the complete message goes into the history"),
        "reasoning_split": Source(_MINIMAX_CHAT, "reasoning_split parts thinking from content"),
    },
    "minimax/anthropic": {
        "top_k": Source(
            "https://platform.minimax.io/docs/api-reference/text-anthropic-api", "top_k and stop_sequences are ignored"
        ),
        "forced_tool_choice": Source(
            "https://platform.minimaxi.com/docs/api-reference/text/api/openapi-chat-anthropic.json", "tool_choice is auto or none"
        ),
        "cache_control": Source(
            "https://platform.minimax.io/docs/api-reference/anthropic-api-compatible-cache", "up to four cache_control marks"
        ),
    },
    "cerebras": {
        "developer_role": Source("https://inference-docs.cerebras.ai/resources/openai", "developer is not exposed"),
        "reasoning_field": Source(_CEREBRAS_THINKING, "thinking stands in reasoning"),
        "efforts": Source(_CEREBRAS_THINKING, "reasoning_effort is low, medium, or high"),
        "penalties": Source(_CEREBRAS, "penalties give a 400"),
        "logprobs": Source(_CEREBRAS, "logit_bias gives a 400"),
        "parallel_flag": Source(_CEREBRAS, "parallel_tool_calls gives a 400"),
    },
    "fireworks/openai-chat": {
        "unknown_fields": Source(
            "https://github.com/vercel/ai/releases/tag/@ai-sdk%2Ffireworks@1.0.50",
            "400 for unknown fields",
        )
    },
    "dashscope/openai-chat": {
        "late_system": Source("https://github.com/can1357/oh-my-pi/issues/958", "strict templates at Dashscope, too")
    },
    "minimax": {"late_system": Source("https://github.com/can1357/oh-my-pi/issues/958", "strict templates at MiniMax, too")},
    "fireworks/anthropic": {
        "metadata": Source("https://docs.fireworks.ai/tools-sdks/anthropic-compatibility", "metadata: not supported")
    },
    "ollama": {
        "forced_tool_choice": Source(_OLLAMA_MESSAGES, "tool_choice: not supported"),
        "none_tool_choice": Source(_OLLAMA_MESSAGES, "disabling tools: not supported"),
        "parallel_flag": Source(_OLLAMA_CHAT, "no such parameter"),
        "efforts": Source(
            "https://github.com/can1357/oh-my-pi/blob/main/packages/catalog/CHANGELOG.md",
            "400 invalid reasoning value: minimal; xhigh becomes max",
        ),
    },
    "ollama/openai-chat": {"reasoning_field": Source(_OLLAMA_CHAT, "thinking stands in reasoning")},
    "ollama/anthropic": {
        "late_system": Source("https://github.com/ollama/ollama/issues/17774", "500 system message must be at the beginning"),
        "metadata": Source(_OLLAMA_MESSAGES, "metadata: not supported"),
        "count_tokens": Source(_OLLAMA_MESSAGES, "count_tokens: not supported"),
    },
    "lmstudio/openai-chat": {
        "user_after_tool": Source(_AFTER_TOOL, "Mistral's templates refuse a user after a tool"),
        "json_object": Source("https://lmstudio.ai/docs/developer/openai-compat/structured-output", "it is json_schema"),
        "named_tool_choice": Source(
            "https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/670", "Invalid tool_choice type: 'object'"
        ),
    },
    "llamacpp/openai-chat": {
        "late_system": Source("https://github.com/QwenLM/Qwen3.8/issues/244", "500 for a later system message"),
        "user_after_tool": Source(_AFTER_TOOL, "Mistral's templates refuse a user after a tool"),
        "named_tool_choice": Source(
            "https://github.com/ggml-org/llama.cpp/blob/master/common/chat.cpp", "tool_choice is auto, none, or required"
        ),
    },
    "vllm/openai-chat": {
        "user_after_tool": Source(_AFTER_TOOL, "Mistral's templates refuse a user after a tool"),
        "reasoning_field": Source(_VLLM_INLINE, "thinking stands in reasoning"),
    },
    "vllm/anthropic": {"none_tool_choice": Source(_VLLM_MESSAGES, "tool_choice is auto, any, or tool")},
    "sglang/openai-chat": {"user_after_tool": Source(_AFTER_TOOL, "Mistral's templates refuse a user after a tool")},
}


def source(preset: str, protocol: Protocol, quirk: str) -> Source | None:
    """The page that says so, and what it says; None when there is none."""
    for row in (PRESETS.get(f"{preset}/{protocol}"), PRESETS.get(preset), FAMILIES[protocol]):
        if row is not None and quirk in row:
            return row[quirk]
    return None

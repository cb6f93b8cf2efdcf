"""The providers that we know, as data: where they are, what they speak, what they refuse, and where that is documented.

A fact stands here once. `sources` are pages about the provider; which page says so of each single quirk stands in `evidence`.
Models are named only where an endpoint lists none. Add a provider by adding an entry; no code knows a name.
"""

from msgspec.structs import replace

from ..types.quirks import Quirks
from .provider import COMPATIBLE, MESSAGES, RESPONSES, Endpoint, Preset, by_protocol, chat_at, messages_at, responses_at

__all__ = ["COMPATIBLE", "PRESETS", "Endpoint", "Preset"]

_VENDORS = (
    Preset(
        name="anthropic",
        title="Anthropic",
        root="https://api.anthropic.com",
        endpoints=by_protocol(messages_at("https://api.anthropic.com", Quirks())),
        env="ANTHROPIC_API_KEY",
        url="https://platform.claude.com/settings/keys",
        sources=("https://docs.claude.com/en/api/overview",),
    ),
    Preset(
        name="openai",
        title="OpenAI",
        root="https://api.openai.com",
        endpoints=by_protocol(
            responses_at("https://api.openai.com/v1", Quirks()), chat_at("https://api.openai.com/v1", Quirks())
        ),
        env="OPENAI_API_KEY",
        url="https://platform.openai.com/api-keys",
        sources=("https://platform.openai.com/docs/api-reference",),
    ),
    Preset(
        name="openai-chat",
        title="OpenAI Chat Completions, or any server that speaks it",
        root="https://api.openai.com",
        endpoints=by_protocol(chat_at("https://api.openai.com/v1", Quirks())),
        env="OPENAI_API_KEY",
        sources=("https://platform.openai.com/docs/api-reference/chat",),
    ),
    Preset(
        name="openai-responses",
        title="OpenAI Responses, or any server that speaks it",
        root="https://api.openai.com",
        endpoints=by_protocol(responses_at("https://api.openai.com/v1", Quirks())),
        env="OPENAI_API_KEY",
        sources=("https://platform.openai.com/docs/api-reference/responses",),
    ),
    Preset(
        name="gemini",
        title="Google Gemini (AI Studio), or any server that speaks its API",
        root="https://generativelanguage.googleapis.com",
        endpoints=by_protocol(
            # Only its third generation takes pictures inside a function's response; beside it every one does.
            Endpoint("gemini", "https://generativelanguage.googleapis.com/v1beta", Quirks(image_results=False), "x-goog-api-key"),
        ),
        env="GEMINI_API_KEY",
        more_env=("GOOGLE_API_KEY",),
        url="https://aistudio.google.com/apikey",
        sources=("https://ai.google.dev/api/generate-content", "https://ai.google.dev/gemini-api/docs/thought-signatures"),
    ),
)

# Vendors of other models. Chat comes first: what they imitate best; Messages where they offer it for coding agents.
_HOSTED = (
    Preset(
        name="deepseek",
        title="DeepSeek",
        root="https://api.deepseek.com",
        endpoints=by_protocol(
            chat_at(
                "https://api.deepseek.com/v1",
                replace(  # thinking is on by default, and tool turns without the reasoning that led to them are refused
                    COMPATIBLE,
                    replay_reasoning=True,
                    efforts=("low", "high", "max"),
                    json_schema=False,
                    images=False,
                    documents=False,
                    image_results=False,
                    parallel_flag=False,
                    seed=False,
                    penalties=False,
                    strict_tools=False,
                    forced_tool_choice_with_thinking=False,
                ),
            ),
            messages_at(
                "https://api.deepseek.com/anthropic",
                replace(
                    MESSAGES, efforts=("low", "high", "max"), images=False, documents=False, image_results=False, top_k=False
                ),
            ),
        ),
        env="DEEPSEEK_API_KEY",
        url="https://platform.deepseek.com/api_keys",
        sources=(
            "https://api-docs.deepseek.com/guides/anthropic_api",
            "https://api-docs.deepseek.com/guides/thinking_mode",
            "https://api-docs.deepseek.com/api/create-chat-completion",
        ),
    ),
    Preset(
        name="moonshot",
        title="Moonshot AI (Kimi)",
        root="https://api.moonshot.ai",
        endpoints=by_protocol(
            chat_at(
                "https://api.moonshot.ai/v1",
                replace(  # a forced tool choice is "incompatible with thinking enabled", and Kimi always thinks
                    COMPATIBLE,
                    max_tokens_field="max_completion_tokens",
                    replay_reasoning=True,
                    efforts=("low", "high", "max"),
                    forced_tool_choice=False,
                    json_schema=False,
                    documents=False,
                    strict_tools=False,
                    penalties=False,
                    seed=False,
                    parallel_flag=False,
                ),
            ),
            messages_at(
                "https://api.moonshot.ai/anthropic",
                replace(MESSAGES, adaptive=True, forced_tool_choice=False, documents=False),  # adaptive: opencode's PR 37696
                "bearer",
            ),
        ),
        env="MOONSHOT_API_KEY",
        url="https://platform.kimi.ai/console/api-keys",
        sources=("https://platform.kimi.ai/docs/api/overview", "https://platform.kimi.ai/docs/api/chat"),
    ),
    *(
        Preset(
            name=name,
            title=title,
            root=root,
            endpoints=by_protocol(
                chat_at(
                    root + path,
                    replace(  # only tool_choice auto; usage comes with the last chunk unasked
                        COMPATIBLE,
                        replay_reasoning=True,
                        forced_tool_choice=False,
                        json_schema=False,
                        documents=False,
                        stream_usage=False,
                        strict_tools=False,
                        penalties=False,
                        seed=False,
                        parallel_flag=False,
                    ),
                ),
                messages_at(root + "/anthropic", replace(MESSAGES, documents=False), "bearer"),
            ),
            env=env,
            url=keys,
            sources=(
                f"{docs}/api-reference/llm/chat-completion",
                f"{docs}/{claude}",
                f"{docs}/guides/capabilities/thinking-mode",
            ),
        )
        for name, title, root, path, env, keys, docs, claude in (
            (
                "zai",
                "Z.ai (GLM), pay as you go",
                "https://api.z.ai/api",
                "/paas/v4",
                "ZAI_API_KEY",
                "https://z.ai/manage-apikey/apikey-list",
                "https://docs.z.ai",
                "devpack/tool/claude",
            ),
            (
                "zai-coding",
                "Z.ai GLM Coding Plan",
                "https://api.z.ai/api",
                "/coding/paas/v4",
                "ZAI_API_KEY",
                "https://z.ai/manage-apikey/apikey-list",
                "https://docs.z.ai",
                "devpack/quick-start",
            ),
            (
                "zhipu",
                "Zhipu (GLM, bigmodel.cn)",
                "https://open.bigmodel.cn/api",
                "/paas/v4",
                "ZHIPUAI_API_KEY",
                "https://bigmodel.cn/usercenter/proj-mgmt/apikeys",
                "https://docs.bigmodel.cn/cn",
                "guide/develop/claude",
            ),
        )
    ),
    Preset(
        name="openrouter",
        title="OpenRouter",
        root="https://openrouter.ai/api",
        endpoints=by_protocol(  # what a model does not take is dropped there, not refused
            chat_at("https://openrouter.ai/api/v1", replace(COMPATIBLE, reasoning_field="reasoning", verbosity=True)),
            messages_at("https://openrouter.ai/api", Quirks(), "bearer"),
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
                replace(COMPATIBLE, max_tokens_field="max_completion_tokens", reasoning_field="reasoning", documents=False),
            ),
        ),
        env="GROQ_API_KEY",
        url="https://console.groq.com/keys",
        sources=("https://console.groq.com/docs/openai", "https://console.groq.com/docs/reasoning"),
    ),
    Preset(
        name="mistral",
        title="Mistral",
        root="https://api.mistral.ai",
        endpoints=by_protocol(
            chat_at(
                "https://api.mistral.ai/v1",
                # Unknown parameters are refused with 422 (`seed` is random_seed there); usage comes unasked.
                replace(
                    COMPATIBLE,
                    stream_usage=False,
                    reasoning_effort=False,
                    seed=False,
                    documents=False,
                    cache_key=True,
                    call_id_length=9,
                ),
            ),
        ),
        env="MISTRAL_API_KEY",
        url="https://console.mistral.ai/api-keys",
        sources=("https://docs.mistral.ai/api", "https://github.com/mistralai/platform-docs-public/issues/7"),
    ),
    Preset(
        name="xai",
        title="xAI (Grok)",
        root="https://api.x.ai",
        endpoints=by_protocol(  # Responses is the main one, Chat is legacy; reasoning models refuse penalties
            responses_at("https://api.x.ai/v1", replace(RESPONSES, efforts=("none", "low", "medium", "high"))),
            chat_at("https://api.x.ai/v1", replace(COMPATIBLE, efforts=("none", "low", "medium", "high"), penalties=False)),
        ),
        env="XAI_API_KEY",
        url="https://console.x.ai",
        sources=("https://docs.x.ai/developers/model-capabilities/text/comparison", "https://docs.x.ai/docs/guides/reasoning"),
    ),
    Preset(
        name="minimax",
        title="MiniMax",
        root="https://api.minimax.io",
        endpoints=by_protocol(
            messages_at("https://api.minimax.io/anthropic", replace(MESSAGES, top_k=False, documents=False), "bearer"),
            chat_at("https://api.minimax.io/v1", replace(COMPATIBLE, replay_reasoning=True, penalties=False, documents=False)),
        ),
        env="MINIMAX_API_KEY",
        url="https://platform.minimax.io/user-center/basic-information/interface-key",
        sources=(
            "https://platform.minimax.io/docs/api-reference/text-anthropic-api",
            "https://platform.minimax.io/docs/api-reference/text-openai-api",
        ),
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
                    penalties=False,
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
            chat_at("https://api.fireworks.ai/inference/v1", replace(COMPATIBLE, documents=False)),
            messages_at("https://api.fireworks.ai/inference", replace(MESSAGES, metadata=False, documents=False), "bearer"),
        ),
        env="FIREWORKS_API_KEY",
        url="https://app.fireworks.ai/settings/users/api-keys",
        sources=(
            "https://docs.fireworks.ai/tools-sdks/openai-compatibility",
            "https://docs.fireworks.ai/tools-sdks/anthropic-compatibility",
        ),
    ),
    Preset(
        name="azure",
        title="Azure OpenAI (v1 API); models are your deployments",
        root="https://resource.openai.azure.com",
        endpoints=by_protocol(
            responses_at("https://resource.openai.azure.com/openai/v1", Quirks()),
            chat_at("https://resource.openai.azure.com/openai/v1", Quirks()),
        ),
        env="AZURE_OPENAI_API_KEY",
        moves=True,
        url="https://ai.azure.com",
        sources=("https://learn.microsoft.com/en-us/azure/foundry/openai/api-version-lifecycle",),
    ),
    Preset(
        name="axonhub",
        title="An AxonHub server (the multi-user gateway)",
        root="http://localhost:8090",
        endpoints=by_protocol(
            messages_at("http://localhost:8090/anthropic", Quirks()),
            responses_at("http://localhost:8090/v1", Quirks()),
            chat_at("http://localhost:8090/v1", Quirks()),
        ),
        env="AXONHUB_API_KEY",
        sources=("https://github.com/looplj/axonhub",),
    ),
)


def _own_machine(name: str, title: str, port: int, sources: tuple[str, ...], chat: Quirks, messages: Quirks = MESSAGES) -> Preset:
    """A model server on this machine; all of these speak three protocols on one port and need no key."""
    root = f"http://127.0.0.1:{port}"
    served = by_protocol(chat_at(f"{root}/v1", chat), messages_at(root, messages), responses_at(f"{root}/v1"))
    return Preset(name=name, title=title, root=root, endpoints=served, local=True, sources=sources)


_LOCAL = (
    _own_machine(
        "ollama", "Ollama", 11434,
        ("https://docs.ollama.com/api/openai-compatibility", "https://docs.ollama.com/api/anthropic-compatibility"),
        # It ignores tool_choice, prompt caching and documents.
        replace(COMPATIBLE, reasoning_field="reasoning", forced_tool_choice=False, parallel_flag=False, documents=False),
        replace(
            MESSAGES, forced_tool_choice=False, parallel_flag=False, metadata=False, documents=False, count_tokens=False
        ),
    ),
    _own_machine(
        "lmstudio", "LM Studio", 1234,
        ("https://lmstudio.ai/docs/developer/openai-compat", "https://lmstudio.ai/docs/developer/anthropic-compat"),
        # response_format knows json_schema and text only; tool_choice as an object is refused.
        replace(COMPATIBLE, json_object=False, forced_tool_choice=False, documents=False),
    ),
    _own_machine(
        "llamacpp", "llama.cpp server", 8080,
        ("https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md", "https://github.com/ggml-org/llama.cpp/pull/17570"),
        replace(COMPATIBLE, documents=False),
        replace(MESSAGES, documents=False),
    ),
    _own_machine(
        "vllm", "vLLM", 8000,
        ("https://docs.vllm.ai/en/stable/serving/online_serving", "https://docs.vllm.ai/en/stable/features/reasoning_outputs"),
        replace(COMPATIBLE, reasoning_field="reasoning", documents=False),
        replace(MESSAGES, documents=False),
    ),
)  # fmt: skip

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (*_VENDORS, *_HOSTED, *_LOCAL)}

"""The providers that we know, as data: where they are, what they speak, what they refuse, and where that is documented.

A fact stands here once. `sources` are pages about the provider; which page says so of each single quirk stands in `evidence`.
Models are named only where an endpoint lists none. Add a provider by adding an entry; no code knows a name.
"""

from msgspec.structs import replace

from ..types.quirks import Quirks
from .model_hosts import HOSTS
from .model_servers import SERVERS
from .provider import COMPATIBLE, MESSAGES, RESPONSES, Endpoint, Preset, by_protocol, chat_at, messages_at, responses_at

__all__ = ["COMPATIBLE", "PRESETS", "Endpoint", "Preset"]

_VENDORS = (
    Preset(
        name="anthropic",
        title="Anthropic",
        root="https://api.anthropic.com",
        # Nothing is cached without marks, and clients of other protocols set none.
        endpoints=by_protocol(messages_at("https://api.anthropic.com", Quirks(cache_control=True))),
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
                replace(  # it thinks by default; it maps every effort itself; its text models see a placeholder for an image
                    COMPATIBLE,
                    new_limit=False,
                    late_system=True,
                    replay_reasoning=True,
                    thinks_unasked=True,
                    json_schema=False,
                    documents=False,
                    image_results=False,
                    parallel_flag=False,
                    seed=False,
                    penalties=False,
                    strict_tools=False,
                ),
            ),
            messages_at(
                "https://api.deepseek.com/anthropic",
                replace(
                    MESSAGES,
                    effort_with_budget=True,
                    replay_reasoning=True,
                    thinks_unasked=True,
                    parallel_flag=False,
                    documents=False,
                    image_results=False,
                    top_k=False,
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
                replace(  # a forced tool choice is "incompatible with thinking enabled", and most of Kimi's models always think
                    COMPATIBLE,
                    max_tokens_field="max_completion_tokens",
                    replay_reasoning=True,
                    efforts=("low", "high", "max"),
                    prefill="partial",
                    forced_tool_choice=False,
                    cache_key=True,
                    documents=False,
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
                        new_limit=False,
                        replay_reasoning=True,
                        efforts=("low", "high", "max"),
                        tool_stream=True,
                        forced_tool_choice=False,
                        none_tool_choice=False,
                        json_schema=False,
                        documents=False,
                        stream_usage=False,
                        user=False,
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
        name="mistral",
        title="Mistral",
        root="https://api.mistral.ai",
        endpoints=by_protocol(
            chat_at(
                "https://api.mistral.ai/v1",
                # Unknown parameters are refused with 422 (`seed` is random_seed there); usage comes unasked. Few models take an
                # effort, and those know none and high.
                replace(
                    COMPATIBLE,
                    new_limit=False,
                    user_after_tool=False,
                    prefill="prefix",
                    stream_usage=False,
                    reasoning_effort=False,
                    top_k=False,
                    seed=False,
                    user=False,
                    logprobs=False,
                    unknown_fields=False,
                    documents=False,
                    cache_key=True,
                    metadata=True,
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
            responses_at("https://api.x.ai/v1", replace(RESPONSES, efforts=("none", "low", "medium", "high"), cache_key=True)),
            chat_at(
                "https://api.x.ai/v1", replace(COMPATIBLE, efforts=("none", "low", "medium", "high"), penalties=False, stop=False)
            ),
        ),
        env="XAI_API_KEY",
        url="https://console.x.ai",
        sources=("https://docs.x.ai/developers/model-capabilities/text/comparison", "https://docs.x.ai/docs/guides/reasoning"),
    ),
    Preset(
        name="dashscope",
        title="Alibaba Cloud Model Studio (Qwen), international",
        root="https://dashscope-intl.aliyuncs.com",
        endpoints=by_protocol(
            chat_at("https://dashscope-intl.aliyuncs.com/compatible-mode/v1", replace(COMPATIBLE, documents=False)),
            messages_at("https://dashscope-intl.aliyuncs.com/apps/anthropic", replace(MESSAGES, documents=False)),
        ),
        env="DASHSCOPE_API_KEY",
        url="https://bailian.console.aliyun.com",
        sources=(
            "https://www.alibabacloud.com/help/en/model-studio/claude-code",
            "https://www.alibabacloud.com/help/en/model-studio/anthropic-api-messages",
        ),
    ),
    Preset(
        name="minimax",
        title="MiniMax",
        root="https://api.minimax.io",
        endpoints=by_protocol(
            messages_at(
                "https://api.minimax.io/anthropic",
                replace(MESSAGES, forced_tool_choice=False, cache_control=True, top_k=False, documents=False),
                "bearer",
            ),
            chat_at(  # unasked, thinking stands in the answer, between <think> tags
                "https://api.minimax.io/v1",
                replace(
                    COMPATIBLE, reasoning_split=True, replay_reasoning=True, json_schema=False, penalties=False, documents=False
                ),
            ),
        ),
        env="MINIMAX_API_KEY",
        url="https://platform.minimax.io/user-center/basic-information/interface-key",
        sources=(
            "https://platform.minimax.io/docs/api-reference/text-anthropic-api",
            "https://platform.minimax.io/docs/api-reference/text-openai-api",
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


PRESETS: dict[str, Preset] = {preset.name: preset for preset in (*_VENDORS, *_HOSTED, *HOSTS, *SERVERS)}

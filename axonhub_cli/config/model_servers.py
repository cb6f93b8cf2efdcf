"""The model servers that people run on their own machine, as data (`provider`); the page for each quirk stands in `evidence`.

They serve any model, so what they refuse is mostly what the models' own templates refuse: a second system message, a user's
message right after a tool's. What one model takes more, `axonhub channel test --deep` or `quirks` in the configuration says.
"""

from msgspec.structs import replace

from ..types.quirks import Quirks
from .provider import COMPATIBLE, MESSAGES, RESPONSES, Preset, by_protocol, chat_at, messages_at, responses_at

# Codex sends developer messages among the others, which a model's template may refuse.
_LOCAL_RESPONSES = replace(RESPONSES, late_system=False)
_OLLAMA_EFFORTS = ("none", "low", "medium", "high", "max")


def _own_machine(
    name: str,
    title: str,
    port: int,
    sources: tuple[str, ...],
    chat: Quirks,
    messages: Quirks,
    responses: Quirks | None = _LOCAL_RESPONSES,
) -> Preset:
    """A model server on this machine; each speaks several protocols on one port and needs no key."""
    root = f"http://127.0.0.1:{port}"
    served = [chat_at(f"{root}/v1", chat), messages_at(root, messages)]
    if responses is not None:
        served.append(responses_at(f"{root}/v1", responses))
    return Preset(name=name, title=title, root=root, endpoints=by_protocol(*served), local=True, sources=sources)


SERVERS = (
    _own_machine(
        "ollama", "Ollama", 11434,
        ("https://docs.ollama.com/api/openai-compatibility", "https://docs.ollama.com/api/anthropic-compatibility"),
        # It ignores tool_choice, prompt caching and documents.
        replace(
            COMPATIBLE, reasoning_field="reasoning", efforts=_OLLAMA_EFFORTS, forced_tool_choice=False, none_tool_choice=False,
            parallel_flag=False, documents=False,
        ),
        replace(
            MESSAGES, forced_tool_choice=False, none_tool_choice=False, parallel_flag=False, metadata=False, documents=False,
            count_tokens=False,
        ),
        replace(_LOCAL_RESPONSES, efforts=_OLLAMA_EFFORTS),
    ),
    _own_machine(
        "lmstudio", "LM Studio", 1234,
        ("https://lmstudio.ai/docs/developer/openai-compat", "https://lmstudio.ai/docs/developer/anthropic-compat"),
        # response_format knows json_schema and text only; tool_choice as an object is refused.
        replace(COMPATIBLE, user_after_tool=False, json_object=False, named_tool_choice=False, documents=False),
        MESSAGES,
    ),
    _own_machine(
        "llamacpp", "llama.cpp server", 8080,
        ("https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md", "https://github.com/ggml-org/llama.cpp/pull/17570"),
        replace(COMPATIBLE, user_after_tool=False, named_tool_choice=False, documents=False),
        replace(MESSAGES, documents=False),
    ),
    _own_machine(
        "vllm", "vLLM", 8000,
        ("https://docs.vllm.ai/en/stable/serving/online_serving", "https://docs.vllm.ai/en/stable/features/reasoning_outputs"),
        replace(COMPATIBLE, user_after_tool=False, reasoning_field="reasoning", documents=False),
        replace(MESSAGES, none_tool_choice=False, documents=False),
    ),
    _own_machine(
        "sglang", "SGLang", 30000,
        ("https://docs.sglang.io/docs/basic_usage/anthropic_api",),
        replace(COMPATIBLE, user_after_tool=False, documents=False),
        replace(MESSAGES, documents=False),
        None,
    ),
)  # fmt: skip

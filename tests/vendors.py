"""Upstreams as strict as the real ones, as judges: each says what of a request's body it would refuse, None when it takes all.

The rules are those that the vendors' own validators and templates apply; where each is to be read stands in `config.evidence`.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

Body = dict[str, Any]
Judge = Callable[[Body], "str | None"]

_MISTRAL_FIELDS = {
    "model", "messages", "temperature", "top_p", "max_tokens", "stream", "stop", "random_seed", "metadata", "response_format",
    "tools", "tool_choice", "presence_penalty", "frequency_penalty", "n", "prediction", "parallel_tool_calls", "reasoning_effort",
    "prompt_mode", "guardrails", "prompt_cache_key", "safe_prompt",
}  # fmt: skip
_MAY_FOLLOW = {
    "": {"system", "user"}, "system": {"user", "assistant"}, "user": {"user", "assistant"}, "assistant": {"user", "tool"},
    "tool": {"tool", "assistant"},
}  # fmt: skip


def mistral(body: Body) -> str | None:
    """422 for what is unknown, 3230 for roles out of order, 400 for ids and for an answer begun without `prefix`."""
    unknown = sorted(body.keys() - _MISTRAL_FIELDS)
    if unknown:
        return f"extra_forbidden: {unknown}"
    before = ""
    for message in body["messages"]:
        if message["role"] not in _MAY_FOLLOW[before]:
            return f"Unexpected role '{message['role']}' after role '{before}'"
        before = message["role"]
        ids = [call["id"] for call in message.get("tool_calls", ())] + [message.get("tool_call_id", "a23456789")]
        if any(len(each) != 9 or not each.isalnum() for each in ids):
            return f"a tool call's id of another form: {ids}"
    last = body["messages"][-1]
    return "Expected last role User or Tool" if last["role"] == "assistant" and not last.get("prefix") else None


def template(body: Body) -> str | None:
    """What the templates of local models refuse: other system messages than the first, a user's message after a tool's."""
    roles = [message["role"] for message in body["messages"]]
    if set(roles) - {"system", "user", "assistant", "tool"}:
        return f"Unexpected message role: {roles}"
    if "system" in roles[1:]:
        return "System message must be at the beginning."
    if ("tool", "user") in pairwise(roles):
        return "Unexpected role 'user' after role 'tool'"
    return None if isinstance(body.get("tool_choice", "auto"), str) else "Invalid tool_choice type: 'object'"


def deepseek(body: Body) -> str | None:
    """Chat: roles, JSON mode, thinking that was not given back, a forced tool while it thinks."""
    thinks = body.get("thinking", {}).get("type") != "disabled"
    for message in body["messages"]:
        if message["role"] not in ("system", "user", "assistant", "tool"):
            return f"unknown variant `{message['role']}`"
        if (
            message["role"] == "assistant"
            and thinks
            and body.get("tools")
            and not isinstance(message.get("reasoning_content"), str)
        ):
            return "The `reasoning_content` in the thinking mode must be passed back to the API."
    if thinks and body.get("tool_choice", "auto") not in ("auto", "none"):
        return "Thinking mode does not support this tool_choice"
    return (
        "This response_format type is unavailable now" if body.get("response_format", {}).get("type") == "json_schema" else None
    )


def deepseek_messages(body: Body) -> str | None:
    """Messages: roles, thinking that was not given back, a forced tool while it thinks, documents."""
    thinks = body.get("thinking", {}).get("type") != "disabled"
    for message in body["messages"]:
        blocks = message["content"] if isinstance(message["content"], list) else []
        kinds = {block["type"] for block in blocks}
        if message["role"] not in ("user", "assistant"):
            return f"unknown variant `{message['role']}`"
        if "document" in kinds or "redacted_thinking" in kinds:
            return f"unsupported content: {kinds}"
        if thinks and "tool_use" in kinds and "thinking" not in kinds:
            return "The `content[].thinking` in the thinking mode must be passed back to the API."
    if body.get("thinking", {}).get("type") == "adaptive":
        return "unknown variant `adaptive`"
    if thinks and body.get("tool_choice", {}).get("type") in ("any", "tool"):
        return "deepseek-reasoner does not support this tool_choice"
    return None


def glm(body: Body) -> str | None:
    """Chat: no choice among the tools but auto, no JSON schema, and nobody asks for usage."""
    if body.get("tool_choice", "auto") != "auto":
        return "tool_choice: auto only"
    if body.get("response_format", {}).get("type") == "json_schema":
        return "response_format: text or json_object"
    refused = sorted({"stream_options", "seed", "user", "presence_penalty", "frequency_penalty"} & body.keys())
    return f"unsupported: {refused}" if refused else None


# (preset, protocol) -> what its endpoint would say
JUDGES: dict[tuple[str, str], Judge] = {
    ("mistral", "openai-chat"): mistral,
    ("deepseek", "openai-chat"): deepseek,
    ("deepseek", "anthropic"): deepseek_messages,
    ("zai", "openai-chat"): glm,
    ("llamacpp", "openai-chat"): template,
    ("lmstudio", "openai-chat"): template,
    ("vllm", "openai-chat"): lambda body: template({**body, "tool_choice": "auto"}),
}

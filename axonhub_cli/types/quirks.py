"""What a particular upstream refuses or needs, as data. Presets set it, codecs and `protocols.adapt` obey it.

The defaults are those of the protocol's own vendor; a preset names only what differs. Nothing here is a vendor's name: code
asks for a fact, never for who it is.
"""

from typing import Literal

from msgspec import Struct

from .messages import Protocol


class Quirks(Struct, frozen=True, kw_only=True):
    """Facts about one channel's endpoint; `MEANINGS` says what each is."""

    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_completion_tokens"
    new_limit: bool = True
    max_output_tokens: int | None = None
    default_max_tokens: int = 32000
    developer_role: bool = True
    late_system: bool = True
    user_after_tool: bool = True
    prefill: str = ""
    stream_usage: bool = True
    reasoning_field: Literal["reasoning_content", "reasoning"] = "reasoning_content"
    reasoning_split: bool = False
    replay_reasoning: bool = False
    reasoning_effort: bool = True
    efforts: tuple[str, ...] = ()
    thinking: bool = True
    thinks_unasked: bool = False
    adaptive: bool = True
    effort_with_budget: bool = False
    forced_tool_choice: bool = True
    forced_tool_choice_with_thinking: bool = False
    named_tool_choice: bool = True
    none_tool_choice: bool = True
    parallel_flag: bool = True
    tool_stream: bool = False
    json_schema: bool = True
    json_object: bool = True
    images: bool = True
    documents: bool = True
    image_results: bool = True
    cache_key: bool = True
    cache_control: bool = False
    tool_name_limit: int = 64
    call_id_length: int = 0
    plain_schemas: bool = True
    count_tokens: bool = True
    hosted_tools: bool = True
    strict_tools: bool = True
    stop: bool = True
    top_k: bool = True
    seed: bool = True
    penalties: bool = True
    logprobs: bool = True
    service_tier: bool = True
    verbosity: bool = True
    metadata: bool = True
    user: bool = True
    unknown_fields: bool = True
    native_responses: bool = True


MEANINGS: dict[str, str] = {
    "max_tokens_field": "Chat: the name of the output limit",
    "new_limit": "Chat: knows max_completion_tokens from clients that say it; else it is renamed",
    "max_output_tokens": "the largest output limit that it accepts",
    "default_max_tokens": "Messages: the output limit for clients that name none",
    "developer_role": "takes the role developer; else system",
    "late_system": "takes system messages after the first; else they are joined to it, or become user text in place",
    "user_after_tool": "Chat: takes a user message right after a tool's; else reminders join the result, and the assistant "
    "says OK before other words",
    "prefill": "Chat: the key that marks a last assistant message as the answer's beginning",
    "stream_usage": "Chat: understands stream_options.include_usage",
    "reasoning_field": "Chat: where thinking stands in messages",
    "reasoning_split": "Chat: gives thinking apart from the answer only when asked with reasoning_split",
    "replay_reasoning": "wants thinking back in the history, an empty one where it is lost",
    "reasoning_effort": "takes an effort",
    "efforts": "the efforts that it knows, in rising order; none named: any",
    "thinking": "Messages, Gemini: takes thinking",
    "thinks_unasked": "thinks unless thinking.type is disabled, which Chat has there, too",
    "adaptive": "Messages: takes adaptive thinking and output_config.effort",
    "effort_with_budget": "Messages: takes output_config.effort, though no adaptive thinking",
    "forced_tool_choice": "can be made to use a tool; else auto",
    "forced_tool_choice_with_thinking": "and that while it thinks; else thinking pauses",
    "named_tool_choice": "can be made to use one tool by its name; else that tool is offered alone, and one has to be used",
    "none_tool_choice": "can be told to use no tool; else tools are left out",
    "parallel_flag": "has a switch against several tool calls at once",
    "tool_stream": "Chat: streams the arguments of calls only when asked with tool_stream",
    "json_schema": "takes a JSON schema for its answer; else it is asked in words",
    "json_object": "has a JSON mode; else it is asked in words",
    "images": "takes images; else a text says that there was one",
    "documents": "takes documents (PDF); else a text says that there was one",
    "image_results": "takes images in tool results; else they follow in a user message",
    "cache_key": "takes prompt_cache_key",
    "cache_control": "Messages: wants cache marks from clients that set none",
    "tool_name_limit": "the longest name of a tool; longer ones are shortened, and restored in answers",
    "call_id_length": "ids of tool calls are exactly so many letters and digits; 0: any ids",
    "plain_schemas": "Gemini: takes JSON schema as it is",
    "count_tokens": "Messages, Gemini: counts tokens; else they are estimated",
    "hosted_tools": "Messages: runs the vendor's own tools, such as web search",
    "strict_tools": "takes strict on a tool",
    "stop": "Chat: takes stop sequences",
    "top_k": "takes top_k",
    "seed": "takes seed",
    "penalties": "takes presence_penalty and frequency_penalty",
    "logprobs": "Chat: takes logprobs, top_logprobs, and logit_bias",
    "service_tier": "takes service_tier",
    "verbosity": "takes verbosity",
    "metadata": "takes metadata",
    "user": "Chat: takes user",
    "unknown_fields": "Chat: passes over parameters that it lacks; else they leave Chat clients' requests, too",
    "native_responses": "Responses: understands custom tools, namespaces, item ids, encrypted reasoning",
}

_SPOKEN: dict[str, Protocol] = {
    "Chat": "openai-chat", "Messages": "anthropic", "Responses": "openai-responses", "Gemini": "gemini"
}  # fmt: skip


def concerns(quirk: str, protocol: Protocol) -> bool:
    """Whether a quirk means anything to an endpoint of this protocol: its meaning begins with those that it is about."""
    head, colon, _ = MEANINGS[quirk].partition(": ")
    about = [_SPOKEN.get(word) for word in head.split(", ")] if colon else [None]
    return None in about or protocol in about

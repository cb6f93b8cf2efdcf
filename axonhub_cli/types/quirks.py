"""What a particular upstream refuses or needs, as data. Presets set it, codecs and `protocols.adapt` obey it.

The defaults are those of the protocol's own vendor; a preset names only what differs. Nothing here is a vendor's name: code
asks for a fact, never for who it is.
"""

from typing import Literal

from msgspec import Struct


class Quirks(Struct, frozen=True, kw_only=True):
    """Facts about one channel's endpoint.

    max_tokens_field       Chat's name for the output limit
    max_output_tokens      the largest limit it accepts, None when unknown
    default_max_tokens     what Anthropic's required max_tokens becomes when the client named none
    developer_role         accepts role `developer` (else it becomes `system`)
    late_system            accepts system messages after the first user message (else they become user text)
    stream_usage           understands stream_options.include_usage
    reasoning_field        Chat's field for thinking in messages and deltas
    replay_reasoning       wants it back in the history, at least on tool turns
    reasoning_effort       takes an effort; `efforts` are the values it knows, in rising order (empty: any)
    thinking               Anthropic: takes `thinking`; `adaptive` its adaptive mode and output_config.effort
    forced_tool_choice     takes required / a named tool (`with_thinking`: also while thinking)
    parallel_flag          takes parallel_tool_calls / disable_parallel_tool_use
    json_schema, json      structured output it takes
    images, documents      input media it takes; image_results: images inside tool results
    cache_key              takes prompt_cache_key
    cache_control          wants Anthropic cache marks from clients that send none
    tool_name_limit        longest tool name
    call_id_length         ids of tool calls are exactly so many letters and digits (0: any ids)
    plain_schemas          Gemini: takes JSON schema as it is (parametersJsonSchema), not only in its own dialect
    count_tokens           Anthropic, Gemini: has a counter for tokens
    hosted_tools           Anthropic: runs the vendor's own tools (web search)
    strict_tools           takes `strict` on a function
    top_k, seed, penalties, service_tier, verbosity, metadata    takes that parameter
    native_responses       Responses: custom tools, namespaces, item ids, encrypted reasoning are understood
    """

    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_completion_tokens"
    max_output_tokens: int | None = None
    default_max_tokens: int = 32000
    developer_role: bool = True
    late_system: bool = True
    stream_usage: bool = True
    reasoning_field: Literal["reasoning_content", "reasoning"] = "reasoning_content"
    replay_reasoning: bool = False
    reasoning_effort: bool = True
    efforts: tuple[str, ...] = ()
    thinking: bool = True
    adaptive: bool = True
    forced_tool_choice: bool = True
    forced_tool_choice_with_thinking: bool = False
    parallel_flag: bool = True
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
    top_k: bool = True
    seed: bool = True
    penalties: bool = True
    service_tier: bool = True
    verbosity: bool = True
    metadata: bool = True
    native_responses: bool = True

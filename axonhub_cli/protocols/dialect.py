"""What becomes of a request on the lanes of one protocol: whether an endpoint takes it as it is, and what is cut off if it does.

An endpoint that imitates a protocol speaks a smaller or older dialect of it (`Quirks`). What it refuses in the conversation, in
tools or in the form of the answer has to be converted; a parameter that it does not have is only taken out of the bytes, and goes
on the receipt. The body is looked into only where a quirk asks.
"""

import re
from itertools import pairwise
from typing import Any

from ..types.quirks import Quirks
from .base import Losses
from .body import ClientBody
from .refusals import STATE
from .tools import legal_id

# Parameters of Chat that the model has no names for: OpenAI's own, kept where unknown ones are passed over; tokens' odds.
OPENAI_ONLY = ("store", "safety_identifier", "modalities", "audio", "web_search_options", "prompt_cache_retention", "moderation")
LOGPROBS = ("logit_bias", "logprobs", "top_logprobs")
_PARAMETERS: dict[str, dict[str, tuple[str, ...]]] = {  # by protocol: quirk -> the parameters that it is about
    "openai-chat": {
        "parallel_flag": ("parallel_tool_calls",),
        "stream_usage": ("stream_options",),
        "reasoning_effort": ("reasoning_effort",),
        "penalties": ("presence_penalty", "frequency_penalty"),
        "logprobs": LOGPROBS,
        **{name: (name,) for name in ("seed", "stop", "user", "top_k")},
    },
    "anthropic": {name: (name,) for name in ("metadata", "top_k")},
}
# What imitators merely pass over, for all we know, stays the client's own business, except where unknown parameters are refused.
_PASSED_OVER = {"cache_key": ("prompt_cache_key",), **{name: (name,) for name in ("service_tier", "verbosity", "metadata")}}
_MEDIA: dict[str, tuple[bytes, bytes]] = {  # how a request says: here is an image, a document
    "anthropic": (b"image", b"document"),
    "openai-chat": (b"image_url", b"file"),
    "openai-responses": (b"input_image", b"input_file"),
}
_SYSTEM = frozenset({"system", "developer"})


def takes(protocol: str, body: ClientBody, quirks: Quirks) -> bool:
    """Whether an endpoint of the client's own protocol takes this conversation as it is."""
    if (not quirks.images and _shows(protocol, body.data, 0)) or (not quirks.documents and _shows(protocol, body.data, 1)):
        return False  # one of them in the history would have every further request refused
    if not _chooses(body, quirks):
        return False
    if protocol == "openai-responses":
        return _takes_responses(body, quirks)
    if protocol == "anthropic":
        return _takes_messages(body, quirks)
    return protocol != "openai-chat" or _takes_chat(body, quirks)


def trimmed(protocol: str, body: ClientBody, quirks: Quirks, losses: Losses) -> dict[str, Any]:
    """The parameters to take out (None) or to name otherwise, so that the endpoint takes the rest; each is on the receipt."""
    changes: dict[str, Any] = {}
    strict = {} if quirks.unknown_fields else _PASSED_OVER | {"unknown_fields": OPENAI_ONLY}
    for quirk, names in (_PARAMETERS.get(protocol, {}) | strict).items():
        if getattr(quirks, quirk):
            continue
        for name in names:
            if body.get(name) is not None:
                changes[name] = None
                losses.drop(name, "the upstream has no such parameter")
    limit = body.get("max_completion_tokens") if protocol == "openai-chat" and not quirks.new_limit else None
    if limit is not None:
        changes |= {"max_completion_tokens": None, "max_tokens": limit}
        losses.rename("max_completion_tokens", "the upstream calls it max_tokens")
    return changes


def _chooses(body: ClientBody, quirks: Quirks) -> bool:
    """Whether it takes the choice among the tools: a word in Chat and Responses, or an object with a type."""
    if quirks.forced_tool_choice and quirks.named_tool_choice and quirks.none_tool_choice and not quirks.thinks_unasked:
        return True
    choice = body.get("tool_choice")
    kind = choice.get("type") if isinstance(choice, dict) else choice
    if kind == "none":
        return quirks.none_tool_choice
    if kind not in ("required", "any", "tool", "function", "custom"):
        return True
    if quirks.thinks_unasked and not quirks.forced_tool_choice_with_thinking:
        return False
    return quirks.forced_tool_choice and (quirks.named_tool_choice or kind in ("required", "any"))


def _takes_responses(body: ClientBody, quirks: Quirks) -> bool:
    if not quirks.late_system and not _SYSTEM.isdisjoint(body.roles):
        return False
    reasoning = body.get("reasoning") if quirks.efforts else None
    if isinstance(reasoning, dict) and not _knows(reasoning.get("effort"), quirks):
        return False
    return quirks.native_responses or not _needs_native_responses(body.fields)


def _knows(effort: Any, quirks: Quirks) -> bool:
    return effort is None or not quirks.efforts or effort in quirks.efforts


def _takes_messages(body: ClientBody, quirks: Quirks) -> bool:
    if not quirks.late_system and "system" in body.roles:
        return False
    if not quirks.adaptive and _is_adaptive(body.fields):
        return False
    return not quirks.replay_reasoning or not _has_lost_thinking(body.fields)


def _takes_chat(body: ClientBody, quirks: Quirks) -> bool:
    if not quirks.developer_role and "developer" in body.roles:
        return False
    if not quirks.late_system and not _SYSTEM.isdisjoint(body.roles[1:]):
        return False
    if not (quirks.json_schema and quirks.json_object) and not _answers_in(body.get("response_format"), quirks):
        return False
    if quirks.efforts and quirks.reasoning_effort and not _knows(body.get("reasoning_effort"), quirks):
        return False
    if not quirks.user_after_tool and ("tool", "user") in pairwise(body.roles):
        return False
    if quirks.prefill and _is_begun(body.last("messages"), quirks.prefill):
        return False
    return not quirks.call_id_length or _all_ids_legal(body.fields, quirks.call_id_length)


def _answers_in(form: Any, quirks: Quirks) -> bool:
    kind = form.get("type") if isinstance(form, dict) else None
    return (kind != "json_schema" or quirks.json_schema) and (kind != "json_object" or quirks.json_object)


def _is_begun(last: Any, mark: str) -> bool:
    """Whether the last message is the beginning of the answer, and does not say so."""
    return isinstance(last, dict) and last.get("role") == "assistant" and not last.get("tool_calls") and mark not in last


def _shows(protocol: str, data: bytes, kind: int) -> bool:
    word = _MEDIA[protocol][kind] if protocol in _MEDIA else b""
    return bool(word) and b'"%b"' % word in data and re.search(rb'"type"\s*:\s*"%b"' % word, data) is not None


def _all_ids_legal(fields: dict[str, Any], length: int) -> bool:
    """Whether the history's tool calls have ids that the endpoint takes: they may come from another vendor's answers."""
    messages = fields.get("messages")
    ids = [message.get("tool_call_id") for message in messages if isinstance(message, dict)] if isinstance(messages, list) else []
    return all(not isinstance(call_id, str) or legal_id(call_id, length) for call_id in ids)


def _needs_native_responses(fields: dict[str, Any]) -> bool:
    tools = fields.get("tools")
    if isinstance(tools, list) and any(not isinstance(tool, dict) or tool.get("type") != "function" for tool in tools):
        return True
    if any(fields.get(key) for key in STATE):
        return True
    items = fields.get("input")
    plain = ("message", "function_call", "function_call_output", "reasoning")
    return isinstance(items, list) and any(isinstance(item, dict) and item.get("type", "message") not in plain for item in items)


def _is_adaptive(fields: dict[str, Any]) -> bool:
    thinking = fields.get("thinking")
    tools = fields.get("tools")
    deferred = isinstance(tools, list) and any(isinstance(tool, dict) and tool.get("defer_loading") for tool in tools)
    return deferred or "output_config" in fields or (isinstance(thinking, dict) and thinking.get("type") == "adaptive")


def _has_lost_thinking(fields: dict[str, Any]) -> bool:
    """Whether a turn with tool calls has no thinking in it, where the endpoint wants it back."""
    thinking, messages = fields.get("thinking"), fields.get("messages")
    if not isinstance(messages, list) or (isinstance(thinking, dict) and thinking.get("type") == "disabled"):
        return False
    turns = [m.get("content") for m in messages if isinstance(m, dict) and m.get("role") == "assistant"]
    kinds = [{block.get("type") for block in turn if isinstance(block, dict)} for turn in turns if isinstance(turn, list)]
    return any("tool_use" in found and "thinking" not in found for found in kinds)

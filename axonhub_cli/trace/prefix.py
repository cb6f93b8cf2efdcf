"""What a prompt cache knows of a request: its tools, its system prompt, the settings that are part of its key, and its messages.

One form for the bodies of all protocols. What no cache looks at is left out: marks, Claude Code's billing line, tools that are
loaded later, ids of items. Two bodies that say the same in another spelling (a text as a string, or as a block) are equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import AxonHubError
from ..protocols.raw import loads

Form = Literal["anthropic", "chat", "responses", "gemini"]

_LEADERS = ("system", "developer")
_TEXTS = ("input_text", "output_text")
_OWN = ("id", "status", "metadata")  # of items of the Responses protocol: for the vendor's books


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a client asked for a prefix to be kept (an index of `Prefix.blocks`), and whether for an hour."""

    block: int
    hour: bool


@dataclass(frozen=True, slots=True)
class Prefix:
    """What a cache knows, in its order. `settings` are its key's other parts, by what a person calls them. `partial`: the vendor
    keeps the messages before these. `retention` is what OpenAI was asked for; `blocks` counts everything."""

    form: Form
    tools: list[Any]
    system: list[Any]
    settings: dict[str, str]
    messages: list[Any]
    partial: bool
    retention: str | None
    blocks: int
    marks: list[Mark]


def prefix(body: bytes | None) -> Prefix | None:
    """The prefix of a body of any protocol; None when there is none to read."""
    if not body:
        return None
    try:
        fields = loads(body)
    except (AxonHubError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    form = _form(fields)
    system, messages = _said(fields, form)
    tools = [*_tools(_list(fields.get("tools"))), *(tool for item in system for tool in _carried(item))]
    system = [item for item in system if not _carried(item)]
    blocks, marks = _marks(fields, [*tools, *system], messages)
    return Prefix(
        form=form,
        tools=_plain(tools),
        system=[_plain(_item(item, form)) for item in system],
        settings=_settings(fields, form),
        messages=[_plain(_item(item, form)) for item in messages],
        partial=bool(fields.get("previous_response_id") or fields.get("conversation")),
        retention=_word(fields.get("prompt_cache_retention")),
        blocks=blocks,
        marks=marks,
    )


def _form(fields: Mapping[str, Any]) -> Form:
    if "contents" in fields:
        return "gemini"
    if "input" in fields:
        return "responses"
    tools = _list(fields.get("tools"))
    own = ("system", "thinking", "output_config", "context_management", "cache_control", "anthropic_version")
    theirs = any(name in fields for name in own) or any(isinstance(tool, dict) and "input_schema" in tool for tool in tools)
    return "anthropic" if theirs else "chat"


def _said(fields: Mapping[str, Any], form: Form) -> tuple[list[Any], list[Any]]:
    """The system prompt and the messages. What is said in the name of the system before all else belongs to the prompt."""
    system = fields.get("system", fields.get("instructions", fields.get("systemInstruction", fields.get("system_instruction"))))
    messages = fields.get("messages", fields.get("input", fields.get("contents")))
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    messages = _list(messages)
    first = next((at for at, item in enumerate(messages) if not _leads(item)), len(messages)) if form != "anthropic" else 0
    return [part for part in [*_list(system), *messages[:first]] if not _is_billing(part)], messages[first:]


def _leads(item: Any) -> bool:
    return isinstance(item, dict) and item.get("role") in _LEADERS


def _carried(item: Any) -> list[Any]:
    """The tools that an item of Codex brings along (`additional_tools`)."""
    return _tools(_list(item.get("tools"))) if isinstance(item, dict) and item.get("type") == "additional_tools" else []


def _tools(given: list[Any]) -> list[Any]:
    """Each tool for itself, whatever it was wrapped in. Those that are loaded later are no part of the prefix, see
    https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-use-with-prompt-caching"""
    tools: list[Any] = []
    for tool in given:
        group = tool if isinstance(tool, dict) else {}
        inner = group.get("functionDeclarations", group.get("function_declarations"))
        inner = group.get("tools") if inner is None and group.get("type") == "namespace" else inner
        tools += inner if isinstance(inner, list) else [tool]
    return [tool for tool in tools if not (isinstance(tool, dict) and tool.get("defer_loading"))]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _is_billing(part: Any) -> bool:
    """Claude Code's first system part differs each time; its vendor takes it off before the cache sees it."""
    return isinstance(part, dict) and str(part.get("text", "")).startswith("x-anthropic-billing-header")


def _item(item: Any, form: Form) -> Any:
    """An item without what only its vendor's books need."""
    if form != "responses" or not isinstance(item, dict):
        return item
    return {key: value for key, value in item.items() if key not in _OWN and not (key == "type" and value == "message")}


def _plain(value: Any) -> Any:
    """A value without marks; content that is one text is written as one block, as clients do when they mark it."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {key: _plain(inner) for key, inner in value.items() if key != "cache_control"}
    if ("role" in plain or plain.get("type") == "tool_result") and isinstance(plain.get("content"), str):
        plain["content"] = [{"type": "text", "text": plain["content"]}]
    if plain.get("type") in _TEXTS:
        plain["type"] = "text"
    return plain


def _settings(fields: Mapping[str, Any], form: Form) -> dict[str, str]:
    """The other parts of a cache's key, by https://platform.claude.com/docs/en/build-with-claude/prompt-caching (what
    invalidates it) and https://developers.openai.com/api/docs/guides/prompt-caching (routing by key, formats)."""
    config, text = _dict(fields.get("output_config")), _dict(fields.get("text"))
    generation = _dict(fields.get("generationConfig", fields.get("generation_config")))
    efforts = (config.get("effort"), _dict(fields.get("reasoning")).get("effort"), fields.get("reasoning_effort"))
    formats = (config.get("format"), text.get("format"), fields.get("response_format"), generation.get("responseSchema"))
    found = {
        "effort": next((effort for effort in efforts if effort), None),
        "the answer's format": next((given for given in formats if given and given != {"type": "text"}), None),
        "cache key": fields.get("prompt_cache_key"),
        "cached content": fields.get("cachedContent", fields.get("cached_content")),
    }
    if form == "anthropic" and "claude" in str(fields.get("model")).lower():
        found.update(_claude(fields))
    return {name: str(value) for name, value in found.items() if value is not None}


def _claude(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What Anthropic's own models look at besides."""
    thinking, choice = _dict(fields.get("thinking")), _dict(fields.get("tool_choice"))
    return {
        "speed": fields.get("speed"),
        "thinking": " ".join(str(word) for word in (thinking.get("type", "disabled"), thinking.get("budget_tokens")) if word),
        "tool choice": " ".join(str(choice[key]) for key in ("type", "name") if key in choice) or "auto",
        "parallel tools": "off" if choice.get("disable_parallel_tool_use") else None,
        "images": "some" if _has_image([*_list(fields.get("system")), *_list(fields.get("messages"))]) else "none",
    }


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _has_image(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_image(item) for item in value)
    return isinstance(value, dict) and (value.get("type") == "image" or _has_image(value.get("content")))


def _marks(fields: Mapping[str, Any], before: list[Any], messages: list[Any]) -> tuple[int, list[Mark]]:
    """How many blocks there are, and the marks in them. A mark at the top of a body stands for one at its last block."""
    blocks = list(before)
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        blocks += content if isinstance(content, list) else [message]
    marks = [Mark(at, _hour(block["cache_control"])) for at, block in enumerate(blocks) if _dict(block).get("cache_control")]
    if fields.get("cache_control"):
        marks.append(Mark(len(blocks) - 1, _hour(fields["cache_control"])))
    return len(blocks), marks


def _hour(control: Any) -> bool:
    return _dict(control).get("ttl") == "1h"

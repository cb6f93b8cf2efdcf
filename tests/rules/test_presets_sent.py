"""What a preset says of its upstream, seen in the bytes that the upstream gets: preset by preset, quirk by quirk.

`CASES` has for each quirk a request that asks for what is refused, and what has to be true of the body that goes out. A quirk
that any preset sets must be in it, or in `ELSEWHERE` with the test that holds it.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.config.providers import PRESETS
from axonhub_cli.protocols.base import Target
from axonhub_cli.protocols.body import ClientBody
from axonhub_cli.protocols.lanes import prepare
from axonhub_cli.protocols.raw import dumps
from axonhub_cli.protocols.registry import codec
from axonhub_cli.types.messages import Protocol
from axonhub_cli.types.quirks import Quirks
from tests.rules.asks import LATE, PDF, PNG, REMINDER, SCHEMA, THOUGHT, chat, messages, responses, used

Body = dict[str, Any]
PLAIN = Quirks()
ELSEWHERE = {
    "count_tokens": "tests/server/test_tested.py",
    "hosted_tools": "tests/server/test_refusals.py",
}
IGNORED = {
    "cache_key",
    "service_tier",
    "verbosity",
    "metadata",
}  # not sent unasked; a client's own word on its own protocol stays
USER, BEGUN = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "It is"}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
DOCUMENT = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}
LATER = messages(USER, {"role": "assistant", "content": "yes"}, {"role": "system", "content": LATE}, USER)
NAMED = {"type": "function", "function": {"name": "look"}}
FORM = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA}}
CUSTOM = {"type": "custom", "name": "apply_patch", "format": {"type": "grammar", "syntax": "lark", "definition": "start: X"}}


def _roles(body: Body) -> list[str]:
    return [message["role"] for message in body.get("messages", body.get("input", ()))]


def _neighbours(body: Body) -> list[tuple[str, str]]:
    return list(zip(_roles(body), _roles(body)[1:], strict=False))


def _lacks(*names: str) -> Callable[[Body, Any], bool]:
    return lambda body, _: not any(name in body for name in names)


def _alone(body: Body, _: Any) -> bool:
    choice, tools = body["tool_choice"], [tool.get("function", tool)["name"] for tool in body["tools"]]
    return tools == ["look"] and choice in ("required", {"type": "any"})


def _in_words(body: Body, _: Any) -> bool:
    """The schema stands in the system prompt, and at most a plain JSON mode beside it."""
    form = body.get("response_format", {"type": "json_object"})
    return form == {"type": "json_object"} and '"required":["at"]' in body["messages"][0]["content"]


def _ids(body: Body, length: int) -> bool:
    ids = [m["tool_call_id"] for m in body["messages"] if m["role"] == "tool"]
    return bool(ids) and all(len(each) == length and each.isalnum() for each in ids)


def _replayed(body: Body, _: Any) -> bool:
    """What was thought comes back, whoever thought it."""
    turn = body["messages"][1]
    blocks = turn["content"] if isinstance(turn["content"], list) else []
    return THOUGHT in (turn.get("reasoning_content"), turn.get("reasoning"), *(block.get("thinking") for block in blocks))


def _replayed_empty(body: Body, _: Any) -> bool:
    turn = body["messages"][1]
    blocks = turn["content"] if isinstance(turn["content"], list) else []
    return turn.get("reasoning_content") == "" or {"type": "thinking", "thinking": ""} in blocks


def _effort(body: Body, known: tuple[str, ...]) -> bool:
    return (body.get("reasoning_effort") or body["reasoning"]["effort"]) in known


def _pictures_apart(body: Body, _: Any) -> bool:
    """The picture is there, and in no tool's result."""
    results = [m for m in body["messages"] if m["role"] == "tool"]
    for message in body["messages"]:
        blocks = message["content"] if isinstance(message["content"], list) else []
        results += [block for block in blocks if block["type"] == "tool_result"]
    return bool(results) and PNG in json.dumps(body) and PNG not in json.dumps(results)


def _paused(body: Body, _: Any) -> bool:
    return body["thinking"] == {"type": "disabled"} and body["tool_choice"] not in ("auto", {"type": "auto"})


def _settled(body: Body, _: Any) -> bool:
    """No instruction after the beginning, and none that got lost."""
    return not {"system", "developer"} & set(_roles(body)[1:]) and LATE in json.dumps(body)


# quirk -> (client's protocol, its request, what has to be true of (body, the quirk's value))
CASES: dict[str, list[tuple[Protocol, Body, Callable[[Body, Any], bool]]]] = {
    "max_tokens_field": [
        (
            "anthropic",
            messages(),
            lambda body, name: body[name] == 100 and ("max_completion_tokens" in body) < (name == "max_tokens"),
        )
    ],
    "new_limit": [
        ("openai-chat", chat(max_completion_tokens=9), lambda b, _: b["max_tokens"] == 9 and "max_completion_tokens" not in b)
    ],
    "developer_role": [
        ("openai-chat", chat({"role": "developer", "content": "x"}, USER), lambda body, _: _roles(body)[0] == "system"),
        (
            "openai-responses",
            responses({"role": "developer", "content": "x"}, USER),
            lambda body, _: "developer" not in _roles(body),
        ),
    ],
    "late_system": [
        ("anthropic", LATER, _settled),
        ("openai-chat", chat(USER, {"role": "system", "content": LATE}, USER), _settled),
        (
            "openai-responses",
            responses({"role": "developer", "content": "x"}, USER, {"role": "developer", "content": LATE}),
            _settled,
        ),
    ],
    "user_after_tool": [
        (
            "anthropic",
            messages(*used({"type": "text", "text": "and?"})),
            lambda body, _: ("tool", "user") not in _neighbours(body),
        ),
        (
            "anthropic",
            messages(*used({"type": "text", "text": REMINDER})),
            lambda body, _: _roles(body)[-1] == "tool" and REMINDER in body["messages"][-1]["content"],
        ),
        (
            "openai-chat",
            chat(
                USER,
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "Ab3456789", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
                },
                {"role": "tool", "tool_call_id": "Ab3456789", "content": "seen"},
                USER,
            ),
            lambda body, _: ("tool", "user") not in _neighbours(body),
        ),
    ],
    "prefill": [
        ("anthropic", messages(USER, BEGUN), lambda body, key: body["messages"][-1][key] is True),
        ("openai-chat", chat(USER, BEGUN), lambda body, key: body["messages"][-1][key] is True),
    ],
    "stream_usage": [("anthropic", messages(), _lacks("stream_options")), ("openai-chat", chat(), _lacks("stream_options"))],
    "reasoning_field": [
        ("anthropic", messages(*used(thought=THOUGHT)), lambda body, _: "reasoning_content" not in body["messages"][1])
    ],
    "reasoning_split": [("openai-responses", responses(), lambda body, _: body["reasoning_split"] is True)],
    "replay_reasoning": [
        ("anthropic", messages(*used(thought=THOUGHT)), _replayed),
        ("anthropic", messages(*used()), _replayed_empty),
    ],
    "reasoning_effort": [
        ("anthropic", messages(output_config={"effort": "high"}, thinking={"type": "adaptive"}), _lacks("reasoning_effort")),
        ("openai-chat", chat(reasoning_effort="high"), _lacks("reasoning_effort")),
    ],
    "efforts": [
        ("anthropic", messages(output_config={"effort": "xhigh"}, thinking={"type": "adaptive"}), _effort),
        ("openai-responses", responses(reasoning={"effort": "minimal"}), _effort),
        ("openai-chat", chat(reasoning_effort="xhigh"), _effort),
    ],
    "thinks_unasked": [
        ("anthropic", messages(thinking={"type": "disabled"}), lambda body, _: body["thinking"] == {"type": "disabled"}),
        ("anthropic", messages(tool_choice={"type": "tool", "name": "look"}), _paused),
        ("openai-chat", chat(tool_choice="required"), _paused),
        ("openai-responses", responses(tool_choice="required"), _paused),
    ],
    "adaptive": [
        (
            "anthropic",
            messages(output_config={"effort": "high"}, thinking={"type": "adaptive"}, max_tokens=32000),
            lambda body, _: body["thinking"]["type"] == "enabled" and body["thinking"]["budget_tokens"] < body["max_tokens"],
        )
    ],
    "effort_with_budget": [
        (
            "anthropic",
            messages(output_config={"effort": "high"}, thinking={"type": "adaptive"}),
            lambda body, _: body["output_config"] == {"effort": "high"},
        )
    ],
    "forced_tool_choice": [
        (
            "anthropic",
            messages(tool_choice={"type": "any"}),
            lambda body, _: body.get("tool_choice") in ("auto", {"type": "auto"}),
        ),
        ("openai-chat", chat(tool_choice=NAMED), lambda body, _: body.get("tool_choice") in ("auto", {"type": "auto"})),
    ],
    "named_tool_choice": [
        ("anthropic", messages(tool_choice={"type": "tool", "name": "look"}), _alone),
        ("openai-chat", chat(tool_choice=NAMED), _alone),
    ],
    "none_tool_choice": [
        ("anthropic", messages(tool_choice={"type": "none"}), _lacks("tools", "tool_choice")),
        ("openai-chat", chat(tool_choice="none"), _lacks("tools", "tool_choice")),
    ],
    "parallel_flag": [
        (
            "anthropic",
            messages(tool_choice={"type": "auto", "disable_parallel_tool_use": True}, output_config={"effort": "low"}),
            lambda body, _: "parallel_tool" not in json.dumps(body),
        ),
        ("openai-chat", chat(parallel_tool_calls=False), lambda body, _: "parallel_tool" not in json.dumps(body)),
    ],
    "tool_stream": [("anthropic", messages(), lambda body, _: body["tool_stream"] is True)],
    "json_schema": [
        ("anthropic", messages(output_config={"format": {"type": "json_schema", "schema": SCHEMA}}), _in_words),
        ("openai-chat", chat(response_format=FORM), _in_words),
    ],
    "json_object": [("openai-chat", chat(response_format={"type": "json_object"}), _lacks("response_format"))],
    "documents": [
        ("anthropic", messages({"role": "user", "content": [DOCUMENT]}), lambda body, _: PDF not in json.dumps(body)),
        (
            "openai-chat",
            chat(
                {
                    "role": "user",
                    "content": [
                        {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}}
                    ],
                }
            ),
            lambda body, _: PDF not in json.dumps(body) and "left out" in json.dumps(body),
        ),
    ],
    "image_results": [("anthropic", messages(*used(result=[IMAGE]), output_config={"effort": "low"}), _pictures_apart)],
    "cache_key": [
        ("openai-responses", responses(prompt_cache_key="k"), _lacks("prompt_cache_key")),
        ("openai-chat", chat(prompt_cache_key="k"), _lacks("prompt_cache_key")),
    ],
    "cache_control": [("openai-chat", chat(), lambda body, _: body["tools"][-1]["cache_control"] == {"type": "ephemeral"})],
    "call_id_length": [("anthropic", messages(*used()), _ids)],
    "strict_tools": [
        ("openai-responses", responses(), lambda body, _: not any("strict" in t["function"] for t in body["tools"]))
    ],
    "stop": [("anthropic", messages(stop_sequences=["END"]), _lacks("stop")), ("openai-chat", chat(stop="END"), _lacks("stop"))],
    "top_k": [("anthropic", messages(top_k=5), _lacks("top_k")), ("openai-chat", chat(top_k=5), _lacks("top_k"))],
    "seed": [("openai-chat", chat(seed=5), _lacks("seed"))],
    "penalties": [
        ("openai-chat", chat(presence_penalty=1, frequency_penalty=1), _lacks("presence_penalty", "frequency_penalty"))
    ],
    "service_tier": [
        ("anthropic", messages(service_tier="auto"), _lacks("service_tier")),
        ("openai-chat", chat(service_tier="auto"), _lacks("service_tier")),
    ],
    "verbosity": [
        ("openai-responses", responses(text={"verbosity": "low"}), lambda body, _: "verbosity" not in json.dumps(body)),
        ("openai-chat", chat(verbosity="low"), lambda body, _: "verbosity" not in json.dumps(body)),
    ],
    "metadata": [
        ("anthropic", messages(metadata={"user_id": "u" * 99}), _lacks("metadata", "user")),
        ("openai-responses", responses(metadata={"a": "b"}), _lacks("metadata")),
        ("openai-chat", chat(metadata={"a": "b"}), _lacks("metadata")),
    ],
    "user": [
        ("openai-chat", chat(user="me"), _lacks("user")),
        ("anthropic", messages(metadata={"user_id": "me"}), _lacks("user")),
    ],
    "logprobs": [
        ("openai-chat", chat(logprobs=True, logit_bias={"5": 1}), _lacks("logprobs", "logit_bias")),
        ("openai-chat", chat({"role": "developer", "content": "x"}, USER, logit_bias={"5": 1}), _lacks("logit_bias")),
    ],
    "unknown_fields": [
        ("openai-chat", chat(verbosity="low", store=False), _lacks("verbosity", "store")),
        ("openai-chat", chat({"role": "developer", "content": "x"}, USER, store=False), _lacks("store")),
    ],
    "native_responses": [
        ("openai-responses", responses(tools=[CUSTOM]), lambda body, _: [tool["type"] for tool in body["tools"]] == ["function"]),
        ("anthropic", messages(), _lacks("include")),
    ],
}


def sent(client: Protocol, server: Protocol, ask: Body, quirks: Quirks) -> Body:
    """The body that goes to an endpoint with these quirks."""
    target = Target(model="real", quirks=quirks, cache_key="session-1", channel="c", maker="c")
    found: Body = json.loads(prepare(codec(client), codec(server), ClientBody(dumps(ask)), target).body)
    return found


def _set(quirks: Quirks) -> list[str]:
    return [name for name in Quirks.__struct_fields__ if getattr(quirks, name) != getattr(PLAIN, name)]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_quirk_of_a_preset_shows_in_what_it_is_sent(preset: str) -> None:
    """Asked for what its upstream refuses, by clients of several protocols, the body is one that it takes."""
    for protocol, endpoint in PRESETS[preset].endpoints.items():
        for quirk in _set(endpoint.quirks):
            if quirk in ELSEWHERE or (protocol == "gemini" and quirk == "image_results"):
                continue
            for client, ask, holds in CASES[quirk]:
                if client == protocol and quirk in IGNORED:
                    continue
                body = sent(client, protocol, ask, endpoint.quirks)
                assert holds(body, getattr(endpoint.quirks, quirk)), (protocol, quirk, client, body)


def test_the_table_is_whole() -> None:
    """No quirk of a preset is without a case, and what is said to be held elsewhere is there."""
    used_somewhere = {quirk for preset in PRESETS.values() for each in preset.endpoints.values() for quirk in _set(each.quirks)}
    assert used_somewhere <= CASES.keys() | ELSEWHERE.keys()
    root = Path(__file__).parents[2]
    assert all(quirk in (root / place).read_text() for quirk, place in ELSEWHERE.items())

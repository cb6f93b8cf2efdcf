"""Which requests of its own protocol an endpoint takes as they are, and what is taken out of the others."""

import json
from typing import Any

import pytest

from axonhub_cli.protocols.base import Losses, Target
from axonhub_cli.protocols.body import ClientBody
from axonhub_cli.protocols.dialect import takes, trimmed
from axonhub_cli.protocols.lanes import prepare
from axonhub_cli.protocols.raw import dumps
from axonhub_cli.protocols.registry import codec
from axonhub_cli.types.messages import Protocol
from axonhub_cli.types.quirks import Quirks

USER, SYSTEM = {"role": "user", "content": "hi"}, {"role": "system", "content": "be good"}
DEVELOPER, BEGUN = {"role": "developer", "content": "be good"}, {"role": "assistant", "content": "It is"}
CALL = {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "seen"}
NAMED = {"type": "function", "function": {"name": "f"}}
TOOL_TURN = {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]}
THOUGHT = {"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": "s"}, *TOOL_TURN["content"]]}


def body(**fields: Any) -> ClientBody:
    return ClientBody(dumps({"model": "m", **fields}))


# quirks, a request that needs them, whether it is taken as it is
CHAT: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"developer_role": False}, {"messages": [DEVELOPER, USER]}, False),
    ({"developer_role": False}, {"messages": [{"role": "user", "content": 'a "developer" spoke'}]}, True),
    ({"developer_role": False}, {"messages": [USER], "tools": [{"type": "function", "function": {"name": "developer"}}]}, True),
    ({"late_system": False}, {"messages": [SYSTEM, USER]}, True),
    ({"late_system": False}, {"messages": [USER]}, True),
    ({"late_system": False}, {"messages": [SYSTEM, SYSTEM, USER]}, False),
    ({"late_system": False}, {"messages": [USER, SYSTEM]}, False),
    ({"late_system": False}, {"messages": [DEVELOPER, USER]}, True),
    ({"late_system": False}, {"messages": [SYSTEM, USER, DEVELOPER]}, False),
    ({"late_system": False}, {"messages": [{"content": "be good", "role": "system"}, USER]}, True),
    ({"late_system": False}, {"messages": [SYSTEM, {"role": "user", "content": '{"role": "system"}'}]}, True),
    ({"late_system": False}, {"messages": [USER, {"role": "user", "content": '"system"'}], "tools": ["system"]}, True),
    ({"user_after_tool": False}, {"messages": [USER, CALL, RESULT]}, True),
    ({"user_after_tool": False}, {"messages": [USER, CALL, RESULT, BEGUN, USER]}, True),
    ({"user_after_tool": False}, {"messages": [USER, CALL, RESULT, USER]}, False),
    ({"prefill": "prefix"}, {"messages": [USER, BEGUN]}, False),
    ({"prefill": "prefix"}, {"messages": [USER, {**BEGUN, "prefix": True}]}, True),
    ({"prefill": "prefix"}, {"messages": [USER, CALL]}, True),
    ({"json_schema": False}, {"messages": [USER], "response_format": {"type": "json_schema"}}, False),
    ({"json_schema": False}, {"messages": [USER], "response_format": {"type": "json_object"}}, True),
    ({"json_object": False}, {"messages": [USER], "response_format": {"type": "json_object"}}, False),
    ({"efforts": ("low", "high")}, {"messages": [USER], "reasoning_effort": "medium"}, False),
    ({"efforts": ("low", "high")}, {"messages": [USER], "reasoning_effort": "high"}, True),
    ({"forced_tool_choice": False}, {"messages": [USER], "tool_choice": "auto"}, True),
    ({"forced_tool_choice": False}, {"messages": [USER], "tool_choice": "required"}, False),
    ({"named_tool_choice": False}, {"messages": [USER], "tool_choice": "required"}, True),
    ({"named_tool_choice": False}, {"messages": [USER], "tool_choice": NAMED}, False),
    ({"none_tool_choice": False}, {"messages": [USER], "tool_choice": "none"}, False),
    ({"none_tool_choice": False}, {"messages": [USER], "tool_choice": "required"}, True),
    ({"forced_tool_choice": False}, {"messages": [USER], "tool_choice": "none"}, True),
    ({"thinks_unasked": True}, {"messages": [USER], "tool_choice": "required"}, False),
    ({"thinks_unasked": True, "forced_tool_choice_with_thinking": True}, {"messages": [USER], "tool_choice": "required"}, True),
    ({"call_id_length": 9}, {"messages": [USER, CALL, RESULT]}, False),
    ({"images": False}, {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "u"}]}]}, False),
]
OTHERS: list[tuple[Protocol, dict[str, Any], dict[str, Any], bool]] = [
    ("anthropic", {"late_system": False}, {"messages": [USER, SYSTEM]}, False),
    ("anthropic", {"late_system": False}, {"messages": [USER], "system": "be good"}, True),
    ("anthropic", {"adaptive": False}, {"messages": [USER], "output_config": {"effort": "high"}}, False),
    ("anthropic", {"forced_tool_choice": False}, {"messages": [USER], "tool_choice": {"type": "any"}}, False),
    ("anthropic", {"named_tool_choice": False}, {"messages": [USER], "tool_choice": {"type": "any"}}, True),
    ("anthropic", {"named_tool_choice": False}, {"messages": [USER], "tool_choice": {"type": "tool", "name": "f"}}, False),
    ("anthropic", {"replay_reasoning": True}, {"messages": [USER, TOOL_TURN]}, False),
    ("anthropic", {"replay_reasoning": True}, {"messages": [USER, TOOL_TURN], "thinking": {"type": "disabled"}}, True),
    ("anthropic", {"replay_reasoning": True}, {"messages": [USER, THOUGHT]}, True),
    ("openai-responses", {"late_system": False}, {"input": [DEVELOPER, USER]}, False),
    ("openai-responses", {"late_system": False}, {"input": [USER], "instructions": "be good"}, True),
    ("openai-responses", {"efforts": ("low", "high")}, {"input": [USER], "reasoning": {"effort": "minimal"}}, False),
    ("openai-responses", {"efforts": ("low", "high")}, {"input": [USER], "reasoning": {"summary": "auto"}}, True),
    ("openai-responses", {"native_responses": False}, {"input": [USER], "tools": [{"type": "custom", "name": "f"}]}, False),
    ("gemini", {"late_system": False, "efforts": ("low",)}, {"contents": []}, True),
]


@pytest.mark.parametrize(("quirks", "asked", "taken"), CHAT)
def test_chat_is_taken_as_it_is_unless_a_quirk_says_otherwise(quirks: dict[str, Any], asked: dict[str, Any], taken: bool) -> None:
    """Without the quirk everything is; with it, what it is about has to be converted, and nothing else."""
    assert takes("openai-chat", body(**asked), Quirks(**quirks)) is taken
    assert takes("openai-chat", body(**asked), Quirks())


@pytest.mark.parametrize(("protocol", "quirks", "asked", "taken"), OTHERS)
def test_so_are_the_other_protocols(protocol: Protocol, quirks: dict[str, Any], asked: dict[str, Any], taken: bool) -> None:
    """The same for them."""
    assert takes(protocol, body(**asked), Quirks(**quirks)) is taken
    assert takes(protocol, body(**asked), Quirks())


@pytest.mark.parametrize("broken", [{"messages": None}, {"messages": "x"}, {"messages": [1, None]}, {"messages": [{"role": 1}]}])
def test_a_broken_conversation_raises_nothing(broken: dict[str, Any]) -> None:
    """Whatever it is, the upstream or the reader says what is wrong with it."""
    quirks = Quirks(
        developer_role=False, late_system=False, user_after_tool=False, prefill="prefix", call_id_length=9, replay_reasoning=True
    )
    for protocol in ("openai-chat", "anthropic", "openai-responses"):
        assert takes(protocol, body(**broken, input=broken["messages"], x='"system" "developer" "tool"'), quirks) in (True, False)


def test_parameters_are_taken_out_of_the_bytes() -> None:
    """The rest keeps its bytes; each that left is on the receipt; those that nobody refuses stay."""
    said = b'{"model":"m","messages":[{"role":"user" ,"content":"hi"}],'
    data = said + b'"seed":1,"presence_penalty":0,"verbosity":"low","max_completion_tokens":9}'
    quirks = Quirks(seed=False, penalties=False, verbosity=False, new_limit=False)
    done = prepare(codec("openai-chat"), codec("openai-chat"), ClientBody(data), Target(model="m", quirks=quirks))
    assert done.lane == "splice"
    assert done.body == said + b'"verbosity":"low","max_tokens":9}'
    assert {(loss.action, loss.path) for loss in done.losses} == {
        ("dropped", "seed"), ("dropped", "presence_penalty"), ("renamed", "max_completion_tokens"),
    }  # fmt: skip


def test_who_refuses_the_unknown_gets_nothing_unknown() -> None:
    """Parameters that others pass over leave, too."""
    asked = {"messages": [USER], "service_tier": "auto", "metadata": {"a": "b"}, "prompt_cache_key": "k"}
    known = Quirks(service_tier=False, metadata=False, cache_key=False)
    assert trimmed("openai-chat", body(**asked), known, Losses()) == {}
    strict = Quirks(service_tier=False, metadata=False, cache_key=False, unknown_fields=False)
    assert trimmed("openai-chat", body(**asked), strict, Losses()) == {
        "prompt_cache_key": None,
        "service_tier": None,
        "metadata": None,
    }


def test_a_request_without_any_of_it_keeps_its_bytes() -> None:
    """Whatever an endpoint refuses, who does not ask for it is passed on as it is."""
    data = json.dumps({"model": "m", "messages": [SYSTEM, USER, CALL, RESULT], "tools": [], "max_tokens": 9}).encode()
    quirks = Quirks(
        developer_role=False, late_system=False, user_after_tool=False, prefill="prefix", seed=False, penalties=False,
        new_limit=False, named_tool_choice=False, json_schema=False, json_object=False, efforts=("low",), unknown_fields=False,
    )  # fmt: skip
    assert prepare(codec("openai-chat"), codec("openai-chat"), ClientBody(data), Target(model="m", quirks=quirks)).body == data

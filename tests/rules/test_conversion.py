"""Rules of conversion that hold between any two protocols, stated once over all pairs (the table is in `test_rules`)."""

import json
from itertools import permutations
from typing import Any

import pytest

from axonhub_cli.protocols.base import Reply, Target
from axonhub_cli.protocols.body import ClientBody
from axonhub_cli.protocols.lanes import Prepared, prepare
from axonhub_cli.protocols.pipe import Convert
from axonhub_cli.protocols.raw import dumps
from axonhub_cli.protocols.registry import codec
from axonhub_cli.types.messages import Protocol
from axonhub_cli.types.quirks import Quirks

SPOKEN: tuple[Protocol, ...] = ("anthropic", "openai-chat", "openai-responses")
PAIRS = list(permutations(SPOKEN, 2))
each_pair = pytest.mark.parametrize(("client", "server"), PAIRS)
BILLING = "x-anthropic-billing-header: cc_version=2.1.330.367; cc_entrypoint=sdk-cli;"
LONG = "mcp__a_server_with_a_long_name__" + "tool_" * 12


def asks(client: Protocol, *, tool: str = "look", **more: Any) -> dict[str, Any]:
    """A request of two turns with a tool call, in the client's protocol."""
    schema = {"type": "object", "properties": {"at": {"type": "string"}}}
    if client == "anthropic":
        return {
            "model": "asked", "max_tokens": 100, "stream": True,
            "messages": [
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "call_1", "name": tool, "input": {"at": "x"}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "seen"}]},
            ],
            "tools": [{"name": tool, "input_schema": schema}], **more,
        }  # fmt: skip
    if client == "openai-chat":
        call = {"id": "call_1", "type": "function", "function": {"name": tool, "arguments": '{"at":"x"}'}}
        return {
            "model": "asked", "stream": True,
            "messages": [
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "call_1", "content": "seen"},
            ],
            "tools": [{"type": "function", "function": {"name": tool, "parameters": schema}}], **more,
        }  # fmt: skip
    return {
        "model": "asked", "stream": True,
        "input": [
            {"role": "user", "content": "hi"},
            {"type": "function_call", "call_id": "call_1", "name": tool, "arguments": '{"at":"x"}'},
            {"type": "function_call_output", "call_id": "call_1", "output": "seen"},
        ],
        "tools": [{"type": "function", "name": tool, "parameters": schema}], **more,
    }  # fmt: skip


def sent(client: Protocol, server: Protocol, ask: dict[str, Any], **quirks: Any) -> Prepared:
    target = Target(model="real", quirks=Quirks(**quirks), cache_key="session-1", channel="c", maker="c")
    return prepare(codec(client), codec(server), ClientBody(dumps(ask)), target)


def _frame(name: str, fields: dict[str, Any]) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + dumps({"type": name, **fields}) + b"\n\n"


def calls(server: Protocol, name: str, *, finish: str) -> bytes:
    """An upstream's stream: one tool call, and a reason that says `finish`; usage at the very end."""
    if server == "anthropic":
        usage = {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1}
        start = {"id": "m", "type": "message", "role": "assistant", "model": "real", "content": [], "usage": usage}
        block = {"type": "tool_use", "id": "call_2", "name": name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": '{"at":"y"}'}
        return (
            _frame("message_start", {"message": start})
            + _frame("content_block_start", {"index": 0, "content_block": block})
            + _frame("content_block_delta", {"index": 0, "delta": delta})
            + _frame("content_block_stop", {"index": 0})
            + _frame("message_delta", {"delta": {"stop_reason": finish}, "usage": {"output_tokens": 7}})
            + _frame("message_stop", {})
        )
    if server == "openai-chat":
        call = {"index": 0, "id": "call_2", "type": "function", "function": {"name": name, "arguments": '{"at":"y"}'}}
        counted = {"prompt_tokens": 15, "completion_tokens": 7, "total_tokens": 22, "prompt_tokens_details": {"cached_tokens": 5}}
        chunks: list[dict[str, Any]] = [
            {"choices": [{"index": 0, "delta": {"role": "assistant", "tool_calls": [call]}, "finish_reason": None}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]},
            {"choices": [], "usage": counted},
        ]
        return (
            b"".join(b"data: " + dumps({"id": "c", "model": "real", **chunk}) + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"
        )
    item = {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "call_2",
        "name": name,
        "arguments": '{"at":"y"}',
        "status": "completed",
    }
    counted = {"input_tokens": 15, "input_tokens_details": {"cached_tokens": 5}, "output_tokens": 7, "total_tokens": 22}
    body = {"id": "r", "object": "response", "model": "real", "status": "completed", "output": [item], "usage": counted}
    return (
        _frame("response.created", {"response": {**body, "status": "in_progress", "output": [], "usage": None}})
        + _frame("response.output_item.added", {"output_index": 0, "item": {**item, "arguments": ""}})
        + _frame("response.output_item.done", {"output_index": 0, "item": item})
        + _frame("response.completed", {"response": body})
    )


CARELESS = {"anthropic": "end_turn", "openai-chat": "stop", "openai-responses": ""}


def heard(client: Protocol, server: Protocol, prepared: Prepared, data: bytes) -> list[dict[str, Any]]:
    """The objects of the client's stream."""
    assert prepared.back is not None
    reply = Reply(id="1", model="asked", created=1, request=prepared.request, include_usage=True)
    pipe = Convert(codec(server), codec(client), reply, back=prepared.back())
    out = pipe.feed(data) + pipe.close()
    lines = [line[6:] for line in out.decode().splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


@each_pair
def test_a_tool_call_is_the_reason_to_stop(client: Protocol, server: Protocol) -> None:
    """Whatever a careless upstream calls the end of a turn with a tool call, the client is told that a tool is due, once."""
    frames = heard(client, server, sent(client, server, asks(client)), calls(server, "look", finish=CARELESS[server]))
    if client == "anthropic":
        assert [f["delta"]["stop_reason"] for f in frames if f["type"] == "message_delta"] == ["tool_use"]
    elif client == "openai-chat":
        assert [f["choices"][0]["finish_reason"] for f in frames if f["choices"] and f["choices"][0]["finish_reason"]] == [
            "tool_calls"
        ]
    else:
        assert [f["type"] for f in frames if f["type"] in ("response.completed", "response.failed")] == ["response.completed"]
        assert frames[-1]["response"]["output"][0]["type"] == "function_call"


@each_pair
def test_usage_is_whole_and_in_each_protocol_s_arithmetic(client: Protocol, server: Protocol) -> None:
    """15 tokens in, 5 of them from the cache, 7 out: Anthropic counts 10 + 5, the others 15; told once, at the end."""
    frames = heard(client, server, sent(client, server, asks(client)), calls(server, "look", finish=CARELESS[server]))
    if client == "anthropic":
        (usage,) = [frame["usage"] for frame in frames if frame["type"] == "message_delta"]
        assert (usage["input_tokens"], usage["cache_read_input_tokens"], usage["output_tokens"]) == (10, 5, 7)
    elif client == "openai-chat":
        (usage,) = [frame["usage"] for frame in frames if frame.get("usage")]
        assert (usage["prompt_tokens"], usage["prompt_tokens_details"]["cached_tokens"], usage["completion_tokens"]) == (15, 5, 7)
    else:
        usage = frames[-1]["response"]["usage"]
        assert (usage["input_tokens"], usage["input_tokens_details"]["cached_tokens"], usage["output_tokens"]) == (15, 5, 7)
        assert usage["output_tokens_details"] == {"reasoning_tokens": 0}


@each_pair
def test_the_client_hears_the_name_that_it_asked_for(client: Protocol, server: Protocol) -> None:
    """`model` is the asked name in every object that has one; the real name goes to the upstream."""
    prepared = sent(client, server, asks(client))
    frames = heard(client, server, prepared, calls(server, "look", finish=CARELESS[server]))
    text = json.dumps(frames)
    assert json.loads(prepared.body)["model"] == "real"
    assert '"asked"' in text
    assert '"real"' not in text


@each_pair
def test_a_name_that_is_too_long_comes_back_whole(client: Protocol, server: Protocol) -> None:
    """Shortened in the list and in the history alike; the call comes back under the client's own name."""
    prepared = sent(client, server, asks(client, tool=LONG))
    assert LONG.encode() not in prepared.body
    body = json.loads(prepared.body)
    tool = body["tools"][0]
    wire = tool["function"]["name"] if server == "openai-chat" else tool["name"]
    assert len(wire) <= 64
    assert prepared.body.count(wire.encode()) == 2
    frames = heard(client, server, prepared, calls(server, wire, finish=CARELESS[server]))
    assert LONG in json.dumps(frames)
    assert wire not in json.dumps(frames)
    assert any(loss.action == "renamed" for loss in prepared.losses)


@pytest.mark.parametrize("server", ["openai-chat", "openai-responses"])
def test_the_billing_line_is_anthropic_s_own(server: Protocol) -> None:
    """Others do not get it; Anthropic gets the client's bytes; OpenAI's caches get a key of the session."""
    blocks = [{"type": "text", "text": BILLING}, {"type": "text", "text": "be good", "cache_control": {"type": "ephemeral"}}]
    ask = asks("anthropic", system=blocks)
    body = sent("anthropic", server, ask).body
    assert b"billing" not in body
    assert b"be good" in body
    assert json.loads(body)["prompt_cache_key"] == "session-1"
    assert json.loads(sent("anthropic", "anthropic", ask).body)["system"] == blocks


def test_own_cache_marks_stay_where_they_are() -> None:
    """On the way to Anthropic nothing but the model changes; the marks of a client that has some are its own business."""
    ask = asks("anthropic", system=[{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}])
    prepared = sent("anthropic", "anthropic", ask, cache_control=True)
    assert prepared.lane == "splice"
    assert json.loads(prepared.body) == {**ask, "model": "real"}


@pytest.mark.parametrize("client", ["openai-chat", "openai-responses"])
@pytest.mark.parametrize("wanted", [True, False])
def test_marks_are_set_for_clients_that_have_none(client: Protocol, wanted: bool) -> None:
    """Tools, system and the last two user turns, only where the preset asks for it."""
    system = {"messages": [{"role": "system", "content": "be good"}, *asks("openai-chat")["messages"]]}
    ask = asks(client, **(system if client == "openai-chat" else {"instructions": "be good"}))
    body = sent(client, "anthropic", ask, cache_control=wanted).body
    assert body.count(b"cache_control") == (4 if wanted else 0)


@each_pair
def test_what_nobody_knows_is_reported(client: Protocol, server: Protocol) -> None:
    """An unknown top-level field stays on the lanes of one protocol, and is on the receipt of a conversion."""
    ask = asks(client, tomorrow={"a": 1})
    prepared = sent(client, server, ask)
    assert b"tomorrow" not in prepared.body
    assert "tomorrow" in {loss.path for loss in prepared.losses}
    assert json.loads(sent(client, client, ask).body)["tomorrow"] == {"a": 1}


@each_pair
def test_a_schema_goes_through_as_it_is(client: Protocol, server: Protocol) -> None:
    """Tool schemas are not rewritten, whatever keywords they hold."""
    schema = {"$schema": "x", "type": "object", "properties": {"a": {"format": "uri", "exclusiveMinimum": 0}}, "allOf": []}
    ask = asks(client)
    tool = ask["tools"][0]
    if client == "openai-chat":
        tool["function"]["parameters"] = schema
    else:
        tool["input_schema" if client == "anthropic" else "parameters"] = schema
    written = json.loads(sent(client, server, ask).body)["tools"][0]
    place = {"anthropic": "input_schema", "openai-responses": "parameters"}
    assert (written["function"]["parameters"] if server == "openai-chat" else written[place[server]]) == schema


@each_pair
def test_a_stream_without_its_end_is_an_error(client: Protocol, server: Protocol) -> None:
    """Cut off before a reason to stop, it is never presented as finished."""
    whole = calls(server, "look", finish=CARELESS[server]).split(b"\n\n")
    cut = b"\n\n".join(whole[: 1 if server == "openai-chat" else 2]) + b"\n\n"
    frames = heard(client, server, sent(client, server, asks(client)), cut)
    last = frames[-1]
    if client == "openai-responses":
        assert last["type"] == "response.failed"
    else:
        assert "error" in last

"""Seals: packed, carried by any client, opened, judged; over every pair of protocols and over a switch of upstreams."""

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.protocols.base import Losses, Reply, Target
from axonhub_cli.protocols.body import ClientBody
from axonhub_cli.protocols.lanes import Prepared, prepare
from axonhub_cli.protocols.raw import dumps
from axonhub_cli.protocols.registry import codec
from axonhub_cli.protocols.seals import PREFIX, VENDORS, Blank, Judge, is_refusal, maker, pack, unpack
from axonhub_cli.server.seal_store import SealStore
from axonhub_cli.types.events import fold, replay
from axonhub_cli.types.messages import (
    Message,
    Part,
    Protocol,
    Reasoning,
    Request,
    Response,
    Seal,
    Text,
    ToolCall,
    ToolResult,
)
from axonhub_cli.types.quirks import Quirks
from tests.laws.wire import read_stream

SPOKEN: tuple[Protocol, ...] = ("anthropic", "openai-chat", "openai-responses", "gemini")
RAW = "c2VhbGVkLWJ5LWl0cy1tYWtlcg+/=="
SEALS: dict[str, Seal] = {
    "anthropic": Seal("anthropic", "signature", RAW),
    "openai-responses": Seal("openai", "encrypted_content", RAW, "rs_1"),
    "gemini": Seal("google", "thought_signature", RAW),
}
CALL = ToolCall(id="call_1", name="look", arguments='{"at":"x"}')


def target(protocol: Protocol, channel: str, **quirks: Any) -> Target:
    official = {"anthropic": "https://api.anthropic.com", "openai-responses": "https://api.openai.com/v1"}
    address = official.get(protocol, "https://elsewhere.test/v1")
    return Target(model="m", quirks=Quirks(**quirks), channel=channel, maker=maker(address, channel))


def thinks(protocol: Protocol) -> Reasoning:
    """An upstream's thinking, sealed where its protocol has seals."""
    return Reasoning(text="let me see", seal=SEALS.get(protocol), summary=protocol == "openai-responses")


def first_request(client: Protocol) -> ClientBody:
    """A client's first request of a conversation."""
    ask = Request(origin=client, model="m", messages=(Message(role="user", parts=(Text(text="hi"),)),))
    return ClientBody(dumps(codec(client).write_request(ask, Target(model="m"), Losses())))


def echoed(client: Protocol, prepared: Prepared, answer: Response, store: SealStore) -> ClientBody:
    """The client's next request: what it got as a stream stands in its history, in the form in which it sends history."""
    assert prepared.back is not None
    events = prepared.back().feed(list(replay(answer)))
    store.keep(prepared.back().restore(answer))
    reply = Reply(id="1", model="m", created=1)
    got = read_stream(codec(client), codec(client).stream_writer(reply).write(events))
    parts: tuple[Part, ...] = fold(got, client).parts
    if client in ("openai-chat", "gemini"):  # most of their clients strip thinking
        parts = tuple(part for part in parts if not isinstance(part, Reasoning))
    result = ToolResult(call_id="call_1", parts=(Text(text="seen"),))
    messages = (
        Message(role="user", parts=(Text(text="hi"),)),
        Message(role="assistant", parts=parts),
        Message(role="user", parts=(result,)),
    )
    written = codec(client).write_request(Request(origin=client, model="m", messages=messages), Target(model="m"), Losses())
    return ClientBody(dumps(written))


PAIRS = [(client, server) for client, server in product(SPOKEN, SPOKEN) if client != server and server in SEALS]


@pytest.mark.parametrize(("client", "server"), PAIRS)
def test_a_seal_comes_back_to_its_maker(client: Protocol, server: Protocol) -> None:
    """Through a client of another protocol, streamed, the upstream gets its own seal back, letter for letter."""
    to, store = target(server, "own"), SealStore()
    prepared = prepare(codec(client), codec(server), first_request(client), to, store)
    answer = Response(origin=server, id="1", model="m", parts=(thinks(server), CALL), finish="tool_calls")

    body = echoed(client, prepared, answer, store)
    again = prepare(codec(client), codec(server), body, to, store)

    assert RAW.encode() in again.body
    assert PREFIX.encode() not in again.body
    assert b"let me see" in again.body
    assert not [loss for loss in again.losses if "seal" in loss.why]


SWITCHES = [(c, a, b) for c, a, b in product(SPOKEN, SPOKEN, SPOKEN) if c != a and (a != b or a == "openai-responses")]


@pytest.mark.parametrize(("client", "before", "after"), SWITCHES)
def test_after_a_switch_no_seal_goes_elsewhere(client: Protocol, before: Protocol, after: Protocol) -> None:
    """Another upstream, also one of the client's own protocol, also another channel of the same vendor, gets neither the seal
    nor our packing of it; the receipt says so, and the conversation is whole."""
    store = SealStore()
    prepared = prepare(codec(client), codec(before), first_request(client), target(before, "one"), store)
    answer = Response(origin=before, id="1", model="m", parts=(thinks(before), CALL), finish="tool_calls")

    body = echoed(client, prepared, answer, store)
    again = prepare(codec(client), codec(after), body, target(after, "two"), store)

    assert RAW.encode() not in again.body
    assert PREFIX.encode() not in again.body
    assert b"call_1" in again.body
    assert b"seen" in again.body
    if before in SEALS and client != after:  # a Chat client's own body never had it
        assert [loss for loss in again.losses if "only their maker" in loss.why]


@pytest.mark.parametrize("client", ["anthropic", "openai-responses", "openai-chat"])
def test_thinking_goes_back_to_a_vendor_that_wants_it(client: Protocol) -> None:
    """A Chat vendor that refuses tool turns without `reasoning_content` gets it back from every client."""
    to, store = target("openai-chat", "deepseek", replay_reasoning=True), SealStore()
    answer = Response(origin="openai-chat", id="1", model="m", parts=(Reasoning(text="let me see"), CALL), finish="tool_calls")
    if client == "openai-chat":
        store.keep(answer)
        call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{ "at": "x" }'}}
        messages = [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": ""},
        ]
        body = ClientBody(dumps({"model": "m", "messages": messages}))
    else:
        prepared = prepare(codec(client), codec("openai-chat"), first_request(client), to, store)
        body = echoed(client, prepared, answer, SealStore())

    written = json.loads(prepare(codec(client), codec("openai-chat"), body, to, store).body)

    turn = next(message for message in written["messages"] if message["role"] == "assistant")
    assert turn["reasoning_content"] == "let me see"


def test_unknown_thinking_is_said_to_be_empty() -> None:
    """Where nothing is known, the vendor that insists on the field gets an empty one."""
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    body = ClientBody(dumps({"model": "m", "messages": [{"role": "assistant", "tool_calls": [call]}]}))
    to = target("openai-chat", "deepseek", replay_reasoning=True)
    written = json.loads(prepare(codec("openai-chat"), codec("openai-chat"), body, to).body)
    assert written["messages"][0]["reasoning_content"] == ""


@pytest.mark.parametrize("client", ["anthropic", "openai-responses"])
@pytest.mark.parametrize("late", [False, True])
def test_a_call_s_own_seal_travels_before_it(client: Protocol, late: bool) -> None:
    """Clients that have no field on a call carry its seal in a thinking part before it; opened, it is the call's again."""
    to = target("openai-chat", "gem")
    extra = {"extra_content": {"google": {"thought_signature": RAW}}}
    call = ToolCall(id="call_1", name="look", arguments='{"at":"x"}', extra=extra)
    parts = (Text(text="so"), call) if late else (call,)
    prepared = prepare(codec(client), codec("openai-chat"), first_request(client), to)
    body = echoed(
        client, prepared, Response(origin="openai-chat", id="1", model="m", parts=parts, finish="tool_calls"), SealStore()
    )

    written = json.loads(prepare(codec(client), codec("openai-chat"), body, to).body)

    turn = next(message for message in written["messages"] if message["role"] == "assistant")
    assert turn["tool_calls"][0]["extra_content"] == extra["extra_content"]
    assert turn["content"] == ("so" if late else None)


def test_reasoning_details_come_back_as_they_were() -> None:
    """What a Chat vendor (a router of many models) wants back in `reasoning_details`, it gets back through Claude Code."""
    details = [{"type": "reasoning.encrypted", "data": RAW, "format": "x", "index": 0}]
    to = target("openai-chat", "router")
    prepared = prepare(codec("anthropic"), codec("openai-chat"), first_request("anthropic"), to)
    part = Reasoning(text="let me see", extra={"reasoning_details": details})
    answer = Response(origin="openai-chat", id="1", model="m", parts=(part, CALL), finish="tool_calls")
    body = echoed("anthropic", prepared, answer, SealStore())
    written = json.loads(prepare(codec("anthropic"), codec("openai-chat"), body, to).body)
    assert written["messages"][1]["reasoning_details"] == details


class TestVerbatim:
    """The lane that looks at nothing looks at seals when it must."""

    def body(self, signature: str, **more: Any) -> ClientBody:
        blocks = [
            {"type": "thinking", "thinking": "hm", "signature": signature},
            {"type": "tool_use", "id": "t", "name": "look", "input": {}},
        ]
        messages = [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": blocks},
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x", "cache_control": {"type": "ephemeral"}}],
            },
        ]
        return ClientBody(dumps({"model": "m", "max_tokens": 9, "messages": messages, **more}))

    def test_the_vendor_s_own_pass(self) -> None:
        """A raw signature passes, and so do the bytes."""
        body = self.body(RAW)
        assert prepare(codec("anthropic"), codec("anthropic"), body, target("anthropic", "a")).body is body.data

    def test_the_word_in_a_text_changes_nothing(self) -> None:
        """Somebody who writes about `axh1:` gets their bytes through as they are."""
        body = ClientBody(dumps({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "what is axh1:e30?"}]}))
        assert prepare(codec("anthropic"), codec("anthropic"), body, target("anthropic", "a")).body is body.data

    @pytest.mark.parametrize("value", [pack(Seal("openai", "encrypted_content", RAW)), PREFIX + "damaged!", PREFIX])
    def test_packed_and_damaged_ones_leave(self, value: str) -> None:
        """Neither a packed seal nor its remains reach the vendor; cache marks stay where they are; thinking with a budget
        pauses, since its turn has no signature."""
        thinking = {"type": "enabled", "budget_tokens": 1024}
        edits = {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}
        body = self.body(value, thinking=thinking, context_management=edits)
        prepared = prepare(codec("anthropic"), codec("anthropic"), body, target("anthropic", "a"))
        written = json.loads(prepared.body)
        assert PREFIX.encode() not in prepared.body
        assert [block["type"] for block in written["messages"][1]["content"]] == ["tool_use"]
        assert written["messages"][2] == body.fields["messages"][2]
        assert "thinking" not in written
        assert "context_management" not in written
        assert {loss.path for loss in prepared.losses} == {"messages", "thinking"}

    def test_another_channel_s_raw_seal_leaves_after_a_switch(self) -> None:
        """What the book knows to be somebody else's does not pass, once another channel has served the conversation."""
        store, body = SealStore(), self.body(RAW)
        store.note(b'{"type":"signature_delta","signature":"%b"}' % RAW.encode(), "imitator", "imitator")
        prepared = prepare(codec("anthropic"), codec("anthropic"), body, target("anthropic", "a"), store, mixed=True)
        assert RAW.encode() not in prepared.body
        assert prepare(codec("anthropic"), codec("anthropic"), body, target("anthropic", "a"), store).lane == "verbatim"

    def test_a_thinking_only_turn_disappears(self) -> None:
        """No message is left without content."""
        packed = pack(Seal("x", "text", ""))
        messages = [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [{"type": "redacted_thinking", "data": packed}]},
            {"role": "user", "content": "go on"},
        ]
        body = ClientBody(dumps({"model": "m", "max_tokens": 9, "messages": messages}))
        written = json.loads(prepare(codec("anthropic"), codec("anthropic"), body, target("anthropic", "a")).body)
        assert written["messages"] == [messages[0], messages[2]]

    def test_encrypted_reasoning_is_its_channel_s(self) -> None:
        """Responses: the same vendor's other channel cannot read it, so the item leaves; its own channel gets it."""
        store = SealStore()
        store.note(b'"encrypted_content":"%b"' % RAW.encode(), "openai", "one")
        items = [{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": RAW}, {"role": "user", "content": "hi"}]
        body = ClientBody(dumps({"model": "m", "input": items}))
        spoken = codec("openai-responses")
        assert prepare(spoken, spoken, body, target("openai-responses", "one"), store, mixed=True).lane == "verbatim"
        other = prepare(spoken, spoken, body, target("openai-responses", "two"), store, mixed=True)
        assert json.loads(other.body)["input"] == items[1:]
        assert other.losses

    @pytest.mark.parametrize("protocol", ["anthropic", "openai-responses"])
    def test_refused_ones_leave(self, protocol: Protocol) -> None:
        """After the upstream's refusal (`trust` False) every seal stays behind, unsigned thinking too."""
        if protocol == "anthropic":
            body = self.body(RAW)
            body.fields["messages"][1]["content"].insert(0, {"type": "thinking", "thinking": "hm", "signature": ""})
            body = ClientBody(dumps(body.fields))
        else:
            items = [{"type": "reasoning", "summary": [], "encrypted_content": RAW}, {"role": "user", "content": "hi"}]
            body = ClientBody(dumps({"model": "m", "input": items}))
        prepared = prepare(codec(protocol), codec(protocol), body, target(protocol, "a"), trust=False)
        assert RAW.encode() not in prepared.body
        assert b'"thinking"' not in prepared.body
        assert "refused" in prepared.losses[0].why


class TestEnvelope:
    """Packing and opening."""

    @given(
        st.builds(Seal, st.text(), st.text(), st.text(), st.none() | st.text(), st.none() | st.text()),
        st.none() | st.text(),
    )
    def test_there_and_back(self, seal: Seal, text: str | None) -> None:
        """Whatever was packed comes out the same."""
        inner = unpack(pack(seal, text))
        assert inner is not None
        assert Seal(inner.vendor, inner.kind, inner.value, inner.id, inner.channel) == seal
        assert inner.text == text

    @given(st.text())
    def test_nothing_else_is_ours(self, value: str) -> None:
        """A value that we did not make is not opened, and never raises."""
        assert unpack(value) is None
        assert unpack(PREFIX + value + "!") is None

    def test_a_seal_of_nobody_we_know_goes_to_its_own_protocol(self) -> None:
        """Recognise, do not guess: a raw seal passes to the protocol that it came in, and to no other."""
        for protocol, other in (("anthropic", "openai-responses"), ("openai-responses", "anthropic")):
            seal = SEALS[protocol]
            assert Judge(protocol, Target(model="m"), Blank()).fit(seal) == seal  # type: ignore[arg-type]  # names of protocols
            assert Judge(other, Target(model="m"), Blank()).fit(seal) is None  # type: ignore[arg-type]  # the same

    def test_makers(self) -> None:
        """A vendor's own address seals as that vendor, any other as its channel."""
        assert maker("https://api.anthropic.com", "mine") == VENDORS["anthropic"]
        assert maker("https://relay.test/api.anthropic.com", "mine") == "mine"


@pytest.mark.parametrize(
    ("code", "message", "refused"),
    [
        (None, "messages.1.content.0: Invalid `signature` in `thinking` block", True),
        (None, "messages.3: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified", True),
        ("invalid_encrypted_content", "The encrypted content for item rs_1 could not be verified.", True),
        (None, "The encrypted content gAAA could not be decrypted or parsed.", True),
        (None, "Thought signature is not valid.", True),
        (None, "Unable to submit request because function call `f` is missing a `thought_signature`.", True),
        (None, "Corrupted thought signature.", True),
        ("context_length_exceeded", "prompt is too long: 1 tokens > 0 maximum", False),
        (None, "max_tokens must be greater than thinking.budget_tokens", False),
        (None, "Invalid signature of the webhook", False),
    ],
)
def test_refusals_are_recognised(code: str | None, message: str, refused: bool) -> None:
    """The words with which vendors refuse a seal, and words that are about something else."""
    assert is_refusal(code, message) is refused

"""The gateway's memory of seals: what it keeps, under which key, and how little it lets itself grow."""

import json

import pytest

from axonhub_cli.protocols.registry import codec
from axonhub_cli.server import seal_store
from axonhub_cli.server.seal_store import SealStore, reread
from axonhub_cli.types.messages import Reasoning, Response, Seal, ToolCall


def answer(call_id: str, text: str = "hm", arguments: str = "{}", seal: Seal | None = None) -> Response:
    call = ToolCall(id=call_id, name="look", arguments=arguments, seal=seal)
    return Response(origin="openai-chat", id="1", model="m", parts=(Reasoning(text=text), call), finish="tool_calls")


def test_arguments_are_part_of_the_key() -> None:
    """An id that a vendor uses again for another call finds nothing; spacing and order of the same arguments do not matter."""
    store = SealStore()
    store.keep(answer("functions.look:0", arguments='{"a":1,"b":[{"c":2}]}'))
    kept = store.recall("functions.look:0", '{ "b": [ {"c": 2} ], "a": 1 }')
    assert kept is not None
    assert kept.thoughts[0].text == "hm"
    assert store.recall("functions.look:0", '{"a":2}') is None
    assert store.recall("other", '{"a":1,"b":[{"c":2}]}') is None


def test_it_stays_within_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """By count and by size the oldest leave first; one that alone would fill the store is not kept."""
    monkeypatch.setattr(seal_store, "MAX_CALLS", 3)
    store = SealStore()
    for number in range(5):
        store.keep(answer(f"c{number}"))
    assert [store.recall(f"c{number}", "{}") is not None for number in range(5)] == [False, False, True, True, True]
    monkeypatch.setattr(seal_store, "MAX_CALLS", 4096)
    monkeypatch.setattr(seal_store, "MAX_BYTES", 8000)
    store = SealStore()
    store.keep(answer("huge", "x" * 2000))
    for number in range(12):
        store.keep(answer(f"c{number}", "x" * 700))
    assert store.recall("huge", "{}") is None
    assert sum(store.recall(f"c{number}", "{}") is not None for number in range(12)) == 8


def test_raw_seals_are_known_by_their_digest() -> None:
    """Signatures, redacted data and encrypted reasoning in an answer's bytes are told apart by who made them, however their
    JSON was spaced or escaped."""
    store = SealStore()
    store.note(b'data: {"delta":{"type":"signature_delta","signature":"c2lnbmF0dXJlLW9uZQ=="}}\n\n', "a", "one")
    store.note(json.dumps({"type": "redacted_thinking", "data": "cmVkYWN0ZWQtdHdv/+8="}).replace("/", "\\/").encode(), "b", "two")
    store.note(b'{"encrypted_content" : "ZW5jcnlwdGVkLXRocmVl"}', "c", "three")
    assert store.made("c2lnbmF0dXJlLW9uZQ==") == ("a", "one")
    assert store.made("cmVkYWN0ZWQtdHdv/+8=") == ("b", "two")
    assert store.made("ZW5jcnlwdGVkLXRocmVl") == ("c", "three")
    assert store.made("dW5rbm93bi1mb3Vy") is None


def test_digests_and_traces_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest digests and conversations are forgotten."""
    monkeypatch.setattr(seal_store, "MAX_SEALS", 2)
    monkeypatch.setattr(seal_store, "MAX_TRACES", 2)
    store = SealStore()
    for number in range(4):
        store.note(b'"signature":"c2lnbmF0dXJlLW9uZQ%d"' % number, "a", "one")
        store.served(f"t{number}", "one")
    assert store.made("c2lnbmF0dXJlLW9uZQ0") is None
    assert store.made("c2lnbmF0dXJlLW9uZQ3") == ("a", "one")
    assert not store.mixed("t0", "two")
    assert store.mixed("t3", "two")


def test_a_conversation_of_one_channel_is_not_mixed() -> None:
    """Only another channel's answers make a conversation mixed."""
    store = SealStore()
    store.served("t", "one")
    assert not store.mixed("t", "one")
    assert store.mixed("t", "two")
    assert not store.mixed("other", "one")


def test_an_answer_can_be_read_again() -> None:
    """The verbatim lane builds no answer; its bytes are read when the thinking in them is wanted. Rubbish gives nothing."""
    chunks = [
        {"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    ]
    stream = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"
    whole = {"choices": [{"message": {"role": "assistant", "content": "a", "reasoning_content": "hm"}, "finish_reason": "stop"}]}
    chat = codec("openai-chat")
    assert reread(chat, stream).parts == (Reasoning(text="hm"),)
    assert reread(chat, json.dumps(whole).encode()).parts[0] == Reasoning(text="hm")
    assert reread(chat, b"{nonsense").parts == ()

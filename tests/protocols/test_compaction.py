"""Compaction for upstreams that have none: a summary asked for in words, packed, and opened again wherever it comes back."""

import json
from typing import Any

import pytest

from axonhub_cli.errors import RequestError
from axonhub_cli.protocols.base import Reply, Target
from axonhub_cli.protocols.body import ClientBody
from axonhub_cli.protocols.compaction import ORDER, as_object, summary_of, triggered
from axonhub_cli.protocols.lanes import Prepared, prepare
from axonhub_cli.protocols.raw import dumps
from axonhub_cli.protocols.registry import codec
from axonhub_cli.protocols.seals import PREFIX
from axonhub_cli.types.events import replay
from axonhub_cli.types.messages import Protocol, Reasoning, Response, Text, ToolCall
from axonhub_cli.types.quirks import Quirks

TURN = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "build it"}]}
TRIGGER = {"type": "compaction_trigger"}
TOOL = {"type": "function", "name": "look", "parameters": {"type": "object"}}
ELSEWHERE: tuple[tuple[Protocol, dict[str, Any]], ...] = (
    ("anthropic", {}),
    ("openai-chat", {}),
    ("openai-responses", {"native_responses": False}),
)
elsewhere = pytest.mark.parametrize(("protocol", "quirks"), ELSEWHERE, ids=["anthropic", "openai-chat", "small responses"])


def ask(items: list[Any], protocol: Protocol, quirks: dict[str, Any], **more: Any) -> Prepared:
    body = ClientBody(dumps({"model": "m", "input": items, "stream": True, **more}))
    target = Target(model="m", quirks=Quirks(**quirks), channel="c", maker="c")
    return prepare(codec("openai-responses"), codec(protocol), body, target)


def compacted(protocol: Protocol, quirks: dict[str, Any]) -> dict[str, Any]:
    """The item that an upstream's answer becomes."""
    prepared = ask([TURN, TRIGGER], protocol, quirks)
    assert prepared.back is not None
    parts = (Reasoning(text="hm"), Text(text=" We build "), Text(text="it."), ToolCall(id="c", name="look", arguments="{}"))
    answer = Response(origin=protocol, id="r1", model="m", parts=parts, finish="tool_calls")
    writer = codec("openai-responses").stream_writer(Reply(id="1", model="m", created=1))
    back = prepared.back()
    data = b"".join(writer.write(back.feed([event])) for event in replay(answer))
    frames = [json.loads(line[6:]) for line in data.decode().splitlines() if line.startswith("data: ")]
    done = [frame["item"] for frame in frames if frame["type"] == "response.output_item.done"]
    assert frames[-1]["type"] == "response.completed"
    assert frames[-1]["response"]["output"] == done
    assert len(done) == 1
    return dict(done[0])


@elsewhere
def test_a_trigger_asks_for_a_summary(protocol: Protocol, quirks: dict[str, Any]) -> None:
    """The trigger becomes a last user message; tools stay for the history's sake, and may not be used."""
    written = ask([TURN, TRIGGER], protocol, quirks, tools=[TOOL], tool_choice="auto").body
    assert dumps(ORDER)[1:-1] in written
    assert b"compaction_trigger" not in written
    fields = json.loads(written)
    assert fields["tool_choice"] in ("none", {"type": "none"})
    assert len(fields["tools"]) == 1


@elsewhere
def test_the_answer_is_one_item_that_comes_back_as_text(protocol: Protocol, quirks: dict[str, Any]) -> None:
    """One opaque item holds the summary; sent again, it is user text to every upstream, also to one that has compaction."""
    item = compacted(protocol, quirks)
    assert item["type"] == "compaction"
    assert item["encrypted_content"].startswith(PREFIX)
    for target, more in (*ELSEWHERE, ("openai-responses", {})):
        sent = ask([item, TURN], target, more).body  # type: ignore[arg-type]  # names of protocols
        assert b"Summary of the conversation so far:\\n\\nWe build it." in sent
        assert PREFIX.encode() not in sent


def test_a_second_trigger_is_refused() -> None:
    """Two triggers in one request are 400."""
    with pytest.raises(RequestError, match="2 compaction_trigger items"):
        ask([TRIGGER, TURN, TRIGGER], "anthropic", {})


def test_vendors_that_have_it_get_it_as_it_is() -> None:
    """A Responses API of its own vendor gets trigger and items untouched."""
    items = [{"type": "compaction", "encrypted_content": "gAAAA"}, TURN, TRIGGER]
    assert ask(items, "openai-responses", {}).lane == "verbatim"


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({"type": "compaction", "encrypted_content": "gAAAA"}, None),
        ({"type": "compaction", "encrypted_content": 3}, None),
        ({"type": "reasoning", "encrypted_content": PREFIX}, None),
        (
            {"type": "compaction", "encrypted_content": PREFIX + "!"},
            "[a summary of the conversation stood here and cannot be read]",
        ),
    ],
)
def test_only_ours_are_opened(item: dict[str, Any], text: str | None) -> None:
    """Another vendor's item is not ours to open; a damaged one of ours says that it was there."""
    assert summary_of(item) == text


def test_the_endpoint_of_its_own() -> None:
    """`/v1/responses/compact` is the same request; its answer keeps what the user said before the item."""
    body = triggered(ClientBody(dumps({"model": "m", "input": "hi", "stream": True})))
    assert body.fields["input"] == [{"type": "message", "role": "user", "content": "hi"}, TRIGGER]
    assert not body.stream
    answer = {"id": "r", "created_at": 1, "output": [{"type": "message"}, {"type": "compaction", "id": "c"}], "usage": None}
    shape = as_object(answer, [TURN, {"type": "function_call"}, {"role": "assistant"}])
    assert shape["object"] == "response.compaction"
    assert shape["output"] == [TURN, {"type": "compaction", "id": "c"}]

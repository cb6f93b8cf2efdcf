"""The laws of memory: a request that is converted with one means to an upstream, byte for byte, what it means without.

Sessions are tried as agents have them: each request is the one before it and a little more, or something quite different; several
channels at a time; a memory that has room for everything, for little, for nothing.
"""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from axonhub_cli.errors import RequestError
from axonhub_cli.protocols.base import Codec, Losses, Target
from axonhub_cli.protocols.body import ClientBody
from axonhub_cli.protocols.lanes import prepare
from axonhub_cli.protocols.memory import Memory
from axonhub_cli.protocols.raw import dumps
from axonhub_cli.protocols.registry import SPOKEN, codec
from axonhub_cli.types.messages import Message, Request, Text
from axonhub_cli.types.quirks import Quirks
from tests.laws import strategies as make

CODECS = [codec(name) for name in SPOKEN]
PAIRS = [(a, b) for a, b in product(CODECS, CODECS) if a is not b or a.pieces is not None]
QUIRKS = [
    Quirks(),
    Quirks(replay_reasoning=True),
    Quirks(developer_role=False, hosted_tools=False),
    Quirks(adaptive=False, late_system=False, images=False, developer_role=False, call_id_length=9),
    Quirks(replay_reasoning=True, user_after_tool=False, prefill="prefix", tool_name_limit=12, unknown_fields=False),
    Quirks(image_results=False, strict_tools=False, json_schema=False, reasoning_effort=False, documents=False),
]
few = settings(max_examples=max(4, settings().max_examples // 4))
_MORE: dict[str, list[dict[str, Any]]] = {  # what no neutral request says: marks, thinking, unknown blocks and keys, wrong types
    "anthropic": [
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "a"}],
        },
        {"role": "user", "content": [{"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}, "extra": 1}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "gone", "content": "c", "is_error": True}]},
        {"role": "system", "content": "d"},
        {"role": "user", "content": [{"type": "server_tool_use", "id": "e"}, {"type": "text", "text": ""}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "un:usual id", "name": "unlisted", "input": {"a": [1]}}]},
        {"role": "user", "content": 5},
    ]
}


@st.composite
def sessions(draw: st.DrawFn, client: Codec) -> list[bytes]:
    """Bodies of requests, one after the other."""
    first: Request = draw(make.requests(client.name))
    bodies = []
    for number in range(draw(st.integers(2, 4))):
        if draw(st.integers(0, 5)) == 0:
            first = draw(make.requests(client.name))
        told = Message(role="user", parts=(Text(text=f"turn {number}"),))
        first = replace(first, messages=(*first.messages, Message(role="assistant", parts=(Text(text="so"),)), told))
        written = client.write_request(first, Target(model=first.model), Losses())
        if "messages" in written:
            written["messages"] = [
                *written["messages"],
                *draw(st.lists(st.sampled_from(_MORE.get(client.name, [{}])), max_size=2)),
            ]
        bodies.append(dumps({key: value for key, value in written.items() if key not in client.in_path}))
    return bodies


def outcome(client: Codec, upstream: Codec, body: bytes, target: Target) -> tuple[Any, ...]:
    """All that a preparation says."""
    in_path = {"model": "m", "stream": False} if client.in_path else {}
    try:
        prepared = prepare(client, upstream, ClientBody(body, in_path), target)
    except RequestError as error:
        return str(error), error.param
    back = prepared.toolbox
    return prepared.body, prepared.lane, prepared.losses, prepared.request, prepared.settings, back and back._entries


@pytest.mark.parametrize(("client", "upstream"), PAIRS, ids=[f"{a.name}-{b.name}" for a, b in PAIRS])
@few
@given(data=st.data())
def test_what_is_remembered_is_what_would_be_made(client: Codec, upstream: Codec, data: st.DataObject) -> None:
    """Body, receipt, settings, tool table and errors."""
    memory = Memory(data.draw(st.sampled_from([12 << 20, 3000, 0])))
    bodies = [body for _ in range(data.draw(st.integers(1, 2))) for body in data.draw(sessions(client))]
    for body in [*bodies, *data.draw(st.lists(st.sampled_from(bodies), max_size=3))]:
        target = Target(model="m", quirks=data.draw(st.sampled_from(QUIRKS)))
        plain, remembered = (outcome(client, upstream, body, each) for each in (target, replace(target, memory=memory)))
        assert remembered == plain

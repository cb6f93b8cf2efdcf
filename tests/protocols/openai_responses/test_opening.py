"""How a Responses stream begins: our own first word, the upstream's without it, and streams that say too little."""

import json

import pytest

from axonhub_cli.protocols.base import Reply
from axonhub_cli.protocols.openai_responses import CODEC
from axonhub_cli.protocols.openai_responses.opening import TOLD, opening, sparse, unopened
from axonhub_cli.types.events import End, Finish, PartEnd, PartStart, Start, TextDelta
from axonhub_cli.types.messages import Text
from tests import strict

REPLY = Reply(id="resp_a", model="asked", created=7)
FIRST = b'event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"id":"resp_b"}}\n\n'
LATE_TYPE = b'data: {"response":{"id":"resp_b","output":[]},"sequence_number":0,"type": "response.created"}\n\n'
NEXT = b'event: response.in_progress\ndata: {"type":"response.in_progress","sequence_number":1}\n\n'
QUOTES = b'data: {"type":"response.output_text.delta","sequence_number":2,"delta":"\\"type\\":\\"response.created\\""}\n\n'


def test_a_writer_goes_on_where_the_opening_ended() -> None:
    """Together they are one whole stream, with one id."""
    events = [
        Start(id="up", model="m"),
        PartStart(0, Text(text="")),
        TextDelta(0, "hi"),
        PartEnd(0),
        Finish(reason="stop"),
        End(),
    ]
    told = Reply(id=REPLY.id, model=REPLY.model, created=7, told=TOLD)
    data = opening(REPLY) + CODEC.stream_writer(told).write(events)
    assert strict.check("openai-responses", data) == "end"
    assert {event["response"]["id"] for _, event in strict.frames(data) if "response" in event} == {"resp_a"}


@pytest.mark.parametrize("first", [FIRST, LATE_TYPE, FIRST.replace(b"\n", b"\r\n"), b": hello\n\n" + FIRST, b""])
def test_only_the_first_word_is_left_out(first: bytes) -> None:
    """Whatever it looks like; what quotes it stays."""
    left = unopened(first + NEXT + QUOTES)
    assert left.endswith(NEXT + QUOTES)
    assert b"resp_b" not in left


SPARSE = {
    FIRST: False,
    LATE_TYPE: False,
    b": hello\n\n" + FIRST.replace(b"\n", b"\r\n"): False,
    b'data: {"type":"response.created","response":{"id":"resp_b"}}\n\n': True,
    b'event: response.created\r\ndata:{"type":"response.created","response":{}}\r\n\r\n': True,
    b'data: {"type":"response.crea': False,
    b"": False,
}


@pytest.mark.parametrize("data", SPARSE)
def test_a_stream_without_numbers_is_sparse(data: bytes) -> None:
    """The first whole event tells; half of one tells nothing."""
    assert sparse(data) is SPARSE[data]


def test_the_echo_of_the_request_is_in_it() -> None:
    """As the API repeats it."""
    body = {"model": "asked", "input": "hi", "instructions": "be brief", "max_output_tokens": 99, "stream": True}
    reply = Reply(id="resp_a", model="asked", created=7, request=CODEC.read_request(body))
    told = json.loads(opening(reply).partition(b"data: ")[2])["response"]
    assert (told["instructions"], told["max_output_tokens"], told["status"]) == ("be brief", 99, "in_progress")

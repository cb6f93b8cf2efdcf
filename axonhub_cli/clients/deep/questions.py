"""The requests of the deep test, in the neutral form. They are small, ask for little, and say nothing about the user."""

import base64
import struct
import zlib
from collections.abc import Sequence

from ...tokens import estimate
from ...types.messages import Media, Message, Part, Protocol, Request, Text, Thinking, Tool, ToolCall, ToolChoice, ToolResult

ROOM = 96  # output tokens that an answer may have
THINKING = 1024  # the least budget that thinking models take
LONG = 400  # of the answer that is cut off

WEATHER = Tool(
    name="get_weather",
    description="The weather in a city now.",
    schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False},
)
LOOK = Tool(
    name="take_photo",
    description="Takes a photo and gives it back.",
    schema={"type": "object", "properties": {}, "additionalProperties": False},
)
PASSAGE = """\
A lighthouse keeper writes into his log every evening: wind from the west, four ships, one of them under sail; the lamp was lit at
18:42 and burned without a fault. On Sundays he adds what he has read, in winter how high the snow lies before the door. After
thirty years the log has eleven volumes. Nobody has asked for them yet, but all of them are in order.
"""


def plain(protocol: Protocol) -> Request:
    """A passage and a short answer: for the shape of the stream, and for counting."""
    return _request(protocol, [user(f"{PASSAGE}\nHow many volumes does the log have? Answer with one word.")], room=ROOM)


def tool(protocol: Protocol) -> Request:
    """A question that one call of a tool answers."""
    return _request(protocol, [user("What is the weather in Paris now? Use the tool.")], (WEATHER,))


def parallel(protocol: Protocol) -> Request:
    """A question that wants two calls at once."""
    text = "What is the weather in Paris and in Rome now? Call the tool for both cities at the same time, then compare."
    return _request(protocol, [user(text)], (WEATHER,), parallel_tools=True)


def forced(protocol: Protocol) -> Request:
    """A greeting, with an order to use the tool all the same."""
    return _request(protocol, [user("Hi.")], (WEATHER,), choice=ToolChoice(mode="required"))


def picture(protocol: Protocol) -> Request:
    """The user shows a picture that is all red."""
    photo = Media(kind="image", mime="image/png", data=base64.b64encode(red_square()).decode())
    return _request(protocol, [Message(role="user", parts=(Text(text="Which colour fills it? One word."), photo))])


def round_trip(protocol: Protocol, called: Sequence[Part] = ()) -> Request:
    """The same question with what the model said (`called`: the parts of its answer), and what the tool gave back."""
    parts = tuple(called) or (ToolCall(id="call_axonhub0001", name=WEATHER.name, arguments='{"city": "Paris"}'),)
    results = tuple(
        ToolResult(call_id=part.id, parts=(Text(text="Sunny, 21 degrees."),)) for part in parts if isinstance(part, ToolCall)
    )
    return _request(
        protocol,
        [
            user("What is the weather in Paris now? Use the tool."),
            Message(role="assistant", parts=parts),
            Message(role="user", parts=results or (Text(text="Go on."),)),
        ],
        (WEATHER,),
    )


def thinking(protocol: Protocol) -> Request:
    """A question that is worth a thought, with the tool at hand."""
    text = "I go to Paris or to Rome, wherever it is warmer. Think first, then call the tool for one of the cities."
    return _request(protocol, [user(text)], (WEATHER,), room=THINKING + 2 * ROOM, thought=True)


def replay(protocol: Protocol, said: Sequence[Part]) -> Request:
    """The conversation goes on after an answer with reasoning in it (or with that taken out)."""
    request = round_trip(protocol, said)
    first = thinking(protocol)
    messages = (first.messages[0], *request.messages[1:])
    return _request(protocol, messages, (WEATHER,), room=THINKING + 2 * ROOM, thought=True)


def image(protocol: Protocol) -> Request:
    """A tool gives back a picture that is all red."""
    photo = Media(kind="image", mime="image/png", data=base64.b64encode(red_square()).decode())
    call = ToolCall(id="call_axonhub0002", name=LOOK.name, arguments="{}")
    return _request(
        protocol,
        [
            user("Take a photo, then say in one word which colour fills it."),
            Message(role="assistant", parts=(call,)),
            Message(role="user", parts=(ToolResult(call_id=call.id, parts=(Text(text="The photo:"), photo)),)),
        ],
        (LOOK,),
    )


def long(protocol: Protocol) -> Request:
    """An answer that is long enough to be cut off."""
    return _request(protocol, [user("Count from 1 to 300 in words, one number a line.")], room=LONG)


def short(protocol: Protocol) -> Request:
    """The least that can be asked."""
    return _request(protocol, [user("Say hi.")], room=16)


def cost(protocol: Protocol) -> tuple[int, int, int]:
    """How much all questions together may cost: requests, input tokens (estimated), output tokens at most."""
    asked = [
        plain(protocol), tool(protocol), parallel(protocol), forced(protocol), round_trip(protocol), thinking(protocol),
        replay(protocol, ()), replay(protocol, ()), picture(protocol), image(protocol), long(protocol), short(protocol),
        short(protocol),
    ]  # fmt: skip
    return len(asked), sum(map(estimate, asked)), sum(request.max_tokens or 0 for request in asked)


def user(text: str) -> Message:
    """What the user says."""
    return Message(role="user", parts=(Text(text=text),))


def red_square(size: int = 32) -> bytes:
    """A PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\xe0\x10\x10" * size) * size
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _request(
    protocol: Protocol,
    messages: Sequence[Message],
    tools: tuple[Tool, ...] = (),
    *,
    room: int = 2 * ROOM,
    thought: bool = False,
    parallel_tools: bool | None = None,
    choice: ToolChoice | None = None,
) -> Request:
    return Request(
        origin=protocol,
        model="",
        messages=tuple(messages),
        tools=tools,
        parallel_tools=parallel_tools,
        tool_choice=choice,
        thinking=Thinking(mode="on", effort="low", budget=THINKING) if thought else None,
        max_tokens=room,
        stream=True,
        include_usage=True,
        extra={"store": False, "include": ["reasoning.encrypted_content"]} if protocol == "openai-responses" else None,
    )

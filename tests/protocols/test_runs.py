"""Frames known by their bytes: what they say is what a reader would have said, and nothing else is taken for one of them."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.protocols.base import Reply
from axonhub_cli.protocols.pipe import Convert
from axonhub_cli.protocols.registry import codec
from axonhub_cli.protocols.runs import Runs
from axonhub_cli.protocols.sealer import Back, Sealer
from axonhub_cli.types.events import ReasoningDelta, TextDelta
from axonhub_cli.types.messages import Protocol, Response
from tests import strict
from tests.server.wire import sse


def chat(content: object = None, *, model: str = "m", **more: object) -> bytes:
    """One chunk of a Chat stream."""
    delta = more if content is None else {"content": content, **more}
    return sse({"id": "c1", "model": model, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})


def block(kind: str, text: str, index: int = 0) -> bytes:
    """One delta of a Messages stream."""
    key = {"text_delta": "text", "thinking_delta": "thinking"}[kind]
    return sse({"type": "content_block_delta", "index": index, "delta": {"type": kind, key: text}}, named=True)


def taught() -> Runs:
    """What has read two text chunks."""
    runs = Runs(steady=True)
    for text in ("one", "two"):
        runs.learn(chat(text), [TextDelta(3, text)])
    return runs


@pytest.mark.parametrize(
    "texts",
    [
        ["x"],
        ["a", "b", "c"],
        [""],
        ["", "a"],
        ["line\nline\t", '"quoted"', "back\\slash\\", "\\"],
        ["ü", "\u2028", "🙂"],
        ['","'] * 3,
    ],
)
def test_a_run_says_what_its_frames_say(texts: list[str]) -> None:
    """Each text comes out as it is, whatever had to be escaped, and the run ends where the frames end."""
    data = b"".join(chat(text) for text in texts)
    run = taught().take(b"before" + data, 6)
    assert run is not None
    said = [text for text in texts if text]
    assert run[:3] == (TextDelta, 3, said)
    assert [json.loads(b'"%b"' % inside) for inside in run.strings] == said
    assert run.end == 6 + len(data)
    assert run.events() == [TextDelta(3, text) for text in said]


OTHERS = {
    "finish": sse({"id": "c1", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
    "role": chat("x", role="assistant"),
    "thinking beside": chat("x", reasoning="y"),
    "thinking": chat(reasoning="y"),
    "another model": chat("x", model="n"),
    "list": chat(["x"]),
    "null": sse({"id": "c1", "model": "m", "choices": [{"index": 0, "delta": {"content": None}, "finish_reason": None}]}),
    "done": b"data: [DONE]\n\n",
    "comment": b": ping\n\n",
    "bad escape": chat("x").replace(b'"x"', b'"\\q"'),
    "lone surrogate": chat("x").replace(b'"x"', b'"\\ud83d"'),
    "bad bytes": chat("x").replace(b'"x"', b'"\xff"'),
    "control character": chat("x").replace(b'"x"', b'"\x01"'),
    "a newline in it": chat("x").replace(b'"x"', b'"a\nb"'),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_frame_is_not_taken(name: str) -> None:
    """A frame that differs elsewhere, or whose string is none, is left for the reader, wherever it stands."""
    other = OTHERS[name]
    runs = taught()
    assert runs.take(other, 0) is None
    run = runs.take(chat("a") + chat("b") + other, 0)
    assert run is not None
    assert run.texts in (["a"], ["a", "b"])  # the rest is for the next look
    between = runs.take(chat("a") + other + chat("b"), 0)
    assert between is not None
    assert between.texts == ["a"]
    assert between.end == len(chat("a"))


def test_nothing_is_taken_that_was_not_learned() -> None:
    """One frame teaches nothing, nor do two equal ones, nor two that differ in more than their text."""
    runs = Runs(steady=True)
    for data, text in ((chat("a"), "a"), (chat("a"), "a"), (chat("b", model="n"), "b"), (chat("c"), "c")):
        runs.learn(data, [TextDelta(0, text)])
        assert runs.take(chat("x"), 0) is None
    runs.learn(chat("d"), [TextDelta(0, "d")])
    assert runs.take(chat("x"), 0) is not None


def test_a_text_that_stands_twice_teaches_nothing() -> None:
    """Which of the two is the text cannot be told by the bytes."""
    runs = Runs(steady=True)
    for text in ("a", "b", "c"):
        runs.learn(chat(text, mirror=text), [TextDelta(0, text)])
    assert runs.take(chat("x", mirror="x"), 0) is None


def test_after_another_event_the_next_frame_is_read_first() -> None:
    """Text after a tool call belongs to a new part, though its frame looks the same."""
    runs = taught()
    runs.learn(chat(tool_calls=[]), [])
    assert runs.take(chat("x"), 0) is None
    runs.learn(chat("y"), [TextDelta(5, "y")])
    run = runs.take(chat("x"), 0)
    assert run is not None
    assert run.part == 5


def test_an_upstream_whose_frames_are_never_alike_is_left_alone() -> None:
    """After some attempts nobody tries any more."""
    runs = Runs(steady=True)
    for number in range(20):
        runs.learn(chat(f"t{number}", model=f"m{number}"), [TextDelta(0, f"t{number}")])
    assert not runs.learning
    assert not Runs(steady=False).learning


KINDS = {"text_delta": TextDelta, "thinking_delta": ReasoningDelta}
words = st.text(max_size=6) | st.sampled_from(['"', "\\", "\n", '","', "\\n", "}", "data: "])


@st.composite
def chat_streams(draw: st.DrawFn) -> bytes:
    """A Chat stream of text, thinking and calls in any order."""
    kinds = st.sampled_from(["text", "thinking", "call", "comment", "usage"])
    out = [chat("", role="assistant")]
    for kind, texts in draw(st.lists(st.tuples(kinds, st.lists(words, min_size=1, max_size=6)), max_size=5)):
        for text in texts:
            if kind == "text":
                out.append(chat(text))
            elif kind == "thinking":
                out.append(chat(reasoning_content=text))
            elif kind == "call":
                out.append(chat(tool_calls=[{"index": 0, "id": "call_1", "function": {"name": "f", "arguments": text}}]))
            elif kind == "usage":
                out.append(sse({"id": "c1", "model": "m", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}))
            else:
                out.append(b": ping\n\n")
    return b"".join([*out, OTHERS["finish"], b"data: [DONE]\n\n"])


@st.composite
def messages_streams(draw: st.DrawFn) -> bytes:
    """A Messages stream of blocks of text and thinking."""
    head = {"id": "m1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": {"input_tokens": 3}}
    out = [sse({"type": "message_start", "message": head}, named=True)]
    blocks = st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.lists(words, max_size=6)), max_size=4)
    for index, (kind, texts) in enumerate(draw(blocks)):
        name = kind.removesuffix("_delta")
        start = {"type": "content_block_start", "index": index, "content_block": {"type": name, name: ""}}
        out += [sse(start, named=True), *(block(kind, text, index) for text in texts)]
        out.append(sse({"type": "content_block_stop", "index": index}, named=True))
    last = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}
    return b"".join([*out, sse(last, {"type": "message_stop"}, named=True)])


def converted(
    upstream: Protocol, client: Protocol, data: bytes, cuts: list[int], *, steady: bool
) -> tuple[list[strict.Frame], Response]:
    """What a client gets of a stream that arrives in these pieces, and the record of the answer."""
    back = Back(Sealer(client, "maker", "channel"))
    reply = Reply(id="1", model="asked", created=0)
    pipe = Convert(replace(codec(upstream), steady=steady), codec(client), reply, back=back)
    edges = [0, *sorted(cut for cut in cuts if cut <= len(data)), len(data)]
    out = b"".join(pipe.feed(data[start:end]) for start, end in pairwise(edges)) + pipe.close()
    return strict.frames(out), pipe.folder.response()


@pytest.mark.parametrize("client", ["anthropic", "openai-chat", "openai-responses", "gemini"])
@given(data=st.data())
def test_the_short_way_gives_what_the_long_way_gives(client: Protocol, data: st.DataObject) -> None:
    """Event by event, for every client, however the stream is cut; and the record of the answer is the same."""
    upstream: Protocol = "anthropic" if client == "openai-chat" else data.draw(st.sampled_from(["anthropic", "openai-chat"]))
    stream = data.draw(messages_streams() if upstream == "anthropic" else chat_streams())
    stream = stream.replace(b"\n", data.draw(st.sampled_from([b"\n", b"\n", b"\r\n"])))
    cuts = data.draw(st.lists(st.integers(0, 4000), max_size=8))
    short, long = (converted(upstream, client, stream, cuts, steady=steady) for steady in (True, False))
    assert short == long

"""A real model (llama.cpp, 135M parameters) behind axonhub: every client protocol against each of the three that it speaks.

What the model says is nobody's promise; that the official SDKs can read all of it is, and that at temperature 0 it says the same
whichever way it is asked.
"""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import anthropic
import openai
import pytest

from axonhub_cli.protocols.registry import codec
from axonhub_cli.types.events import fold
from axonhub_cli.types.messages import Text
from tests.e2e.processes import Running, end, start_axonhub, three_channels
from tests.laws.wire import read_stream

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
UPSTREAMS = ["anthropic", "openai-chat", "openai-responses"]
PROMPT = "Say hello in one short sentence."


@pytest.fixture(scope="module")
def axonhub(model_server: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """axonhub before the model server."""
    keys: dict[str, str | None] = {name: name for name in UPSTREAMS}
    running = start_axonhub(tmp_path_factory.mktemp("model") / "home", three_channels(model_server.url), keys=keys)
    yield running
    end(running.process)


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_the_anthropic_sdk_reads_a_real_models_answers(axonhub: Running, upstream: str) -> None:
    """Whole and streamed, the message has text, a stop reason and counted tokens; the tokens can be counted beforehand."""
    base, token = f"{axonhub.url}/anthropic", axonhub.tokens[upstream]
    with closing(anthropic.Anthropic(base_url=base, auth_token=token, api_key=None, max_retries=0)) as client:
        messages: list[anthropic.types.MessageParam] = [{"role": "user", "content": PROMPT}]
        whole = client.messages.create(model="smollm2", max_tokens=24, system="Be brief.", messages=messages)
        with client.messages.stream(model="smollm2", max_tokens=24, messages=messages) as stream:
            streamed = "".join(stream.text_stream)
            final = stream.get_final_message()
        counted = client.messages.count_tokens(model="smollm2", messages=messages)

    for message in (whole, final):
        assert message.model == "smollm2"
        assert message.stop_reason in ("end_turn", "max_tokens")
        assert message.usage.input_tokens + (message.usage.cache_read_input_tokens or 0) > 5
        assert 0 < message.usage.output_tokens <= 24
    assert streamed == "".join(block.text for block in final.content if block.type == "text")
    assert streamed.strip()
    assert counted.input_tokens > 3


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_the_openai_sdk_reads_a_real_models_chat(axonhub: Running, upstream: str) -> None:
    """Whole and streamed, with usage in the last chunk because it was asked for."""
    with closing(openai.OpenAI(base_url=f"{axonhub.url}/v1", api_key=axonhub.tokens[upstream], max_retries=0)) as client:
        messages: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": PROMPT}]
        whole = client.chat.completions.create(model="smollm2", max_completion_tokens=24, messages=messages)
        chunks = list(
            client.chat.completions.create(
                model="smollm2", max_completion_tokens=24, messages=messages, stream=True, stream_options={"include_usage": True}
            )
        )

    assert whole.model == "smollm2"
    assert whole.choices[0].message.content
    assert whole.choices[0].finish_reason in ("stop", "length")
    assert whole.usage is not None
    assert whole.usage.prompt_tokens > 5
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices).strip()
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] in ("stop", "length")
    assert chunks[-1].usage is not None
    assert 0 < chunks[-1].usage.completion_tokens <= 24


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_the_openai_sdk_reads_a_real_models_responses(axonhub: Running, upstream: str) -> None:
    """Whole and streamed, ending in one completed or incomplete response with usage.

    llama.cpp's own Responses stream lacks fields that the SDK's accumulating helper wants; it gets them on its way.
    """
    with closing(openai.OpenAI(base_url=f"{axonhub.url}/v1", api_key=axonhub.tokens[upstream], max_retries=0)) as client:
        whole = client.responses.create(model="smollm2", max_output_tokens=24, input=PROMPT, store=False)
        with client.responses.stream(model="smollm2", max_output_tokens=24, input=PROMPT, store=False) as stream:
            events = list(stream)
        final = events[-1]

    assert whole.status in ("completed", "incomplete")
    assert whole.output_text.strip()
    assert whole.usage is not None
    assert whole.usage.input_tokens > 5
    assert final.type in ("response.completed", "response.incomplete")
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == final.response.output_text
    assert final.response.usage is not None


SYSTEM = "You are a terse assistant."
TALK = [("user", "Name three colours."), ("assistant", "Red, green and blue."), ("user", "Now name three animals.")]
_TURNS = [{"role": role, "content": text} for role, text in TALK]
_CONTENTS = [{"role": "model" if role == "assistant" else role, "parts": [{"text": text}]} for role, text in TALK]
_ITEMS = [  # in full: llama.cpp takes an assistant's words in no shorter form
    {"type": "message", "role": role, "content": [{"type": "output_text" if role == "assistant" else "input_text", "text": text}]}
    | ({"id": "msg_1", "status": "completed"} if role == "assistant" else {})
    for role, text in TALK
]
_LIMITS = {"temperature": 0, "top_p": 1}
# The same conversation in each client's own words: the path (the stream's for Gemini comes from it), and the body.
ASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "anthropic": ("/v1/messages", {"system": SYSTEM, "messages": _TURNS, "max_tokens": 24, **_LIMITS}),
    "openai-chat": (
        "/v1/chat/completions",
        {"messages": [{"role": "system", "content": SYSTEM}, *_TURNS], "max_completion_tokens": 24, **_LIMITS},
    ),
    "openai-responses": ("/v1/responses", {"instructions": SYSTEM, "input": _ITEMS, "max_output_tokens": 24, **_LIMITS}),
    "gemini": (
        "/v1beta/models/smollm2:",
        {
            "systemInstruction": {"parts": [{"text": SYSTEM}]},
            "contents": _CONTENTS,
            "generationConfig": {"maxOutputTokens": 24, "temperature": 0, "topP": 1},
        },
    ),
}


def _post(url: str, token: str, body: dict[str, Any]) -> bytes:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=120) as response:
        return bytes(response.read())


def _said(running: Running, client: str, upstream: str, *, streamed: bool) -> str:
    """The text of the answer, as a client of this protocol understands it."""
    path, body = ASKS[client]
    if client == "gemini":
        path += "streamGenerateContent?alt=sse" if streamed else "generateContent"
    else:
        body = {**body, "model": "smollm2", "stream": streamed}
    data = _post(running.url + path, running.tokens[upstream], body)
    spoken = codec(client)  # type: ignore[arg-type]  # a protocol's name
    answer = fold(read_stream(spoken, data), spoken.name) if streamed else spoken.read_response(json.loads(data))
    return "".join(part.text for part in answer.parts if isinstance(part, Text))


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_every_client_hears_the_same(axonhub: Running, upstream: str) -> None:
    """One conversation at temperature 0: the same text through all four protocols, streamed and whole, and straight from the
    server."""
    said = {
        (client, streamed): _said(axonhub, client, upstream, streamed=streamed) for client in ASKS for streamed in (False, True)
    }
    assert len(set(said.values())) == 1, said
    assert said["anthropic", True].strip()


def test_every_upstream_is_asked_the_same(axonhub: Running, model_server: Running) -> None:
    """The server's three protocols are three ways to one prompt: what it says does not depend on which one we speak to it."""
    direct = json.loads(_post(f"{model_server.url}/v1/chat/completions", "", {**ASKS["openai-chat"][1], "model": "smollm2"}))
    through = {upstream: _said(axonhub, "anthropic", upstream, streamed=True) for upstream in UPSTREAMS}
    assert set(through.values()) == {direct["choices"][0]["message"]["content"]}, through

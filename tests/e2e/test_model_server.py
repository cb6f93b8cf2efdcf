"""A real model (llama.cpp, 135M parameters) behind axonhub: every client protocol against each of the three that it speaks.

What the model says is nobody's promise; that the official SDKs can read all of it is.
"""

from collections.abc import Iterator
from contextlib import closing

import anthropic
import openai
import pytest

from tests.e2e.processes import Running, end, start_axonhub, three_channels

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

    llama.cpp's own Responses stream lacks fields that the SDK's accumulating helper wants; it passes as it came, so it is read
    plainly.
    """
    with closing(openai.OpenAI(base_url=f"{axonhub.url}/v1", api_key=axonhub.tokens[upstream], max_retries=0)) as client:
        whole = client.responses.create(model="smollm2", max_output_tokens=24, input=PROMPT, store=False)
        if upstream == "openai-responses":
            events = list(client.responses.create(model="smollm2", max_output_tokens=24, input=PROMPT, store=False, stream=True))
        else:
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

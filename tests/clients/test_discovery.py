"""What is found by itself: variables by name, servers by what they answer."""

import socket

import pytest

from axonhub_cli.clients import discovery
from tests.cli.local_server import model_server


def test_one_variable_is_one_channel() -> None:
    """Several presets share a variable: the first one is proposed, in the order of the presets."""
    found, remarks = discovery.variables(
        {"OPENAI_API_KEY": "k", "ZAI_API_KEY": "k", "AXONHUB_API_KEY": "ah-x", "GROQ_API_KEY": " "}
    )
    assert [(item.type, item.secret) for item in found] == [("openai", "env:OPENAI_API_KEY"), ("zai", "env:ZAI_API_KEY")]
    assert remarks == []


def test_the_vendors_own_address_is_no_other_address() -> None:
    """A base URL that names the provider itself does not keep the key from being proposed."""
    found, _ = discovery.variables({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "https://api.openai.com/v1"})
    assert [item.type for item in found] == ["openai"]


def test_the_usual_ports() -> None:
    """Ollama, LM Studio, llama.cpp, vLLM and SGLang are looked for where they listen by default."""
    assert discovery.usual() == {11434: "ollama", 1234: "lmstudio", 8080: "llamacpp", 8000: "vllm", 30000: "sglang"}


@pytest.mark.parametrize("body", [{"data": "x"}, {"data": [{"name": "x"}]}, {}, [], "text", None])
def test_other_servers_are_left_alone(body: object) -> None:
    """What does not answer like a model server is none."""
    with model_server("m") as server:
        server.answers["/v1/models"] = body
        assert discovery.servers([server.url], scan=False) == []


def test_a_closed_port_is_nothing() -> None:
    """No listener, no channel."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert discovery.servers([f"http://127.0.0.1:{port}"], scan=False) == []


def test_a_long_list_is_left_to_the_server() -> None:
    """A server with very many models becomes a channel without a list."""
    with model_server(*(f"m{number}" for number in range(60)), owner="vllm") as server:
        (found,) = discovery.servers([server.url, server.url + "/v1"], scan=False)
    assert (found.type, found.models, found.base_url) == ("vllm", (), server.url)


def test_googles_other_variable_counts_too() -> None:
    """`GOOGLE_API_KEY` is as usual as `GEMINI_API_KEY`; with both there is one channel, of the latter."""
    found, _ = discovery.variables({"GOOGLE_API_KEY": "k"})
    assert [(item.type, item.secret) for item in found] == [("gemini", "env:GOOGLE_API_KEY")]
    found, _ = discovery.variables({"GOOGLE_API_KEY": "k", "GEMINI_API_KEY": "k"})
    assert [(item.type, item.secret) for item in found] == [("gemini", "env:GEMINI_API_KEY")]


def test_a_provider_without_one_address_is_only_told_of() -> None:
    """Azure's key says nothing of where the resource is."""
    found, (remark,) = discovery.variables({"AZURE_OPENAI_API_KEY": "k"})
    assert found == []
    assert "--type azure --base-url https://RESOURCE" in remark

"""A channel's endpoints: presets, overrides, and addresses as people paste them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.config.presets import PRESETS, endpoints, normalise, quirks, url
from axonhub_cli.config.providers import COMPATIBLE
from axonhub_cli.config.schema import Channel
from axonhub_cli.errors import ConfigError
from axonhub_cli.types.quirks import Quirks


def made(type: str, base: str | None = None, **more: object) -> Channel:
    return Channel(name="x", type=type, base_url=base, **more)  # type: ignore[arg-type]


# base_url as written, Anthropic's root, OpenAI's base
ADDRESSES = [
    ("http://127.0.0.1:9", "http://127.0.0.1:9", "http://127.0.0.1:9/v1"),
    ("http://127.0.0.1:9/", "http://127.0.0.1:9", "http://127.0.0.1:9/v1"),
    ("HTTPS://h/v1", "https://h", "https://h/v1"),
    ("https://h/v1/", "https://h", "https://h/v1"),
    ("https://h//v1//", "https://h", "https://h/v1"),
    ("https://h/v1/v1", "https://h", "https://h/v1"),
    ("https://h/v1/messages", "https://h", "https://h/v1"),
    ("https://h/v1/messages/count_tokens", "https://h", "https://h/v1"),
    ("https://h/v1/chat/completions", "https://h", "https://h/v1"),
    ("https://h/v1/responses/", "https://h", "https://h/v1"),
    ("https://h/v1/models", "https://h", "https://h/v1"),
    ("https://h/anthropic", "https://h/anthropic", "https://h/anthropic/v1"),
    ("https://h/anthropic/v1/messages", "https://h/anthropic", "https://h/anthropic/v1"),
    ("https://h/api/paas/v4", "https://h/api/paas/v4", "https://h/api/paas/v4"),
    ("https://h/v1beta/openai/", "https://h/v1beta/openai", "https://h/v1beta/openai"),
    ("https://h/inference/chat/completions", "https://h/inference", "https://h/inference"),
    ("http://[::1]:8080/v1", "http://[::1]:8080", "http://[::1]:8080/v1"),
    ("http://box:1", "http://box:1", "http://box:1/v1"),
    ("http://192.168.1.2/v1", "http://192.168.1.2", "http://192.168.1.2/v1"),
    ("http://host.docker.internal:1", "http://host.docker.internal:1", "http://host.docker.internal:1/v1"),
]


@pytest.mark.parametrize(("written", "anthropic", "openai"), ADDRESSES)
def test_an_address_is_understood_however_it_is_written(written: str, anthropic: str, openai: str) -> None:
    """With or without /v1, a slash or the operation's path: the endpoint is the same, and /v1 is never doubled."""
    assert normalise("anthropic", written) == anthropic
    assert normalise("openai-chat", written) == normalise("openai-responses", written) == openai
    assert endpoints(made("anthropic", written))["anthropic"].base_url == anthropic
    assert endpoints(made("openai-chat", written))["openai-chat"].base_url == openai


@pytest.mark.parametrize(
    ("written", "base"),
    [
        ("https://h", "https://h/v1beta"),
        ("https://h/v1beta/", "https://h/v1beta"),
        ("https://h/v1", "https://h/v1"),
        ("https://h/gemini", "https://h/gemini/v1beta"),
        ("https://h/v1beta/models", "https://h/v1beta"),
        ("https://h/v1beta/models/x:generateContent", "https://h/v1beta"),
    ],
)
def test_geminis_address(written: str, base: str) -> None:
    """It ends in a version, the beta one where none is given; an operation's path is understood."""
    endpoint = endpoints(made("gemini", written))["gemini"]
    assert endpoint.base_url == base
    assert url(endpoint, "/v1beta/models/x:countTokens") == f"{base}/models/x:countTokens"
    assert url(endpoint, "/v1/models") == f"{base}/models"


@given(
    st.sampled_from(["anthropic", "openai-chat", "openai-responses"]),
    st.lists(st.sampled_from(["v1", "v4", "api", "anthropic", "messages", "chat", "completions", ""]), max_size=5),
)
def test_what_is_normal_stays_as_it_is(protocol: str, segments: list[str]) -> None:
    """Normalising twice changes nothing more, whatever the path, and leaves neither a double /v1 nor a slash at the end."""
    once = normalise(protocol, "https://h/" + "/".join(segments))  # type: ignore[arg-type]
    assert "/v1/v1" not in once or "/v1/v1/" in once
    assert not once.endswith("/")
    if not once.endswith(("messages", "completions")):  # those look like an operation again
        assert normalise(protocol, once) in (once, once.removesuffix("/v1"), once + "/v1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("", "no web address"),
        ("localhost:8080", "no web address"),
        ("ftp://h", "no web address"),
        ("https://", "no web address"),
        ("https://h:port", "cannot be read"),
        ("https://[::1", "cannot be read"),
        ("https://h/a b", "white space"),
        ("https://h/\n", "white space"),
        ("https://me:pw@h", "user name or password"),
        ("https://h/?key=1", "query"),
        ("https://h/#a", "query or fragment"),
        ("http://example.com", "unencrypted"),
        ("http://8.8.8.8/v1", "unencrypted"),
        ("http://[2606:4700::1]/v1", "unencrypted"),
        ("http://0.0.0.0/v1", "unencrypted"),
    ],
)
def test_an_address_that_cannot_be_is_refused_with_the_remedy(written: str, what: str) -> None:
    """Each refusal says what is wrong and what to write, and repeats no password."""
    with pytest.raises(ConfigError, match=what) as caught:
        normalise("anthropic", written)
    assert caught.value.hint
    assert "pw" not in str(caught.value)


OPERATIONS = [
    ("anthropic", "/v1/messages", "https://h/v1/messages"),
    ("anthropic", "/v1/messages/count_tokens", "https://h/v1/messages/count_tokens"),
    ("anthropic", "/v1/models", "https://h/v1/models"),
    ("openai-chat", "/v1/chat/completions", "https://h/v1/chat/completions"),
    ("openai-responses", "/v1/responses", "https://h/v1/responses"),
    ("openai-chat", "/v1/models", "https://h/v1/models"),
]


@pytest.mark.parametrize(("protocol", "path", "expected"), OPERATIONS)
def test_an_operation_has_one_address(protocol: str, path: str, expected: str) -> None:
    """The operation's usual path is joined to the base without a second /v1."""
    for base in ("https://h", "https://h/v1/", expected):
        (endpoint,) = endpoints(made(protocol, base)).values()
        assert url(endpoint, path) == expected


def test_a_vendors_own_version_path_is_kept() -> None:
    """Z.ai's Chat is below /paas/v4."""
    chat = endpoints(made("zai"))["openai-chat"]
    assert url(chat, "/v1/chat/completions") == "https://api.z.ai/api/paas/v4/chat/completions"


# type, base_url, endpoints by protocol
MOVED = [
    ("ollama", "http://box:1", {"anthropic": "http://box:1", "openai-chat": "http://box:1/v1", "openai-responses": "http://box:1/v1"}),
    ("ollama", "http://box:1/v1", {"anthropic": "http://box:1", "openai-chat": "http://box:1/v1", "openai-responses": "http://box:1/v1"}),
    ("openai", "https://eu.api.openai.com/v1", {"openai-chat": "https://eu.api.openai.com/v1", "openai-responses": "https://eu.api.openai.com/v1"}),
    ("openai", "https://h/api/v4", {"openai-chat": "https://h/api/v4", "openai-responses": "https://h/api/v4"}),
    ("moonshot", "https://api.moonshot.cn", {"anthropic": "https://api.moonshot.cn/anthropic", "openai-chat": "https://api.moonshot.cn/v1"}),
    ("moonshot", "https://api.moonshot.cn/v1", {"openai-chat": "https://api.moonshot.cn/v1"}),
    ("moonshot", "https://api.moonshot.cn/anthropic/", {"anthropic": "https://api.moonshot.cn/anthropic"}),
    ("moonshot", "https://h/anthropic/v1/messages", {"anthropic": "https://h/anthropic"}),
    ("deepseek", "https://h/v1/messages", {"anthropic": "https://h"}),
    ("deepseek", "https://h/chat/completions", {"openai-chat": "https://h"}),
    ("zai", "https://api.z.ai/api/coding/paas/v4", {"openai-chat": "https://api.z.ai/api/coding/paas/v4"}),
    ("axonhub", "https://hub.example", {
        "anthropic": "https://hub.example/anthropic", "openai-chat": "https://hub.example/v1", "openai-responses": "https://hub.example/v1",
    }),
    ("axonhub", "https://hub.example/v1", {"openai-chat": "https://hub.example/v1", "openai-responses": "https://hub.example/v1"}),
    ("groq", "https://h/openai/v1", {"openai-chat": "https://h/openai/v1"}),
]  # fmt: skip


@pytest.mark.parametrize(("type", "base", "expected"), MOVED)
def test_one_base_url_moves_the_endpoints_that_it_can_mean(type: str, base: str, expected: dict[str, str]) -> None:
    """A bare root moves all of a preset's endpoints; a path that belongs to some of them leaves those only."""
    assert {key: each.base_url for key, each in endpoints(made(type, base)).items()} == expected


def test_base_urls_move_single_protocols_and_add_missing_ones() -> None:
    """What is given by protocol wins; a protocol that the preset does not have is taken as the plain one."""
    found = endpoints(made("groq", base_urls={"anthropic": "https://h/v1", "openai-chat": "https://g/v1"}))
    assert {key: each.base_url for key, each in found.items()} == {"openai-chat": "https://g/v1", "anthropic": "https://h"}
    assert found["openai-chat"].quirks == PRESETS["groq"].endpoints["openai-chat"].quirks
    assert (found["anthropic"].quirks, found["anthropic"].auth) == (Quirks(cache_control=True), "x-api-key")


def test_a_foreign_chat_server_is_taken_as_a_compatible_one() -> None:
    """Bare openai-chat at its vendor's has the vendor's facts; elsewhere it is a server that imitates it."""
    assert endpoints(made("openai-chat"))["openai-chat"].quirks == Quirks()
    assert endpoints(made("openai-chat", "https://api.openai.com"))["openai-chat"].quirks == Quirks()
    assert endpoints(made("openai-chat", "http://127.0.0.1:8000"))["openai-chat"].quirks == COMPATIBLE
    assert endpoints(made("openai-responses", "http://127.0.0.1:8000"))["openai-responses"].quirks == Quirks()


def test_quirks_of_the_channel_win_over_the_presets() -> None:
    """Single facts are replaced on every endpoint; lists become tuples; the rest stays."""
    found = endpoints(made("deepseek", quirks={"images": True, "efforts": ["high"], "max_output_tokens": 8192}))
    for protocol, endpoint in found.items():
        preset = PRESETS["deepseek"].endpoints[protocol].quirks
        assert (endpoint.quirks.images, endpoint.quirks.efforts, endpoint.quirks.max_output_tokens) == (True, ("high",), 8192)
        assert endpoint.quirks.replay_reasoning == preset.replay_reasoning


def test_wrong_quirks_and_types_are_sentences() -> None:
    """A fact or type that does not exist, or has another type, is named together with the choice."""
    with pytest.raises(ConfigError, match="no quirk 'imagse'"):
        quirks(Quirks(), {"imagse": True})
    with pytest.raises(ConfigError, match="wrong quirk"):
        quirks(Quirks(), {"images": "no"})
    with pytest.raises(ConfigError, match="no channel type 'nope'") as caught:
        endpoints(made("nope"))
    assert "deepseek" in str(caught.value.hint)


def test_azure_keeps_its_path_at_the_users_own_resource() -> None:
    """Only the host is replaced; both protocols are below /openai/v1."""
    found = endpoints(Channel(name="a", type="azure", base_url="https://mine.openai.azure.com"))
    assert {each.base_url for each in found.values()} == {"https://mine.openai.azure.com/openai/v1"}
    assert list(found) == ["openai-responses", "openai-chat"]

"""The providers that we know, as data: where they are, what they speak, what they refuse, and where that is documented.

A fact stands here once. `sources` are the pages that say so; a quirk that is not documented there says in a comment where it
comes from. Models are named only where an endpoint lists none. Add a provider by adding an entry; no code knows a name.
"""

from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from ..types.messages import Protocol
from ..types.quirks import Quirks

Auth: TypeAlias = Literal["x-api-key", "bearer"]


class Endpoint(Struct, frozen=True):
    """One protocol at one address.

    `base_url` is normalised: Anthropic's is the root before `/v1`, OpenAI's ends in `/v1` or the vendor's own version path,
    neither in a slash. `auth` is the header that carries the secret.
    """

    protocol: Protocol
    base_url: str
    quirks: Quirks
    auth: Auth = "bearer"


class Preset(Struct, frozen=True, kw_only=True):
    """A provider. `env` is its usual environment variable; `local` means that it needs no secret; `url` is where keys are made.

    `root` is what its endpoints' addresses share: a channel that only names another host replaces it.
    """

    name: str
    title: str
    root: str
    endpoints: dict[Protocol, Endpoint]
    env: str | None = None
    local: bool = False
    models: tuple[str, ...] = ()
    url: str | None = None
    sources: tuple[str, ...] = ()


# What servers that imitate Chat Completions have in common: they know the parameters of 2023, and some refuse what came later.
COMPATIBLE = Quirks(
    max_tokens_field="max_tokens",
    developer_role=False,
    cache_key=False,
    service_tier=False,
    verbosity=False,
    metadata=False,
)  # fmt: skip
# Servers that imitate Messages: thinking has a budget at most, adaptive thinking and effort are Anthropic's own.
_MESSAGES = Quirks(adaptive=False, service_tier=False)
# Servers that imitate Responses: function tools only, nothing is stored, ids and encrypted reasoning mean nothing to them.
_RESPONSES = Quirks(native_responses=False, cache_key=False, service_tier=False, verbosity=False, metadata=False)


def _anthropic(base_url: str, quirks: Quirks = _MESSAGES, auth: Auth = "x-api-key") -> Endpoint:
    return Endpoint("anthropic", base_url, quirks, auth)


def _chat(base_url: str, quirks: Quirks = COMPATIBLE) -> Endpoint:
    return Endpoint("openai-chat", base_url, quirks)


def _responses(base_url: str, quirks: Quirks = _RESPONSES) -> Endpoint:
    return Endpoint("openai-responses", base_url, quirks)


def _all(*endpoints: Endpoint) -> dict[Protocol, Endpoint]:
    return {endpoint.protocol: endpoint for endpoint in endpoints}


_VENDORS = (
    Preset(
        name="anthropic",
        title="Anthropic",
        root="https://api.anthropic.com",
        endpoints=_all(_anthropic("https://api.anthropic.com", Quirks())),
        env="ANTHROPIC_API_KEY",
        url="https://platform.claude.com/settings/keys",
        sources=("https://docs.claude.com/en/api/overview",),
    ),
    Preset(
        name="openai",
        title="OpenAI",
        root="https://api.openai.com",
        endpoints=_all(_responses("https://api.openai.com/v1", Quirks()), _chat("https://api.openai.com/v1", Quirks())),
        env="OPENAI_API_KEY",
        url="https://platform.openai.com/api-keys",
        sources=("https://platform.openai.com/docs/api-reference",),
    ),
    Preset(
        name="openai-chat",
        title="OpenAI Chat Completions, or any server that speaks it",
        root="https://api.openai.com",
        endpoints=_all(_chat("https://api.openai.com/v1", Quirks())),
        env="OPENAI_API_KEY",
        sources=("https://platform.openai.com/docs/api-reference/chat",),
    ),
    Preset(
        name="openai-responses",
        title="OpenAI Responses, or any server that speaks it",
        root="https://api.openai.com",
        endpoints=_all(_responses("https://api.openai.com/v1", Quirks())),
        env="OPENAI_API_KEY",
        sources=("https://platform.openai.com/docs/api-reference/responses",),
    ),
)

_HOSTED = (
    Preset(
        name="deepseek",
        title="DeepSeek",
        root="https://api.deepseek.com",
        endpoints=_all(
            _anthropic("https://api.deepseek.com/anthropic", replace(_MESSAGES, images=False, documents=False)),
            _chat(
                "https://api.deepseek.com/v1",
                replace(COMPATIBLE, replay_reasoning=True, json_schema=False, images=False, documents=False, parallel_flag=False),
            ),
        ),
        env="DEEPSEEK_API_KEY",
        url="https://platform.deepseek.com/api_keys",
        sources=(
            "https://api-docs.deepseek.com/guides/anthropic_api",
            "https://api-docs.deepseek.com/api/create-chat-completion",
        ),
    ),
)

_LOCAL = (
    Preset(
        name="ollama",
        title="Ollama",
        root="http://127.0.0.1:11434",
        endpoints=_all(
            _anthropic("http://127.0.0.1:11434"), _chat("http://127.0.0.1:11434/v1"), _responses("http://127.0.0.1:11434/v1")
        ),
        local=True,
        sources=("https://docs.ollama.com/api/anthropic-compatibility", "https://docs.ollama.com/api/openai-compatibility"),
    ),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (*_VENDORS, *_HOSTED, *_LOCAL)}

"""What a provider is, as data (the entries are in `providers`), and what families of them have in common."""

from typing import Literal, TypeAlias

from msgspec import Struct

from ..types.messages import Protocol
from ..types.quirks import Quirks

Auth: TypeAlias = Literal["x-api-key", "x-goog-api-key", "bearer"]


class Endpoint(Struct, frozen=True):
    """One protocol at one address.

    `base_url` is normalised: Anthropic's is the root before `/v1`, OpenAI's ends in `/v1` or the vendor's own version path,
    Gemini's in `/v1beta`, none in a slash. `auth` is the header that carries the secret.
    """

    protocol: Protocol
    base_url: str
    quirks: Quirks
    auth: Auth = "bearer"


class Preset(Struct, frozen=True, kw_only=True):
    """A provider. `env` is its usual environment variable, `more_env` others that are usual too; `local` means that it needs no
    secret; `url` is where keys are made.

    `root` is what its endpoints' addresses share: a channel that only names another host replaces it. `moves` means that every
    user has an address of his own, so that a channel must name it.
    """

    name: str
    title: str
    root: str
    endpoints: dict[Protocol, Endpoint]
    env: str | None = None
    more_env: tuple[str, ...] = ()
    local: bool = False
    moves: bool = False
    models: tuple[str, ...] = ()
    url: str | None = None
    sources: tuple[str, ...] = ()


# What servers that imitate Chat Completions have in common: they know the parameters of 2023, and some refuse what came later.
# Many a model's template refuses every system message but the first.
COMPATIBLE = Quirks(
    max_tokens_field="max_tokens",
    developer_role=False,
    late_system=False,
    cache_key=False,
    service_tier=False,
    verbosity=False,
    metadata=False,
)  # fmt: skip
# Servers that imitate Messages: thinking has a budget at most; adaptive thinking, effort, system messages in mid-conversation and
# hosted tools are Anthropic's own.
MESSAGES = Quirks(adaptive=False, late_system=False, service_tier=False, hosted_tools=False)
# Servers that imitate Responses: function tools only, nothing is stored, ids and encrypted reasoning mean nothing to them.
RESPONSES = Quirks(native_responses=False, cache_key=False, service_tier=False, verbosity=False, metadata=False)


def messages_at(base_url: str, quirks: Quirks = MESSAGES, auth: Auth = "x-api-key") -> Endpoint:
    return Endpoint("anthropic", base_url, quirks, auth)


def chat_at(base_url: str, quirks: Quirks = COMPATIBLE) -> Endpoint:
    return Endpoint("openai-chat", base_url, quirks)


def responses_at(base_url: str, quirks: Quirks = RESPONSES) -> Endpoint:
    return Endpoint("openai-responses", base_url, quirks)


def by_protocol(*endpoints: Endpoint) -> dict[Protocol, Endpoint]:
    return {endpoint.protocol: endpoint for endpoint in endpoints}

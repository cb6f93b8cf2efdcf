"""From a channel to its endpoints: the preset's data, the channel's overrides, and addresses as people really paste them.

A `base_url` may come with or without `/v1`, with a trailing slash, or with the whole path of an operation (`…/v1/messages`,
`…/chat/completions`): all mean the same endpoint, and `/v1` never appears twice. For a preset with several protocols one
`base_url` counts for all of them when it is a bare root (`https://api.moonshot.cn`), and otherwise only for those whose own path
it ends in (`https://api.moonshot.cn/v1` is Chat; the `/anthropic` beside it would be a guess).
"""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from msgspec import ValidationError, convert
from msgspec.structs import asdict, replace

from ..errors import ConfigError
from ..types.messages import Protocol
from ..types.quirks import Quirks
from .providers import COMPATIBLE, PRESETS, Endpoint, Preset
from .schema import Channel

__all__ = ["PRESETS", "Endpoint", "Preset", "endpoints", "normalise", "quirks", "url"]

_OPERATIONS = ("/chat/completions", "/completions", "/responses", "/messages/count_tokens", "/messages", "/models")
_VERSION = re.compile(r"v\d+[a-z0-9]*")
_GEMINI_CALL = re.compile(r"/models/[^/]+:[A-Za-z]+\Z")
_PRIVATE_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".test")


_KNOWN: dict[int, tuple[Channel, dict[Protocol, Endpoint]]] = {}  # by identity: every request asks for the same few


def endpoints(channel: Channel) -> dict[Protocol, Endpoint]:
    """The channel's endpoints by protocol, the preferred one first; not to be changed. `ConfigError` for a type or address that
    cannot be."""
    known = _KNOWN.get(id(channel))
    if known is not None and known[0] is channel:
        return known[1]
    if len(_KNOWN) >= 256:
        _KNOWN.clear()
    found = _endpoints(channel)
    _KNOWN[id(channel)] = channel, found
    return found


def _endpoints(channel: Channel) -> dict[Protocol, Endpoint]:
    preset = PRESETS.get(channel.type)
    if preset is None:
        raise ConfigError(f"there is no channel type {channel.type!r}", hint=f"Types: {', '.join(PRESETS)}.")
    found = dict(preset.endpoints)
    if channel.base_url is not None:
        found = _moved(preset, channel.base_url)
    for protocol, base in channel.base_urls.items():
        found[protocol] = _at(preset, protocol, normalise(protocol, base))
    if channel.quirks:
        found = {key: replace(each, quirks=quirks(each.quirks, channel.quirks)) for key, each in found.items()}
    return found


def url(endpoint: Endpoint, path: str) -> str:
    """The address of an operation, given by its usual path (`/v1/messages`, `/v1/models`, …)."""
    if endpoint.protocol == "anthropic":
        return endpoint.base_url + path
    if endpoint.protocol == "gemini":
        path = path.removeprefix("/v1beta")
    return endpoint.base_url + path.removeprefix("/v1")


def quirks(base: Quirks, overrides: dict[str, object]) -> Quirks:
    """The quirks with single facts replaced. `ConfigError` for a fact that does not exist or has another type."""
    known = asdict(base)
    unknown = next((key for key in overrides if key not in known), None)
    if unknown is not None:
        raise ConfigError(f"there is no quirk {unknown!r}", hint=f"Quirks: {', '.join(known)}.")
    try:
        return convert({**known, **overrides}, Quirks)
    except ValidationError as error:
        raise ConfigError(f"wrong quirk: {error}") from None


def normalise(protocol: Protocol, base: str) -> str:
    """An address as this program writes it. `ConfigError` (without a place) when it cannot be used, with the remedy."""
    return _form(protocol, *_split(base))


def _split(base: str) -> tuple[SplitResult, str, bool]:
    """The parsed address, its path without slashes at the end and without an operation, and whether there was an operation."""
    parts = _checked(base)
    path = _GEMINI_CALL.sub("/models", re.sub("/{2,}", "/", parts.path).rstrip("/"))
    for operation in _OPERATIONS:
        if path.endswith(operation):
            return parts, path.removesuffix(operation), True
    return parts, path, False


def _form(protocol: Protocol, parts: SplitResult, path: str, exact: bool) -> str:
    while path.endswith("/v1/v1"):
        path = path.removesuffix("/v1")
    if protocol == "anthropic":
        path = path.removesuffix("/v1")
    elif not exact and not any(_VERSION.fullmatch(segment) for segment in path.split("/")):
        path += "/v1beta" if protocol == "gemini" else "/v1"
    return f"{parts.scheme.lower()}://{parts.netloc}{path}"


def _moved(preset: Preset, base: str) -> dict[Protocol, Endpoint]:
    """The preset's endpoints at another address."""
    if len(preset.endpoints) == 1:
        (protocol,) = preset.endpoints
        return {protocol: _at(preset, protocol, normalise(protocol, base))}
    parts, path, exact = _split(base)
    fitting = _fitting(preset, path)
    if exact and not set(fitting) & set(_by_operation(preset, base)):
        fitting = _by_operation(preset, base)
    if fitting:
        return {key: _at(preset, key, _form(key, parts, path, exact)) for key in fitting}
    root = f"{parts.scheme.lower()}://{parts.netloc}{path}"
    return {
        key: replace(each, base_url=_form(key, parts, path, False) if _usual(preset, each) else root + _suffix(preset, each))
        for key, each in preset.endpoints.items()
    }


def _usual(preset: Preset, endpoint: Endpoint) -> bool:
    """Whether the endpoint is where its protocol always is, right at the root."""
    return _suffix(preset, endpoint) == ("" if endpoint.protocol == "anthropic" else "/v1")


def _fitting(preset: Preset, path: str) -> list[Protocol]:
    """The protocols in whose own path the given one ends, by the longest such path."""
    best = 0
    fitting: list[Protocol] = []
    for protocol, endpoint in preset.endpoints.items():
        suffix = _suffix(preset, endpoint)
        forms = (suffix + "/v1", suffix) if protocol == "anthropic" else (suffix,)
        length = max((len(form) for form in forms if form and path.endswith(form)), default=0)
        if length > best:
            best, fitting = length, [protocol]
        elif length == best > 0:
            fitting.append(protocol)
    return fitting


def _by_operation(preset: Preset, base: str) -> list[Protocol]:
    """The protocols that a pasted operation belongs to."""
    words: dict[Protocol, str] = {"anthropic": "/messages", "openai-chat": "/completions", "openai-responses": "/responses"}
    return [key for key in preset.endpoints if words.get(key, "\n") in base] or list(preset.endpoints)


def _suffix(preset: Preset, endpoint: Endpoint) -> str:
    return endpoint.base_url.removeprefix(preset.root)


def _at(preset: Preset, protocol: Protocol, base: str) -> Endpoint:
    """An endpoint of the preset at another address; one that the preset does not have is taken as the plain protocol.

    A bare `openai-chat` elsewhere than at its vendor's is some server that imitates it.
    """
    own = preset.endpoints.get(protocol)
    plain = PRESETS[protocol].endpoints[protocol]
    if protocol == "openai-chat" and own in (None, plain) and base != plain.base_url:
        return replace(plain, base_url=base, quirks=COMPATIBLE)
    return replace(own or plain, base_url=base)


def _checked(base: str) -> SplitResult:
    if any(ord(char) <= 32 or ord(char) == 127 for char in base):
        raise ConfigError("the address contains white space or control characters", hint="Write it as https://host/path.")
    try:
        parts = urlsplit(base)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConfigError("the address cannot be read as a URL", hint="Write it as https://host/path.") from None
    if parts.scheme.lower() not in ("http", "https") or not host:
        raise ConfigError(f"{base!r} is no web address" if "@" not in base else "that is no web address",
                          hint="Write it as https://host/path.")  # fmt: skip
    if parts.username is not None or parts.password is not None:
        raise ConfigError("the address contains a user name or password",
                          hint="Take it out; secrets go into `secrets`: axonhub channel secret NAME")  # fmt: skip
    if parts.query or parts.fragment:
        raise ConfigError(f"{base!r} has a query or fragment, which an endpoint's base cannot have",
                          hint="Leave out what follows the path.")  # fmt: skip
    if parts.scheme.lower() == "http" and not _near(host):
        raise ConfigError(f"http://{host} would send your secret and your code unencrypted over the internet",
                          hint=f"Use https://{parts.netloc}, or a tunnel that ends on 127.0.0.1.")  # fmt: skip
    return parts


def _near(host: str) -> bool:
    """Whether the host is on this machine or in a private network."""
    try:
        address = ip_address(host.split("%")[0])
    except ValueError:
        return "." not in host or host.endswith(_PRIVATE_NAMES)
    return not address.is_global and not address.is_multicast and not address.is_unspecified

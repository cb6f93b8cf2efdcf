"""From TOML data to a `Config`, with errors that know the path of what is wrong and say what would be right.

Two steps: `structure` (keys and types, through msgspec; its messages become sentences) and `meaning` (names that must exist,
regexes that must compile, addresses and references that must be well formed). Both raise a `Fault`; `store` turns its path into
file and line.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias, get_args

import msgspec
from msgspec.structs import fields

from ..errors import ConfigError, SecretError
from ..types.messages import Protocol
from ..types.override import BodyOverride, HeaderOverride, wrong
from ..types.price import Price
from . import otlp, schema
from .presets import PRESETS, endpoints, normalise, quirks
from .refs import parse_ref
from .schema import Channel, Config, Profile

Path: TypeAlias = tuple[str | int, ...]  # keys and indexes, from the top of the file

_TABLES: dict[str, type[msgspec.Struct]] = {
    "": Config,
    "server": schema.Server,
    "trace": schema.Trace,
    "trace.otlp": schema.Otlp,
    "channels.#": Channel,
    "channels.#.timeouts": schema.Timeouts,
    "channels.#.limits": schema.ChannelLimits,
    "channels.#.body_overrides.#": BodyOverride,
    "channels.#.header_overrides.#": HeaderOverride,
    "limits": schema.Limits,
    "limits.trace": schema.Budget,
    "limits.key": schema.Budget,
    "limits.day": schema.Budget,
    "profiles.#": Profile,
    "profiles.#.mappings.#": schema.Mapping,
    "prices.#": Price,
}
_WORDS = {"int": "an integer", "float": "a number", "str": "a string", "bool": "true or false", "array": "a list",
          "object": "a table", "null": "nothing", "datetime": "a date and time", "date": "a date", "time": "a time"}  # fmt: skip
_SECRET_KEYS = ("api_key", "apikey", "key", "token", "secret", "password")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Fault(Exception):
    """Something wrong at a path of the data: a sentence without its place, and what to do."""

    def __init__(self, path: Path, text: str, hint: str | None = None) -> None:
        super().__init__(text)
        self.path = path
        self.text = text
        self.hint = hint


def nearest(name: str, known: Iterable[str], what: str = "") -> str:
    """What to do about a name that does not exist: the nearest one that does, or all of them."""
    import difflib

    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"{what or 'Known'}: {', '.join(names)}." if names else f"{what or 'Known'}: none."


def structure(data: dict[str, Any]) -> Config:
    """The data as a `Config`. Raises a `Fault` for unknown or missing keys and wrong types."""
    try:
        return msgspec.convert(data, Config)
    except msgspec.ValidationError as error:
        raise _translated(str(error), data) from None


def meaning(config: Config) -> None:
    """Check what types cannot say. Raises a `Fault`."""
    _channels(config)
    for index, pattern in enumerate(config.trace.redact):
        _pattern(("trace", "redact", index), pattern)
    if config.trace.otlp is not None and (found := otlp.wrong(config.trace.otlp)) is not None:
        key, text, hint = found
        raise Fault(("trace", "otlp", *key), text, hint)
    for name, profile in config.profiles.items():
        _profile(config, name, profile)
    if config.profile is not None and config.profile not in config.profiles:
        hint = nearest(config.profile, config.profiles, "Profiles")
        raise Fault(("profile",), f"the active profile {config.profile!r} does not exist.", hint)


# Structure: msgspec's messages as sentences.


def _translated(message: str, data: dict[str, Any]) -> Fault:
    text, _, where = message.partition(" - at ")
    path = tuple(_resolved(re.findall(r"\.([A-Za-z_]\w*)|\[(\d+|\.\.\.)\]", where), data))
    if match := re.fullmatch(r"Object contains unknown field `(.*)`", text, re.DOTALL):
        return _unknown(path, match[1])
    if match := re.fullmatch(r"Object missing required field `(.*)`", text):
        return Fault(path, f"the key {match[1]!r} is missing.", f"Add: {match[1]} = …")
    if where.startswith("`key`"):
        bad = next((key for key in _at(data, path) if key not in get_args(Protocol)), "")
        return Fault((*path, bad), f"{bad!r} is no protocol.", nearest(bad, get_args(Protocol), "Protocols"))
    return _wrong_type(path, text, _at(data, path))


def _resolved(steps: list[tuple[str, str]], data: Any) -> Iterator[str | int]:
    """The steps as keys and indexes. msgspec says `[...]` for any key of a dictionary: it is the first one that fails."""
    done: tuple[str | int, ...] = ()
    for key, index in steps:
        step: str | int = key or (index if index == "..." else int(index))
        if step == "...":
            step = _failing(done, data)
        done = (*done, step)
        data = data[step]
        yield step


def _failing(path: Path, items: dict[str, Any]) -> str:
    kind: Any = Profile if path == ("profiles",) else Price if path == ("prices",) else str
    for name, item in items.items():
        try:
            msgspec.convert(item, kind)
        except msgspec.ValidationError:
            return name
    raise AssertionError(path)  # msgspec said that one of them fails


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def _unknown(path: Path, key: str) -> Fault:
    table = _TABLES[".".join("#" if _is_name(path, i) else str(step) for i, step in enumerate(path))]
    names = [item.name for item in fields(table)]
    if table is Channel and key.lower() in _SECRET_KEYS:
        hint = "Secrets do not belong in this file: remove it, then run `axonhub channel secret NAME`."
    else:
        hint = nearest(key, names, "Keys")
    return Fault((*path, key), f"unknown key {key!r}.", hint)


def _is_name(path: Path, index: int) -> bool:
    """Whether that step is an index or a name that the user gave, rather than a key of ours."""
    return isinstance(path[index], int) or (index == 1 and path[0] in ("profiles", "prices"))


def _wrong_type(path: Path, text: str, value: object) -> Fault:
    name = next((f"{step!r}" for step in reversed(path) if isinstance(step, str)), "the file")
    if match := re.fullmatch(r"Expected `(\w+)(?: \| null)?`, got `(\w+)`", text):
        expected, found = (_WORDS.get(word, word) for word in match.groups())
        item = f"item {path[-1] + 1} of " if path and isinstance(path[-1], int) else ""
        return Fault(path, f"{item}{name} is {found}; expected {expected}.", _example(path))
    if match := re.fullmatch(r"Expected `\w+` (>|>=|<|<=) ([\d.]+)", text):
        words = {">": "more than", ">=": "at least", "<": "less than", "<=": "at most"}[match[1]]
        return Fault(path, f"{name} is {value!r}; expected {words} {match[2].removesuffix('.0')}.")
    return Fault(path, f"{name}: {text}.")


def _example(path: Path) -> str | None:
    examples = {"channels": "Write each channel as [[channels]] with its keys below it.",
                "profiles": "Write each profile as [profiles.NAME] with its keys below it.",
                "mappings": "Write each mapping as [[profiles.NAME.mappings]] with its keys below it."}  # fmt: skip
    return next(
        (examples[step] for step in reversed(path) if isinstance(step, str) and step in examples and path[-1] == step), None
    )


# Meaning.


def _channels(config: Config) -> None:
    seen: dict[str, int] = {}
    for index, channel in enumerate(config.channels):
        path: Path = ("channels", index)
        _name((*path, "name"), channel.name, "channel")
        if channel.name in seen:
            text = f"channel {seen[channel.name] + 1} has the name {channel.name!r} already."
            raise Fault((*path, "name"), text, "Give each channel a name of its own.")
        seen[channel.name] = index
        _channel(path, channel)


def _channel(path: Path, channel: Channel) -> None:
    if channel.type not in PRESETS:
        raise Fault((*path, "type"), f"unknown type {channel.type!r}.", nearest(channel.type, PRESETS, "Types"))
    for index, secret in enumerate(channel.secrets):
        try:
            parse_ref(secret)
        except SecretError as error:
            hint = (error.hint or "").replace("channel secret NAME", f"channel secret {channel.name}")
            raise Fault((*path, "secrets", index), error.message, hint) from None
    _addresses(path, channel)
    _quirks(path, channel)
    _headers(path, channel)
    for key in ("body_overrides", "header_overrides"):
        _overrides((*path, key), getattr(channel, key))


def _addresses(path: Path, channel: Channel) -> None:
    protocol: Protocol = next(iter(PRESETS[channel.type].endpoints))
    preset = PRESETS[channel.type]
    if preset.moves and channel.base_url is None and not channel.base_urls:
        hint = f"Add: base_url = {preset.root.replace('resource', 'RESOURCE')!r}"
        raise Fault((*path, "type"), f"a channel of type {channel.type!r} needs an address of its own.", hint)
    if channel.base_url is not None:
        _address((*path, "base_url"), protocol, channel.base_url)
    for key, base in channel.base_urls.items():
        _address((*path, "base_urls", key), key, base)
    if channel.proxy is not None and not re.fullmatch(r"https?://[^\s/?#]+/?", channel.proxy):
        raise Fault((*path, "proxy"), "'proxy' is no proxy address.", "Write it as http://HOST:PORT.")


def _address(path: Path, protocol: Protocol, base: str) -> None:
    try:
        normalise(protocol, base)
    except ConfigError as error:
        raise Fault(path, f"{error.message}.", error.hint) from None


def _quirks(path: Path, channel: Channel) -> None:
    base = next(iter(endpoints(Channel(name="-", type=channel.type)).values())).quirks
    known = [item.name for item in fields(base)]
    for key, value in channel.quirks.items():
        if key not in known:
            raise Fault((*path, "quirks", key), f"unknown quirk {key!r}.", nearest(key, known, "Quirks"))
        try:
            quirks(base, {key: value})
        except ConfigError as error:
            raise _wrong_quirk((*path, "quirks", key), error.message, value) from None


def _wrong_quirk(path: Path, message: str, value: object) -> Fault:
    text = message.removeprefix("wrong quirk: ").partition(" - at ")[0]
    if text.startswith("Invalid enum value"):
        choices = "'max_tokens' or 'max_completion_tokens'" if "max" in str(path[-1]) else "'reasoning_content' or 'reasoning'"
        return Fault(path, f"{path[-1]!r} is {value!r}; expected {choices}.")
    return _wrong_type(path, text, value)


def _headers(path: Path, channel: Channel) -> None:
    for key, value in channel.headers.items():
        where = (*path, "headers", key)
        if not _HEADER.fullmatch(key):
            raise Fault(where, f"{key!r} cannot be the name of a header.")
        if not value.isprintable() or not value.isascii():
            raise Fault(where, f"the header {key!r} has characters that cannot be sent.", "Use printable ASCII.")


def _overrides(path: Path, items: Iterable[BodyOverride | HeaderOverride]) -> None:
    for index, item in enumerate(items):
        if (found := wrong(item)) is not None:
            key, text, hint = found
            raise Fault((*path, index, key), text, hint)


def _profile(config: Config, name: str, profile: Profile) -> None:
    path: Path = ("profiles", name)
    _name(path, name, "profile")
    for index, channel in enumerate(profile.channels or ()):
        _known_channel((*path, "channels", index), config, channel)
    for index, mapping in enumerate(profile.mappings):
        _mapping((*path, "mappings", index), config, mapping)


def _mapping(path: Path, config: Config, mapping: schema.Mapping) -> None:
    if (mapping.exact is None) == (mapping.regex is None):
        what = "neither 'exact' nor 'regex'" if mapping.exact is None else "both 'exact' and 'regex'"
        raise Fault(path, f"the mapping has {what}.", "Give it one of the two: which model names it is for.")
    if mapping.regex is not None:
        _pattern((*path, "regex"), mapping.regex)
    if not mapping.to:
        raise Fault((*path, "to"), "'to' is empty.", "Name the model that the request should go to.")
    if mapping.channel is not None:
        _known_channel((*path, "channel"), config, mapping.channel)


def _pattern(path: Path, pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        hint = "Write regexes between single quotes, so that backslashes need no doubling."
        raise Fault(path, f"the regex {pattern!r} does not compile: {error}.", hint) from None


def _known_channel(path: Path, config: Config, name: str) -> None:
    if config.channel(name) is None:
        hint = nearest(name, (channel.name for channel in config.channels), "Channels")
        raise Fault(path, f"there is no channel {name!r}.", hint)


def _name(path: Path, name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        hint = "Use letters, digits, dots, dashes and underscores, 64 at most, a letter or digit first."
        raise Fault(path, f"{name!r} cannot be the name of a {what}.", hint)

"""What `config.toml` may say. Everything has a default: an empty file is valid. Unknown keys are errors, located by `store`."""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct, field

from ..types.messages import Protocol
from ..types.override import BodyOverride, HeaderOverride
from ..types.price import Price

Port: TypeAlias = Annotated[int, Meta(ge=1, le=65535)]
Count: TypeAlias = Annotated[int, Meta(ge=1)]
Whole: TypeAlias = Annotated[int, Meta(ge=0)]
Wait: TypeAlias = Annotated[float, Meta(ge=0, le=86400)]  # seconds; 0: not at all
Limit: TypeAlias = Annotated[float, Meta(gt=0, le=86400)]  # seconds


class Server(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[server]`. Times are in seconds."""

    host: str = "127.0.0.1"
    port: Port = 8090
    max_body_mb: Count = 256  # after decompression
    grace: Wait = 20.0  # how long a response may wait for its first real event before it is committed
    ping: Limit = 15.0  # silence after which the client is sent a keep-alive
    drain: Wait = 5.0  # how long a shutdown lets requests finish


class Timeouts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[channels.timeouts]`, in seconds. There is no total: a stream may run as long as it runs."""

    connect: Limit = 10.0
    first_byte: Limit = 300.0
    idle: Limit = 600.0


class Otlp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[trace.otlp]`: spans for an OpenTelemetry collector, as OTLP over HTTP. The values of `headers` are references to secrets,
    with a scheme where one is wanted (`Bearer keyring:NAME`);
    `content`: send what was said, too."""

    endpoint: str
    headers: dict[str, str] = field(default_factory=dict)
    content: bool = False


class Trace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[trace]`; the names follow the AxonHub server's."""

    enabled: bool = True
    claude_code_trace_enabled: bool = True
    codex_trace_enabled: bool = True
    opencode_trace_enabled: bool = True
    extra_trace_headers: tuple[str, ...] = ("Conversation_id",)
    bodies: bool = True
    redact: tuple[str, ...] = ()  # regular expressions: what they find is masked in all that is stored
    retention_days: Whole = 14
    max_size_mb: Count = 1024
    otlp: Otlp | None = None


class ChannelLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[channels.limits]`; 0 is no limit. What is over it goes to another channel, or waits: at most `queue` requests, each for
    at most `wait` seconds."""

    rpm: Whole = 0  # requests a minute
    concurrent: Whole = 0  # requests at a time
    queue: Whole = 16
    wait: Wait = 30.0


class Budget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much may be used; None is no limit. `cost` is in US dollars."""

    cost: Annotated[float, Meta(gt=0)] | None = None
    requests: Count | None = None


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[limits]`: when agents are stopped. A trace has its budget for ever (`axonhub trace allow` raises it), a local key and
    all of them together have theirs per day. `identical_tool_calls`: so many answers in a row with the very same tool calls
    (0: no limit)."""

    trace: Budget = Budget()
    key: Budget = Budget()
    day: Budget = Budget()
    identical_tool_calls: Whole = 0


class Channel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[channels]]`: one upstream and the credentials for it.

    `type` is a preset's name or a bare protocol. `base_url` overrides the preset's (for a preset with several protocols:
    `base_urls`, by protocol). `secrets` are references (`keyring:NAME`, `env:NAME`, `file:PATH`). `quirks` override single facts
    of `types.quirks`. `headers` are added to every request to it; the overrides change its body and headers, last of all, in
    their order. `proxy` is an explicit HTTP proxy; that of the environment is not used.
    """

    name: str
    type: str
    base_url: str | None = None
    base_urls: dict[Protocol, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    priority: int = 0
    weight: Count = 1
    tags: tuple[str, ...] = ()
    enabled: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    body_overrides: tuple[BodyOverride, ...] = ()
    header_overrides: tuple[HeaderOverride, ...] = ()
    quirks: dict[str, object] = field(default_factory=dict)
    timeouts: Timeouts = Timeouts()
    limits: ChannelLimits = ChannelLimits()
    proxy: str | None = None
    ca_file: str | None = None


class Mapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule of a profile: `exact` or `regex` (anchored at both ends) → `to`, optionally pinned to a channel."""

    to: str
    exact: str | None = None
    regex: str | None = None
    channel: str | None = None


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[profiles.NAME]`: mappings, tried in order, and limits (None: no limit)."""

    mappings: tuple[Mapping, ...] = ()
    channels: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. `profile` is the active profile of keys that name none (None: names pass through unchanged)."""

    server: Server = Server()
    trace: Trace = Trace()
    limits: Limits = Limits()
    channels: tuple[Channel, ...] = ()
    profiles: dict[str, Profile] = field(default_factory=dict)
    profile: str | None = None
    prices: dict[str, Price] = field(default_factory=dict)  # by model, dollars for a million tokens; they win

    def channel(self, name: str) -> Channel | None:
        """The channel of that name."""
        return next((channel for channel in self.channels if channel.name == name), None)

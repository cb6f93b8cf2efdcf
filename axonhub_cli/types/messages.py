"""The neutral model: a superset of the wire formats, never the shape of one of them.

A request is system parts, messages and tools; a response is an ordered list of parts. Rules that hold everywhere:

- Order is meaning: parts stay in the order in which they were written. Tool results are parts of a *user* message.
- Inline base64 is never decoded; a tool call's arguments stay the text that the model wrote.
- `extra` holds an object's unknown keys. Only the writer of the protocol that it came from (`Request.origin`, `Response.origin`)
  emits them; every other writer reports a loss.
- A `Seal` goes back to its vendor only.
- Totals in `Usage` include their subsets (as OpenAI counts, not as Anthropic does); a missing number is None.
"""

from typing import Any, Literal, TypeAlias

from msgspec import Struct

Protocol: TypeAlias = Literal["anthropic", "openai-chat", "openai-responses", "gemini"]
Role: TypeAlias = Literal["user", "assistant", "system", "developer"]
Extra: TypeAlias = dict[str, Any]
Effort: TypeAlias = str  # none minimal low medium high xhigh max, and whatever comes next: clamped by the writer that must

PROTOCOLS: tuple[Protocol, ...] = ("anthropic", "openai-chat", "openai-responses", "gemini")


class Seal(Struct, frozen=True, gc=False):
    """An opaque value that only its maker can read.

    `vendor` is who made it (`anthropic`, `openai`, `google`, or a channel's name); `kind` is `signature`, `redacted`,
    `encrypted_content` or `thought_signature`; `id` is the item id that travels with it, where there is one. `channel` is the
    channel that it came through, where that is known.
    """

    vendor: str
    kind: str
    value: str
    id: str | None = None
    channel: str | None = None


class Text(Struct, frozen=True, kw_only=True, gc=False):
    """Plain text. `cache` marks a prompt-cache breakpoint after it (`5m` or `1h`)."""

    text: str
    cache: str | None = None
    extra: Extra | None = None


class Refusal(Struct, frozen=True, kw_only=True, gc=False):
    """The model's own words of refusal (OpenAI's `refusal`)."""

    text: str
    extra: Extra | None = None


class Media(Struct, frozen=True, kw_only=True, gc=False):
    """An image, audio or document: exactly one of `data` (base64 text as received), `url` or `file_id` (at `vendor`'s)."""

    kind: Literal["image", "audio", "document"]
    mime: str | None = None
    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    name: str | None = None
    detail: str | None = None
    cache: str | None = None
    extra: Extra | None = None


class Reasoning(Struct, frozen=True, kw_only=True, gc=False):
    """Thinking text. `summary` says that it is a vendor's summary, not the thinking itself. Redacted: no text, only a seal."""

    text: str
    summary: bool = False
    seal: Seal | None = None
    extra: Extra | None = None


class ToolCall(Struct, frozen=True, kw_only=True, gc=False):
    """A call. `arguments` is JSON text for `function`, free text for `custom`. `item_id` is the Responses item's own id."""

    id: str
    name: str
    arguments: str
    kind: Literal["function", "custom"] = "function"
    namespace: str | None = None
    item_id: str | None = None
    seal: Seal | None = None
    cache: str | None = None
    extra: Extra | None = None


class ToolResult(Struct, frozen=True, kw_only=True, gc=False):
    """What a call gave back, as parts (Text, Media, Opaque); `kind` follows the call's."""

    call_id: str
    parts: "tuple[Part, ...]"
    is_error: bool = False
    kind: Literal["function", "custom"] = "function"
    cache: str | None = None
    extra: Extra | None = None


class Opaque(Struct, frozen=True, kw_only=True, gc=False):
    """A block of one protocol that this model does not describe. Emitted by that protocol's writer alone, as it came."""

    protocol: Protocol
    kind: str
    raw: dict[str, Any]


Part: TypeAlias = Text | Refusal | Media | Reasoning | ToolCall | ToolResult | Opaque


class Message(Struct, frozen=True, kw_only=True, gc=False):
    """One turn of the conversation. `system` and `developer` may stand anywhere."""

    role: Role
    parts: tuple[Part, ...]
    extra: Extra | None = None


class Tool(Struct, frozen=True, kw_only=True, gc=False):
    """A tool on offer.

    `function`: JSON-schema parameters. `custom`: free text in, `format` is its grammar object. `hosted`: runs at the vendor,
    or is known to one protocol only; `raw` is the whole definition and `name` its type. `deferred`: named, but not loaded yet
    (Anthropic's `defer_loading`). `inline`: stands in an input item, not in the request's tool list (Codex's `additional_tools`).
    """

    name: str
    kind: Literal["function", "custom", "hosted"] = "function"
    description: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None
    namespace: str | None = None
    format: dict[str, Any] | None = None
    deferred: bool = False
    inline: bool = False
    raw: dict[str, Any] | None = None
    cache: str | None = None
    extra: Extra | None = None


class Namespace(Struct, frozen=True, kw_only=True, gc=False):
    """What a Responses `namespace` tool says of itself; its tools carry its name."""

    name: str
    description: str | None = None
    extra: Extra | None = None


class ToolChoice(Struct, frozen=True, kw_only=True, gc=False):
    """`auto`, `none`, `required` (some tool), or `tool` (the named one). `extra` keeps forms of one protocol (allowed_tools)."""

    mode: Literal["auto", "none", "required", "tool"]
    name: str | None = None
    namespace: str | None = None
    extra: Extra | None = None


class Thinking(Struct, frozen=True, kw_only=True, gc=False):
    """How much to think. `mode` None: said nothing; `adaptive`: the model decides. `summary` is Responses' own word for it."""

    mode: Literal["off", "on", "adaptive"] | None = None
    effort: Effort | None = None
    budget: int | None = None
    summary: str | None = None
    extra: Extra | None = None


class OutputFormat(Struct, frozen=True, kw_only=True, gc=False):
    """Structured output: any JSON, or JSON of a schema."""

    kind: Literal["json", "json_schema"]
    name: str | None = None
    description: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class Request(Struct, frozen=True, kw_only=True, gc=False):
    """One call of a client. `origin` is the protocol in which it came; `extra` are top-level keys that this model has no name
    for."""

    origin: Protocol
    model: str
    messages: tuple[Message, ...]
    system: tuple[Part, ...] = ()
    tools: tuple[Tool, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tools: bool | None = None
    thinking: Thinking | None = None
    output: OutputFormat | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    verbosity: str | None = None
    service_tier: str | None = None
    user: str | None = None
    cache_key: str | None = None
    metadata: dict[str, Any] | None = None
    stream: bool = False
    include_usage: bool = False  # Chat's stream_options.include_usage
    extra: Extra | None = None


class Usage(Struct, frozen=True, kw_only=True, gc=False):
    """Tokens. `input` includes the cache figures, `output` includes `reasoning`; None is "not told"."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None

    def merge(self, later: "Usage") -> "Usage":
        """The figures of `later` where it has them, else these. Vendors send usage in pieces; the last word wins."""
        pairs = zip(_usage_values(self), _usage_values(later), strict=True)
        return Usage(**dict(zip(self.__struct_fields__, (a if b is None else b for a, b in pairs), strict=True)))


def _usage_values(usage: Usage) -> tuple[int | None, ...]:
    return (usage.input, usage.output, usage.cache_read, usage.cache_write_5m, usage.cache_write_1h, usage.reasoning)


FinishReason: TypeAlias = Literal[
    "stop", "stop_sequence", "length", "tool_calls", "refusal", "content_filter", "pause", "context_length", "unknown"
]


class Response(Struct, frozen=True, kw_only=True, gc=False):
    """A whole answer. `finish` None: the upstream never said. `raw_finish` is its own word."""

    origin: Protocol
    id: str
    model: str
    parts: tuple[Part, ...]
    finish: FinishReason | None
    raw_finish: str | None = None
    stop_sequence: str | None = None
    usage: Usage | None = None
    extra: Extra | None = None


class Loss(Struct, frozen=True, gc=False):
    """Something that a conversion could not carry, for the request's receipt.

    `action` is `dropped`, `changed`, `renamed` or `placeholder`; `path` says where (`messages[3].content[0]`, `top_k`), `why`
    in words. `override` is no loss but stands on the receipt, too: what the channel's configuration changed (`set temperature`).
    """

    action: Literal["dropped", "changed", "renamed", "placeholder", "override"]
    path: str
    why: str

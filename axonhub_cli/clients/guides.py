"""The clients that are told by variables or by hand, as data: nothing of theirs is edited.

`lines` are variables to export, `text` is what to do besides, with the addresses, the key and a model filled in. A client is
here and not in `catalog` when its file cannot be edited without risk to what else is in it (YAML with comments, a database
behind a settings page). A row names the page that says so in `source`.
"""

from collections.abc import Mapping

from msgspec import Struct

from .ask import Ask
from .environment import no_proxy, url
from .shell import Line

_KEY = "A local key: it opens axonhub on this machine and nothing else."


class Guide(Struct, frozen=True, kw_only=True):
    """One client. `variables`: name → (value, why), with the same fields as `text`: {openai} and {anthropic} are our addresses
    for these protocols, {key} is the local key, {model} a model that is offered."""

    name: str
    title: str
    source: str
    text: str = ""
    variables: Mapping[str, tuple[str, str]] = {}


def lines(guide: Guide, ask: Ask) -> list[Line]:
    """The variables to export; none for a client that takes none."""
    if not guide.variables:
        return []
    out = [Line(name, value.format_map(_fields(ask)), why) for name, (value, why) in guide.variables.items()]
    return [*out, *no_proxy(ask.environ)]


def text(guide: Guide, ask: Ask) -> str:
    """What to do by hand."""
    return guide.text.format_map(_fields(ask))


def _fields(ask: Ask) -> dict[str, str]:
    return {"openai": url(ask.port, "/v1"), "anthropic": url(ask.port, "/anthropic"), "key": ask.token, "model": ask.first}


GUIDES: tuple[Guide, ...] = (
    Guide(
        name="aider",
        title="aider",
        source="https://aider.chat/docs/llms/openai-compat.html",
        variables={
            "OPENAI_API_BASE": ("{openai}", "aider talks to axonhub on this machine."),
            "OPENAI_API_KEY": ("{key}", _KEY),
        },
        text="Start it with openai/, aider's word for this protocol, before the model:\n\n  aider --model openai/{model}",
    ),
    Guide(
        name="openai-sdk",
        title="OpenAI SDKs",
        source="https://github.com/openai/openai-python/blob/main/README.md",
        variables={
            "OPENAI_BASE_URL": ("{openai}", "OpenAI's SDKs talk to axonhub on this machine."),
            "OPENAI_API_KEY": ("{key}", _KEY),
        },
    ),
    Guide(
        name="anthropic-sdk",
        title="Anthropic SDKs",
        source="https://github.com/anthropics/anthropic-sdk-python/blob/main/README.md",
        variables={
            "ANTHROPIC_BASE_URL": ("{anthropic}", "Anthropic's SDKs talk to axonhub on this machine."),
            "ANTHROPIC_API_KEY": ("{key}", _KEY),
        },
    ),
    Guide(
        name="llm",
        title="llm (Simon Willison)",
        source="https://llm.datasette.io/en/stable/other-models.html#openai-compatible-models",
        text=(
            "llm reads more models from extra-openai-models.yaml, beside its database. Store this key under a name of its own "
            "(llm asks for it):\n\n  {key}\n  llm keys set axonhub\n\n"
            'Then add to "$(dirname "$(llm logs path)")/extra-openai-models.yaml":\n\n'
            "- model_id: axonhub\n  model_name: {model}\n  api_base: {openai}\n  api_key_name: axonhub\n\n"
            'Try it: llm -m axonhub "say hello"'
        ),
    ),
    Guide(
        name="continue",
        title="Continue",
        source="https://docs.continue.dev/customize/model-providers/top-level/openai",
        text=(
            "Add to the list `models` in ~/.continue/config.yaml:\n\n"
            "  - name: AxonHub\n    provider: openai\n    model: {model}\n    apiBase: {openai}\n    apiKey: {key}\n"
            "    roles: [chat, edit, apply]"
        ),
    ),
    Guide(
        name="cline",
        title="Cline",
        source="https://docs.cline.bot/provider-config/openai-compatible",
        text=(
            "Cline keeps its settings in the editor's own storage. In its settings choose the API provider "
            "«OpenAI Compatible» and enter:\n\n  Base URL   {openai}\n  API key    {key}\n  Model ID   {model}"
        ),
    ),
    Guide(
        name="cursor",
        title="Cursor",
        source="https://github.com/cursor/cursor/issues/1380",
        text=(
            "Cursor cannot use axonhub: its requests go out from Cursor's own servers, which reach no address on your machine, "
            "and axonhub does not open itself to the internet.\n"
            "What works: a client in Cursor's terminal, with `axonhub run claude` or `axonhub run codex`, or the extension "
            "Cline or Continue in it: axonhub setup cline."
        ),
    ),
)

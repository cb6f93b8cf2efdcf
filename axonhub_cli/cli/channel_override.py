"""The operations and quirks of a channel as the command line writes them: `set temperature=0.2`, `images=false`.

A value is JSON where it can be read as JSON, and text otherwise. What is wrong with an operation is said by `config.check`.
"""

import json
from typing import Any

from ..errors import UsageError

_OPS = ("set", "set_if_absent", "delete", "rename")


def body(texts: list[str] | None) -> list[dict[str, Any]] | None:
    """The operations as tables for `config.toml`; None when none was given, an empty list for a single empty text."""
    return None if texts is None else [_table(text, "path", "--body-override") for text in texts if text.strip()]


def header(texts: list[str] | None) -> list[dict[str, Any]] | None:
    """The same for headers."""
    return None if texts is None else [_table(text, "name", "--header-override") for text in texts if text.strip()]


def quirks(texts: list[str] | None) -> dict[str, Any]:
    """Quirks by name, each checked; None for one that is to be cleared."""
    found: dict[str, Any] = {}
    for text in texts or ():
        name, equals, value = (part.strip() for part in text.partition("="))
        if not name or not equals:
            raise UsageError(
                f"--quirk {text!r} is no quirk.",
                hint="Write NAME=VALUE, as in images=false; NAME= clears it. All of them: axonhub channel quirks",
            )
        found[name] = _fact(name, value)
    return found


def _fact(name: str, text: str) -> Any:
    """A quirk's value; None for an empty one. Several words may be written with commas: `efforts=low,high`."""
    from ..config.check import nearest
    from ..config.presets import quirks as checked
    from ..errors import ConfigError
    from ..types.quirks import MEANINGS, Quirks

    if name not in MEANINGS:
        hint = f"{nearest(name, MEANINGS, 'Quirks')} All of them: axonhub channel quirks"
        raise UsageError(f"--quirk: there is no quirk {name!r}.", hint=hint)
    if not text:
        return None
    value = _value(text)
    if isinstance(getattr(Quirks(), name), tuple) and isinstance(value, str):
        value = [word.strip() for word in value.split(",")]
    try:
        checked(Quirks(), {name: value})
    except ConfigError:
        hint = f"{name}: {MEANINGS[name]}."
        raise UsageError(f"--quirk {name}={text}: expected {_expected(getattr(Quirks(), name))}.", hint=hint) from None
    return value


def _expected(default: Any) -> str:
    match default:
        case bool():
            return "true or false"
        case int() | None:
            return "a whole number"
        case tuple():
            return "words, as in low,high"
        case "max_completion_tokens":
            return "max_tokens or max_completion_tokens"
        case "reasoning_content":
            return "reasoning_content or reasoning"
    return "one word"


def told(items: Any) -> list[str]:
    """A channel's operations in short, with the models and protocols that they are for."""
    return [" ".join([item.told, _value_of(item), _only(item)]).strip() for item in items]


def _table(text: str, place: str, option: str) -> dict[str, Any]:
    op, _, rest = text.strip().partition(" ")
    target, equals, value = rest.strip().partition("=")
    if op not in _OPS or not target or (op != "delete") != bool(equals):
        raise UsageError(
            f"{option} {text!r} is no operation.",
            hint=f"Write 'set {place.upper()}=VALUE', 'set_if_absent {place.upper()}=VALUE', 'delete {place.upper()}' or "
            f"'rename {place.upper()}=NEW'.",
        )
    made: dict[str, Any] = {"op": op, place: target.strip()}
    if op == "rename":
        made["to"] = value.strip()
    elif op != "delete":
        made["value"] = _value(value) if place == "path" else value.strip()
    return made


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text.strip()
    if value is None:
        raise UsageError("null cannot stand in config.toml.", hint="Use 'delete' to take a value out.")
    return value


def _value_of(item: Any) -> str:
    if item.op not in ("set", "set_if_absent"):
        return ""
    return f"= {item.value if isinstance(item.value, str) else json.dumps(item.value)}"


def _only(item: Any) -> str:
    only = [*item.models, *item.protocols]
    return f"(for {', '.join(only)})" if only else ""

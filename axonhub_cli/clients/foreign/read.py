"""A foreign file, whichever program's it is."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from ...config.files import read_bytes
from ...errors import ConfigError, NotConfigured
from .. import json_text
from . import axonhub, cc_switch, litellm, router
from .found import Import

_LIMIT = 16 * 1024 * 1024
_KNOWN: tuple[tuple[Callable[[dict[str, Any]], bool], Callable[[dict[str, Any]], Import]], ...] = (
    (litellm.looks_like, litellm.read),
    (router.looks_like, router.read),
    (cc_switch.looks_like, cc_switch.read),
    (axonhub.looks_like, axonhub.read),
)
_HINT = "Known: claude-code-router's config.json, LiteLLM's config.yaml, cc-switch's config.json or database, AxonHub's backup."


def read(path: Path) -> Import:
    """What a file says, told apart by what stands in it. Raises `ConfigError` for one that is none of them, `NotConfigured` for
    YAML where PyYAML is missing."""
    try:
        raw = read_bytes(path, _LIMIT)
    except FileNotFoundError:
        raise ConfigError(f"There is no file {path}.", hint=_HINT) from None
    data = cc_switch.database(path) if raw.startswith(b"SQLite format 3\0") else _parse(path, raw)
    for looks_like, reads in _KNOWN:
        if looks_like(data):
            return reads(data)
    raise ConfigError(f"{path} is no configuration of a program that axonhub knows.", hint=_HINT)


def _parse(path: Path, raw: bytes) -> dict[str, Any]:
    text = _text(path, raw)
    try:
        value = (
            _yaml(text) if path.suffix.lower() in (".yaml", ".yml") else json_text.load(text)
        )  # with comments, as routers allow
    except (ValueError, RecursionError) as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise ConfigError(f"{path} cannot be read: {said}.", hint=f"Correct it, or give another file. {_HINT}") from None
    if not isinstance(value, dict):
        raise ConfigError(f"{path} holds no object.", hint=_HINT)
    return value


def _text(path: Path, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text.", hint=_HINT) from None


def _yaml(text: str) -> Any:
    try:
        yaml: Any = import_module("yaml")
    except ImportError:
        hint = "Run: pipx inject axonhub-cli pyyaml (or: uv tool install axonhub-cli --with pyyaml; pip install pyyaml)"
        raise NotConfigured("LiteLLM's file is YAML, which needs PyYAML, and that is not installed.", hint=hint) from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None

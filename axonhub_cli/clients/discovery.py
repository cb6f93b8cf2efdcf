"""What a first set-up can find by itself: provider keys in the environment, model servers on this machine.

Only names of variables are reported, never values. A local server is asked one harmless question (`GET /v1/models`, without a
key) on the ports that such servers use by default; whoever does not answer it as a model server would is left alone.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from ..config.presets import PRESETS, Preset
from .probe import near

LOCAL_KEY = "ah-"  # a key of ours, or of an AxonHub server: not a provider's
_LONGEST = 50  # models of one server that are worth writing down; a longer list is left to the server
_OWNERS = {
    "llamacpp": "llamacpp",
    "vllm": "vllm",
    "library": "ollama",
    "ollama": "ollama",
    "organization_owner": "lmstudio",
    "sglang": "sglang",
}
_BASES = {
    "ANTHROPIC_API_KEY": ("ANTHROPIC_BASE_URL",),
    "OPENAI_API_KEY": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "DEEPSEEK_API_KEY": ("DEEPSEEK_BASE_URL",),
}


class Found(Struct, frozen=True, kw_only=True):
    """Something that could become a channel. `secret` is a reference; `models` are those that a local server lists."""

    name: str
    type: str
    title: str
    where: str
    secret: str | None = None
    base_url: str | None = None
    models: tuple[str, ...] = ()


def variables(environ: Mapping[str, str]) -> tuple[list[Found], list[str]]:
    """Providers whose usual variable is set, and remarks on those that are set but not proposed."""
    found: dict[str, Found] = {}
    remarks: list[str] = []
    for preset in PRESETS.values():
        name = next((each for each in (preset.env, *preset.more_env) if each and environ.get(each, "").strip()), None)
        if name is None or name in found or preset.name == "axonhub":
            continue
        if preset.moves:
            remarks.append(f"{name} is set: axonhub channel add {preset.name} --type {preset.name} --base-url {_place(preset)}")
            continue
        if environ[name].startswith(LOCAL_KEY):
            remark = f"{name} holds a key of axonhub, not of {preset.title}."
        elif elsewhere := _elsewhere(preset, environ):
            remark = (
                f"{name} is set together with {elsewhere}, so it belongs to that address: axonhub channel add NAME --base-url …"
            )
        else:
            found[name] = Found(name=preset.name, type=preset.name, title=preset.title, where=name, secret=f"env:{name}")
            continue
        if remark not in remarks and not any(name in other for other in remarks):
            remarks.append(remark)
    return list(found.values()), remarks


def _place(preset: Preset) -> str:
    return preset.root.replace("resource", "RESOURCE")


def _elsewhere(preset: Preset, environ: Mapping[str, str]) -> str | None:
    """The variable that says that the key is for another address than the provider's own."""
    home = urlsplit(preset.root).hostname
    for name in _BASES.get(preset.env or "", ()):
        address = environ.get(name)
        if address and urlsplit(address).hostname != home:
            return name
    return None


def usual() -> dict[int, str]:
    """The ports where local servers listen by default, with the preset of each."""
    return {port: preset.name for preset in PRESETS.values() if preset.local and (port := urlsplit(preset.root).port)}


def servers(addresses: Iterable[str] = (), *, scan: bool = True) -> list[Found]:
    """Model servers on this machine: on the usual ports (`scan`), and at these addresses. All are asked at once."""
    from concurrent.futures import ThreadPoolExecutor

    roots = [f"http://127.0.0.1:{port}" for port in usual()] if scan else []
    roots += [address.rstrip("/").removesuffix("/v1") for address in addresses]
    if not roots:
        return []
    with ThreadPoolExecutor(len(roots)) as pool:
        return [found for found in pool.map(_look, dict.fromkeys(roots)) if found is not None]


def _look(root: str) -> Found | None:
    answer = near(f"{root}/v1/models")
    items = answer.body.get("data") if answer and answer.status == 200 and isinstance(answer.body, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) and isinstance(item.get("id"), str) for item in items):
        return None
    kind = _kind(items, root)
    preset = PRESETS[kind]
    models = tuple(item["id"] for item in items)
    at_home = root == preset.root
    return Found(
        name=kind if preset.local else f"local-{urlsplit(root).port or 80}",
        type=kind,
        title=preset.title if preset.local else "a server that speaks OpenAI's Chat Completions",
        where=root,
        base_url=None if at_home else root if preset.local else f"{root}/v1",
        models=models if len(models) <= _LONGEST else (),
    )


def _kind(items: list[dict[str, Any]], root: str) -> str:
    """Which server it is, by what it says of its models, else by its port."""
    for item in items:
        for key in (item.get("owned_by"), *item):
            if isinstance(key, str) and key in _OWNERS:
                return _OWNERS[key]
    port = urlsplit(root).port
    return usual().get(port or 0, "openai-chat")

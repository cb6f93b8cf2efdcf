"""`axonhub config import` and `axonhub config export`: channels and profiles from other routers' files, and ours for others.

An import is shown before it is written, in one edit; keys go into the keyring and are never shown. An export has references to
secrets, never secrets.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import NotConfigured, UsageError
from .edit import add_item, config_file, load
from .output import JsonFlag, Result, ask, clean, emit

if TYPE_CHECKING:
    from ..clients.foreign.found import Import, Key, Rule, Upstream
    from ..config.schema import Config

Store = Literal["keyring", "file", "none"]
_SECRET = ("authorization", "cookie", "key", "token", "secret", "password")


def register(app: typer.Typer) -> None:
    """Add import and export."""
    app.command("import")(import_)
    app.command()(export)


def import_(
    file: Annotated[Path, typer.Argument(help="config.json, config.yaml, cc-switch.db or a backup.")],
    secrets: Annotated[
        Store, typer.Option("--secrets", help="Where keys that stand in the file go; none: channels without their keys.")
    ] = "keyring",
    activate: Annotated[bool, typer.Option("--activate/--no-activate", help="Use its active profile, if you have none.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be added, and write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: JsonFlag = False,
) -> None:
    """Take over channels and profiles from claude-code-router, LiteLLM, cc-switch or an AxonHub server.

    The program is told by what stands in the file. What has no counterpart here is named. The file itself stays as it is.

    Examples:

        axonhub config import ~/.claude-code-router/config.json --dry-run

        axonhub config import litellm/config.yaml

        axonhub config import ~/.cc-switch/cc-switch.db
    """
    from ..clients.foreign.read import read

    config = load()
    found = _fresh(read(file), config)
    active = found.active if activate and config.profile is None else None
    if not found.upstreams and not found.profiles:
        raise NotConfigured(f"Nothing new was found in {file}.", hint=" ".join(map(clean, found.remarks)) or None)
    kept = {item.name: _references(item, secrets) for item in found.upstreams}
    data = _data(found, kept, active)
    if dry_run:
        emit(Result({**data, "written": False}, "\n".join([*_told(data, done=False), "Nothing was written."])), json=json)
        return
    asked = ask("\n".join(_told(data, done=False)), "Add this?", yes=yes or json)
    _write(found, kept, secrets, active)
    lines = ["Done."] if asked else _told(data, done=True)
    emit(Result({**data, "written": True}, "\n".join([*lines, "Try it: axonhub channel test NAME"])), json=json)


def _fresh(found: "Import", config: "Config") -> "Import":
    """Without what is here already; a channel or profile whose name means something else here is named and left out."""
    known = {item.name: item for item in config.channels}
    for item in [item for item in found.upstreams if item.name in known]:
        same = (known[item.name].type, known[item.name].base_url) == (item.type, item.base_url)
        found.upstreams.remove(item)
        found.remarks.append(f"Channel {item.name} {'is here already' if same else 'was left out: that name is taken here'}.")
    for name in [name for name in found.profiles if name in config.profiles]:
        del found.profiles[name]
        found.remarks.append(f"Profile {name} stays as it is here.")
    found.active = found.active if found.active in found.profiles else None
    return found


def _references(item: "Upstream", secrets: Store) -> "list[tuple[str, Key | None]]":
    """Each key's reference, and the key where it is to be stored under it."""
    from ..config.presets import PRESETS

    preset = PRESETS[item.type]
    if preset.local and not any(key.variable for key in item.keys):
        return []  # what stands there is a placeholder
    out: list[tuple[str, Key | None]] = []
    for key in item.keys:
        name = item.name if not out else f"{item.name}-{len(out) + 1}"
        if key.variable:
            out.append((f"env:{key.variable}", None))
        elif secrets != "none":
            out.append((f"keyring:{name}" if secrets == "keyring" else f"file:secrets/{name}", key))
    return out


def _data(found: "Import", kept: "dict[str, list[tuple[str, Key | None]]]", active: str | None) -> dict[str, Any]:
    from msgspec import to_builtins

    channels = [
        {
            "name": item.name, "type": item.type, "base_url": item.base_url, "models": list(item.models),
            "secrets": [reference for reference, _ in kept[item.name]], "enabled": item.enabled,
        }
        for item in found.upstreams
    ]  # fmt: skip
    profiles = {name: to_builtins(profile) for name, profile in found.profiles.items()}
    return {"program": found.program, "channels": channels, "profiles": profiles, "active": active, "remarks": found.remarks}


def _told(data: dict[str, Any], *, done: bool) -> list[str]:
    lines = [f"{'Added' if done else 'To be added'} from {data['program']}:"]
    for item in data["channels"]:
        facts = [item["type"], *([item["base_url"]] if item["base_url"] else []), *(item["secrets"] or ["no secret"])]
        off = "" if item["enabled"] else ", switched off"
        lines.append(clean(f"  channel {item['name']}: {', '.join(facts)}{off}"))
    for name, profile in data["profiles"].items():
        lines.append(clean(f"  profile {name}{', the active one' if name == data['active'] else ''}:"))
        for rule in profile["rules"]:
            where = f" on {rule['channel']}" if rule["channel"] else ""
            lines.append(clean(f"    {rule['exact'] or rule['regex']}  →  {rule['to']}{where}"))
    return [*lines, *(clean(f"  note: {remark}") for remark in data["remarks"])]


def _write(found: "Import", kept: "dict[str, list[tuple[str, Key | None]]]", secrets: Store, active: str | None) -> None:
    """Keys first, so that a keyring that fails leaves nothing half done; then one edit of config.toml, checked as a whole."""
    import tomlkit

    from ..config.secrets import backend, store
    from ..config.store import edit

    to_store = [(reference, key.value) for pairs in kept.values() for reference, key in pairs if key is not None]
    if to_store and secrets == "keyring" and not (keyring := backend()).usable:
        hint = "Choose: --secrets file (files that only you can read), or --secrets none (give them later)."
        raise UsageError(f"{(keyring.detail or 'There is no keyring here').rstrip('.')}. Nothing was written.", hint=hint)
    for reference, value in to_store:
        store(reference, value)
    with edit(config_file()) as document:
        if active:  # a plain key must stand above the tables
            document["profile"] = active
        for item in found.upstreams:
            add_item(document, "channels", _channel(item, [reference for reference, _ in kept[item.name]]))
        for name, profile in found.profiles.items():
            table = tomlkit.table()
            document.setdefault("profiles", tomlkit.table(is_super_table=True))[name] = table
            if profile.channels:
                table["channels"] = list(profile.channels)
            for rule in profile.rules:
                add_item(table, "mappings", _rule(rule))


def _channel(item: "Upstream", references: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": item.name, "type": item.type, "base_url": item.base_url, "secrets": references, "models": list(item.models),
        "tags": list(item.tags), "enabled": None if item.enabled else False,
    }  # fmt: skip
    return {key: value for key, value in values.items() if value not in (None, [])}


def _rule(rule: "Rule") -> dict[str, str]:
    values = {"exact": rule.exact, "regex": rule.regex, "to": rule.to, "channel": rule.channel}
    return {key: value for key, value in values.items() if value is not None}


def export(json: JsonFlag = False) -> None:
    """Print the configuration for another machine: references to secrets, never secrets; what is needed there stands on top.

    Examples:

        axonhub config export > axonhub.toml
    """
    import tomllib

    import tomli_w

    config, file = load(), config_file()  # what is not good is not exported
    data = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    left_out: list[str] = []
    data = _without_secrets(data, "", left_out)
    wanted = sorted({f"{ref} (channel {item.name})" for item in config.channels for ref in item.secrets})
    head = [*(f"# needs the secret {ref}" for ref in wanted), *(f"# left out: {path}" for path in left_out)]
    text = "\n".join([*head, "", tomli_w.dumps(data)])
    emit(Result({"config": data, "secrets": wanted, "left_out": left_out}, text), json=json)


def _without_secrets(value: Any, path: str, left_out: list[str]) -> Any:
    """A copy without headers that look like credentials, and with addresses without their passwords."""
    if isinstance(value, dict):
        out = {}
        for key, item in value.items():
            below = f"{path}.{key}".lstrip(".")
            if ".headers" in path and "otlp" not in path and any(word in key.lower() for word in _SECRET):
                left_out.append(below)
            else:
                out[key] = _without_secrets(item, below, left_out)
        return out
    if isinstance(value, list):
        return [_without_secrets(item, path, left_out) for item in value if not _sets_secret(item, path, left_out)]
    if isinstance(value, str) and "://" in value and "@" in value.partition("://")[2].partition("/")[0]:
        left_out.append(f"{path}: its user and password")
        scheme, _, rest = value.partition("://")
        return f"{scheme}://{rest.partition('@')[2]}"
    return value


def _sets_secret(item: Any, path: str, left_out: list[str]) -> bool:
    """A header override that sets a credential."""
    if not path.endswith("header_overrides") or not isinstance(item, dict):
        return False
    name = str(item.get("name") or "")
    if "value" in item and any(word in name.lower() for word in _SECRET):
        left_out.append(f"{path}: {name}")
        return True
    return False

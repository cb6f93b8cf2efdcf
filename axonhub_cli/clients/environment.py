"""What the user's environment would do to a request to this machine, and the lines that keep it from doing so."""

from collections.abc import Mapping
from typing import Any

from .shell import Line

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_LOCAL = ("127.0.0.1", "localhost")


def no_proxy(environ: Mapping[str, str]) -> list[Line]:
    """NO_PROXY with this machine added, when a proxy is set that would get our requests; what it says already stays.

    Programs differ in whether they read the upper or the lower case name, so each one that is set is extended.
    """
    if not any(environ.get(name) or environ.get(name.lower()) for name in _PROXIES):
        return []
    names = [name for name in ("NO_PROXY", "no_proxy") if environ.get(name)] or ["NO_PROXY"]
    lines = [(name, merged(environ.get(name, ""))) for name in names]
    why = "Requests to this machine must not go through your HTTP proxy; what was listed before stays."
    return [Line(name, value, why) for name, value in lines if value != environ.get(name, "")]


def merged(value: str) -> str:
    """A NO_PROXY value with this machine in it."""
    listed = {item.strip() for item in value.replace(" ", ",").split(",")}
    missing = [] if "*" in listed else [name for name in _LOCAL if name not in listed]
    return ",".join([value.rstrip(", "), *missing] if value.strip(", ") else missing) if missing else value


def url(port: int, path: str) -> str:
    """Our own address, by number: a name can resolve to anything."""
    return f"http://127.0.0.1:{port}{path}"


def merged_settings(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Settings laid over others: tables are merged, all else is replaced."""
    out = dict(below)
    for name, value in above.items():
        under = out.get(name)
        out[name] = merged_settings(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return out

"""`axonhub channel test`: what is asked, and how the answers are told."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..errors import AxonHubError
from .output import Result, clean

if TYPE_CHECKING:
    from ..config.presets import Endpoint
    from ..config.schema import Channel


def run(channel: "Channel", model: str | None) -> Result:
    """Ask for the models (which not every provider tells), then for a token with each secret; only the latter decides."""
    from ..config.presets import endpoints

    endpoint = next(iter(endpoints(channel).values()))
    checks = list(_checks(channel, endpoint, model))
    works = all(check["ok"] for check in checks if check["check"] != "models")
    lines = [line for check in checks for line in _lines(check, channel.name)]
    data = {"name": channel.name, "ok": works, "address": endpoint.base_url, "protocol": endpoint.protocol, "checks": checks}
    return Result(
        data, "\n".join([f"{channel.name}: {endpoint.protocol} at {endpoint.base_url}", *lines]), exit_code=0 if works else 1
    )


def _lines(check: dict[str, Any], channel: str) -> list[str]:
    first = f"{'ok    ' if check['ok'] else 'FAILED'}  {check['check']}: {clean(check['detail'])}"
    return [first, f"        {clean(check['hint']).replace('NAME', channel)}"] if check["hint"] else [first]


def _checks(channel: "Channel", endpoint: "Endpoint", model: str | None) -> Iterator[dict[str, Any]]:
    from ..clients import probe

    secrets: list[tuple[str, str | None]] = [("no secret", None)] if not channel.secrets else []
    for reference in channel.secrets:
        value, problem = _read(reference)
        if problem:
            yield problem
        else:
            secrets.append((reference, value))
    if not secrets:
        return
    names: list[str] = []

    def list_models() -> str:
        names.extend(probe.models(channel, endpoint, secrets[0][1]))
        return f"{len(names)} listed"

    yield _check("models", list_models)
    asked = model or next(iter(channel.models), None) or next(iter(names), None)
    for reference, value in secrets:
        yield _request(channel, endpoint, reference, value, asked)


def _request(channel: "Channel", endpoint: "Endpoint", reference: str, value: str | None, model: str | None) -> dict[str, Any]:
    from ..clients import probe

    if model is None:
        hint = f"Name one: axonhub channel test {channel.name} --model MODEL"
        return {"check": "request", "ok": False, "detail": "there is no model to ask for", "hint": hint}

    def ask() -> str:
        answer = probe.ask(channel, endpoint, value, model)
        return f"{model} answered in {answer.seconds:.1f} s ({reference})"

    return _check("request", ask)


def _read(reference: str) -> tuple[str | None, dict[str, Any] | None]:
    from ..config.secrets import read
    from ..errors import SecretError

    try:
        return read(reference), None
    except SecretError as error:
        return None, {"check": "secret", "ok": False, "detail": error.message, "hint": error.hint}


def _check(name: str, ask: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"check": name, "ok": True, "detail": ask(), "hint": None}
    except AxonHubError as error:
        return {"check": name, "ok": False, "detail": error.message, "hint": error.hint}

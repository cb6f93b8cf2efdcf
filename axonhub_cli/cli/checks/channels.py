"""Each channel: its address, certificate and secret, and the models that it lists; one token of its model only on request."""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from ..tail.figures import plural
from .finding import Finding, fail, ok, warn

if TYPE_CHECKING:
    from ...config.presets import Endpoint
    from ...config.schema import Channel

_SECONDS = 6.0  # for one question
_KNOWN, _LOW = 3, -0.25  # answers; how low one in ten of the numbers may be
_SKEW = 120  # seconds by which clocks may differ


def channel(found: "Channel", *, call: bool) -> Iterator[Finding]:
    """One channel. Its first secret that can be read is used; one that cannot is reported by `keyring.references`."""
    from ...config.presets import endpoints

    if not found.enabled:
        yield ok("channels", found.name, "is switched off")
        return
    secret, missing = _secret(found)
    if missing:
        yield warn("channels", found.name, "not asked: it has no secret that can be read", f"axonhub channel secret {found.name}")
        return
    endpoint = next(iter(endpoints(found).values()))
    yield from _listed(found, endpoint, secret)
    if call:
        yield _answers(found, endpoint, secret)
    yield from _counted(found.name)


def _counted(name: str) -> Iterator[Finding]:
    """What clients are told when they count tokens: they compact by it."""
    from ..channel_facts import counted, counting

    for fact in counting(name):
        known = fact["samples"] >= _KNOWN
        text = f"tokens of {fact['model']}: {counted(fact)}"
        if known and fact["error_low"] < _LOW:
            remedy = "Clients may compact too late: give them a smaller context window, or a model that counts by itself."
            yield warn("channels", name, text, remedy)
        elif known:
            yield ok("channels", name, text)


def _secret(found: "Channel") -> tuple[str | None, bool]:
    from ...config.secrets import read
    from ...errors import SecretError

    for ref in found.secrets:
        try:
            return read(ref, timeout=4.0), False
        except SecretError:
            continue
    return None, bool(found.secrets)


def _listed(found: "Channel", endpoint: "Endpoint", secret: str | None) -> Iterator[Finding]:
    from ...clients.probe import listing
    from ...errors import UpstreamError

    try:
        answer = listing(found, endpoint, secret, timeout=_SECONDS)
    except UpstreamError as error:
        remedy = (error.hint or "axonhub channel test NAME").replace("NAME", found.name)
        if "is not there" in error.message:  # it answered: some providers list nothing
            yield warn(
                "channels",
                found.name,
                f"answers, but lists no models ({endpoint.base_url})",
                f"axonhub channel test {found.name}",
            )
        else:
            yield fail("channels", found.name, error.message, remedy)
        return
    yield ok(
        "channels", found.name, f"answers in {answer.seconds:.1f} s, {plural(len(answer.names), 'model')} ({endpoint.base_url})"
    )
    missing = [name for name in found.models if name not in answer.names]
    if missing and answer.names:
        yield _unlisted(found.name, missing, answer.names)
    skew = _skew(answer.date)
    if skew is not None and abs(skew) > _SKEW:
        how = "behind" if skew > 0 else "ahead"
        size = f"{abs(skew) / 60:.0f} minutes" if abs(skew) < 2 * 3600 else f"{abs(skew) / 3600:.0f} hours"
        yield warn("system", "clock", f"is {size} {how} of {found.name}'s", "Set it: certificates and limits go by it.")


def _unlisted(name: str, missing: list[str], names: list[str]) -> Finding:
    from ...config.check import nearest

    text = f"does not list {', '.join(missing[:3])}{', …' if len(missing) > 3 else ''}"
    return warn("channels", name, text, f"{nearest(missing[0], names, 'It has')} Change: axonhub channel edit {name} --model …")


def _answers(found: "Channel", endpoint: "Endpoint", secret: str | None) -> Finding:
    from ...clients.probe import ask, models
    from ...errors import UpstreamError

    try:
        model = next(iter(found.models or models(found, endpoint, secret, timeout=_SECONDS)), None)
        if model is None:
            return warn("channels", found.name, "has no model to ask", f"axonhub channel test {found.name} --model MODEL")
        answer = ask(found, endpoint, secret, model, timeout=_SECONDS)
    except UpstreamError as error:
        return fail(
            "channels", found.name, error.message, (error.hint or "axonhub channel test NAME").replace("NAME", found.name)
        )
    return ok("channels", found.name, f"{model} answered in {answer.seconds:.1f} s")


def _skew(date: str | None) -> float | None:
    """How many seconds our clock is behind the one that an answer's Date header was made by."""
    try:
        return parsedate_to_datetime(date or "").timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None

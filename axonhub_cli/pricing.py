"""What a request cost, in US dollars, by the price list of genai-prices and the user's own prices.

The list is large: it is imported on first use, and used from the store's writer thread and from commands only. What is unknown is
None, never 0: an unknown model, a model on the user's own machine, a vendor that told no usage.
"""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from .types.messages import Usage
from .types.price import Price

FREE = ("local", "demo")  # hints for what costs nothing that a list could know: the user's own machine, the built-in model

_HOSTS = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104  # compared with, not bound to


def load() -> None:
    """Import the list now, so that the first price does not wait for it."""
    import genai_prices.data_snapshot

    genai_prices.data_snapshot.get_snapshot()


def cost(model: str, usage: Usage | None, hint: str | None = None, prices: Mapping[str, Price] | None = None) -> float | None:
    """The price of one answer, or None when it is not known. `prices` are the user's own, by model: they win.

    `hint` says whose model it is: a base URL, a provider's name, or one of `FREE`; one that the list does not know is ignored.
    Where the list knows the provider but not this model of it, the price is unknown: another vendor's price would be a guess.
    """
    if usage is None or usage.input is None or usage.output is None:
        return None
    own = prices.get(model) if prices else None
    if own is not None:
        return own.of(usage)
    if _is_local(hint):
        return None
    return _calculate(model, usage, _provider(hint) if hint else None)


def context_window(model: str, hint: str | None = None) -> int | None:
    """How many tokens a model can hold, where the list knows it; `hint` as for `cost`."""
    from genai_prices.data_snapshot import get_snapshot

    try:
        _, found = get_snapshot().find_provider_model(model, None, _provider(hint) if hint else None, None)
    except LookupError:
        return None
    return found.context_window


def _is_local(hint: str | None) -> bool:
    return hint in FREE or (hint is not None and "://" in hint and _host(hint) in _HOSTS)


@lru_cache(maxsize=256)
def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _provider(hint: str) -> str | None:
    """The list's own name for a provider, found by a name or by its API's address."""
    from genai_prices.data_snapshot import get_snapshot

    snapshot = get_snapshot()
    try:
        if "://" in hint:
            return snapshot.find_provider("", None, hint).id
        return snapshot.find_provider("", hint, None).id
    except LookupError:
        return None


@lru_cache(maxsize=1024)
def _is_listed(model: str, provider: str | None) -> bool:
    """Whether the list has a model. The list itself remembers only what it has; looking in vain costs it 200 us each time."""
    from genai_prices.data_snapshot import get_snapshot

    try:
        get_snapshot().find_provider_model(model, None, provider, None)
    except LookupError:
        return False
    return True


def _calculate(model: str, usage: Usage, provider: str | None) -> float | None:
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    if not _is_listed(model, provider):
        return None
    try:
        tokens = Tokens(
            input_tokens=usage.input,
            output_tokens=usage.output,
            cache_read_tokens=usage.cache_read or 0,
            cache_write_tokens=(usage.cache_write_5m or 0) + (usage.cache_write_1h or 0),
            cache_write_1h_tokens=usage.cache_write_1h or 0,
        )
        return float(calc_price(tokens, model, provider_id=provider).total_price)
    except (LookupError, ValueError):
        return None  # figures that contradict one another, such as more cached than there was input

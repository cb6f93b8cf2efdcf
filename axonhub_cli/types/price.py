"""What a model costs, in US dollars for a million tokens, as the user says it in `[prices."MODEL"]`."""

from typing import Annotated

from msgspec import Meta, Struct

from .messages import Usage

Dollars = Annotated[float, Meta(ge=0, le=1_000_000)]

_MILLION = 1_000_000


class Price(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prices that are left out follow from `input`: reading the cache costs as much, writing it too."""

    input: Dollars
    output: Dollars
    cache_read: Dollars | None = None
    cache_write_5m: Dollars | None = None
    cache_write_1h: Dollars | None = None

    def of(self, usage: Usage) -> float:
        """The price of one answer; figures that were not told count as none."""
        cached = (
            (usage.cache_read or 0, self.cache_read),
            (usage.cache_write_5m or 0, self.cache_write_5m),
            (usage.cache_write_1h or 0, self.cache_write_1h),
        )
        total = max(0, (usage.input or 0) - sum(tokens for tokens, _ in cached)) * self.input + (usage.output or 0) * self.output
        total += sum(tokens * (self.input if price is None else price) for tokens, price in cached)
        return total / _MILLION

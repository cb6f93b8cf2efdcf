"""The user's own prices."""

import pytest

from axonhub_cli.types.messages import Usage
from axonhub_cli.types.price import Price

MILLION = 1_000_000


@pytest.mark.parametrize(
    ("price", "usage", "dollars"),
    [
        (Price(input=2, output=10), Usage(input=MILLION, output=MILLION), 12.0),
        (Price(input=2, output=10, cache_read=0.5), Usage(input=MILLION, output=0, cache_read=MILLION), 0.5),
        (Price(input=2, output=10), Usage(input=MILLION, output=0, cache_read=MILLION), 2.0),
        (
            Price(input=1, output=1, cache_write_5m=2, cache_write_1h=3),
            Usage(input=3 * MILLION, output=0, cache_write_5m=MILLION, cache_write_1h=MILLION),
            6.0,
        ),
        (Price(input=2, output=10), Usage(input=1, output=0, cache_read=MILLION), 2.0),
        (Price(input=0, output=0), Usage(input=MILLION, output=MILLION), 0.0),
    ],
)
def test_what_an_answer_costs(price: Price, usage: Usage, dollars: float) -> None:
    """Input without its cached parts, output, and each cached part by its own price or that of input."""
    assert price.of(usage) == pytest.approx(dollars)

"""retry-after in all of its forms."""

import pytest

from axonhub_cli.protocols.headers import retry_after

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"
CASES = [
    ({}, None),
    ({"retry-after": "7"}, 7.0),
    ({"Retry-After": " 1.5 "}, 1.5),
    ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
    ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
    ({"retry-after": "-3"}, None),
    ({"retry-after": "nan"}, None),
    ({"retry-after": "inf"}, None),
    ({"retry-after": ""}, None),
    ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "Date": DATE}, 30.0),
    ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT", "date": DATE}, 0.0),
    ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
    ({"retry-after": "Wed, 21 Oct 2026 07:28:30 -0000", "date": DATE}, None),
    ({"retry-after": "tomorrow", "date": DATE}, None),
]


@pytest.mark.parametrize(("headers", "expected"), CASES)
def test_retry_after(headers: dict[str, str], expected: float | None) -> None:
    """Seconds come out, or nothing where the header says nothing usable."""
    assert retry_after(headers) == expected

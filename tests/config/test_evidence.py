"""Every quirk of every preset has its source, and no source is left over."""

from urllib.parse import urlsplit

import pytest

from axonhub_cli.config import evidence
from axonhub_cli.config.providers import PRESETS
from axonhub_cli.types.messages import PROTOCOLS, Protocol
from axonhub_cli.types.quirks import Quirks

PLAIN = Quirks()
ROWS: list[tuple[str, Protocol, str]] = [
    (preset.name, protocol, quirk)
    for preset in PRESETS.values()
    for protocol, endpoint in preset.endpoints.items()
    for quirk in Quirks.__struct_fields__
    if getattr(endpoint.quirks, quirk) != getattr(PLAIN, quirk)
]


@pytest.mark.parametrize("preset", PRESETS)
def test_each_quirk_has_a_source(preset: str) -> None:
    """A page of the vendor, or a thread of people who met it, and what is to be read there."""
    found = {(protocol, quirk): evidence.source(preset, protocol, quirk) for name, protocol, quirk in ROWS if name == preset}
    assert [row for row, source in found.items() if source is None] == []
    for source in filter(None, found.values()):
        address = urlsplit(source.page)
        assert (address.scheme, bool(address.hostname), len(address.path) > 1) == ("https", True, True), source
        assert 10 <= len(source.says) <= 100, source


def test_no_source_is_left_over() -> None:
    """A row names presets, protocols and quirks that exist and differ from the protocol's own."""
    told = {(name, protocol, quirk) for name, protocol, quirk in ROWS}
    for key, row in evidence.PRESETS.items():
        name, _, only = key.partition("/")
        protocols = [only] if only else [protocol for protocol in PROTOCOLS]
        for quirk in row:
            assert any((name, protocol, quirk) in told for protocol in protocols), (key, quirk)
    for protocol, row in evidence.FAMILIES.items():
        assert all(any((other, quirk) == (protocol, each) for _, other, each in told) for quirk in row)


def test_what_nobody_claims_has_none() -> None:
    """The default of a protocol needs no source."""
    assert evidence.source("openai", "openai-chat", "call_id_length") is None

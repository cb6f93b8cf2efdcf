"""Every quirk is explained to those who may switch it."""

from axonhub_cli.types.quirks import MEANINGS, Quirks


def test_each_quirk_has_its_meaning() -> None:
    """In the order in which they are declared, in a few words, and nothing else is explained."""
    assert tuple(MEANINGS) == Quirks.__struct_fields__
    assert all(0 < len(meaning) <= 140 and not meaning.endswith(".") for meaning in MEANINGS.values())

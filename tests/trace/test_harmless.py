"""Foreign text is shown, never obeyed."""

import unicodedata

from axonhub_cli.trace.harmless import harmless


def test_every_character() -> None:
    """What is no letter, sign, space, tab or end of line becomes one that can be seen; everything else stays as it is."""
    for code in (*range(0x2_0000), *range(0xE_0000, 0xE_0200)):
        character = chr(code)
        shown = harmless(character)
        hidden = unicodedata.category(character) in ("Cc", "Cs") or unicodedata.bidirectional(character) in (
            "LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI",
        )  # fmt: skip
        if hidden and character not in "\t\n":
            assert shown != character, hex(code)
        assert len(shown) == 1
        assert unicodedata.category(shown) not in ("Cc", "Cs") or shown in "\t\n"

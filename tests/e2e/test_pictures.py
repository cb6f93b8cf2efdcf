"""The pictures that are in the README (`pictures` makes them)."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["subagent", "codex", "failover", "cache-miss", "detail"])
def test_a_picture_is_small_shown_and_asks_nobody(name: str) -> None:
    """It is in the README, weighs little, and neither fetches fonts nor anything else."""
    picture = (ROOT / ".github" / "pictures" / f"{name}.svg").read_text(encoding="utf-8")
    assert f".github/pictures/{name}.svg" in README
    assert len(picture.encode()) < 60_000
    assert set(re.findall(r"https?://[^\"'\s<]+", picture)) <= {"http://www.w3.org/2000/svg", "http://127.0.0.1:8090"}
    assert re.findall(r"@import|@font-face|<script|<image|href", picture) == []

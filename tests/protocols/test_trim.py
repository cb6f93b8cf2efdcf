"""Fences and heredocs around a free-text tool's input disappear; the text itself is never touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.protocols.trim import Trimmer, unfenced

PATCH = "*** Begin Patch\n*** Update File: a\n@@\n-```\n+EOF\n*** End Patch\n"
PATCHES = {
    "bare": (PATCH, PATCH),
    "no line break at the end": (PATCH.rstrip(), PATCH.rstrip()),
    "fenced": (f"```\n{PATCH}```", PATCH),
    "fenced with a language": (f"\n```diff\n{PATCH}\n```\n", PATCH),
    "heredoc": (f"apply_patch <<'EOF'\n{PATCH}EOF", PATCH),
    "heredoc in a shell": (f"bash -lc \"apply_patch <<'PATCH'\n{PATCH}PATCH\n\"", PATCH),
    "both": (f"```bash\napply_patch <<-EOF\n{PATCH}EOF\n```\n", PATCH),
    "as an argument": (f"apply_patch '{PATCH}'", PATCH),
    "words after it": (f"{PATCH}That was it.", f"{PATCH}That was it."),
    "words before it": (f"Here it is:\n{PATCH}", f"Here it is:\n{PATCH}"),
    "no patch": ("apply_patch --help", "apply_patch --help"),
    "no patch for long": ("```\n" + "x" * 900, "```\n" + "x" * 900),
    "cut off": (PATCH[:40], PATCH[:40]),
    "nothing": ("", ""),
}
CODE = {
    "bare": ("text(1)\n", "text(1)\n"),
    "fenced": ("```js\ntext(`a`)\n```", "text(`a`)"),
    "fenced, then spaces": ("```\na\n\n  ```  \n", "a\n"),
    "fence not closed": ("```\na\n``\n", "a\n``\n"),
    "fence inside": ("x = `\n```\n`", "x = `\n```\n`"),
    "ticks": ("``", "``"),
}


def run(chunks: list[str], *, patch: bool) -> str:
    trimmer = Trimmer(patch=patch)
    return "".join(trimmer.feed(chunk) for chunk in chunks) + trimmer.close()


@pytest.mark.parametrize(("wire", "text"), PATCHES.values(), ids=PATCHES)
def test_patches(wire: str, text: str) -> None:
    """A patch comes out of its wrapping, whole and one character at a time."""
    assert run([wire], patch=True) == text
    assert run(list(wire), patch=True) == text


@pytest.mark.parametrize(("wire", "text"), CODE.values(), ids=CODE)
def test_code(wire: str, text: str) -> None:
    """A fence around the whole text leaves, one inside it stays."""
    assert run([wire], patch=False) == text
    assert run(list(wire), patch=False) == text


@given(
    st.lists(st.sampled_from(["```", "\n", "*** Begin Patch", "*** End Patch", "EOF", " ", "<<", "apply_patch ", "x", "`", "'"])),
    st.booleans(),
)
def test_cuts_never_matter(pieces: list[str], patch: bool) -> None:
    """The result does not depend on how the text was cut."""
    whole = "".join(pieces)
    assert run(pieces, patch=patch) == run([whole], patch=patch) == run(list(whole), patch=patch)


def test_a_patch_streams() -> None:
    """Lines of a patch leave as they come; only what may be its last line waits."""
    trimmer = Trimmer(patch=True)
    assert trimmer.feed("*** Begin Patch\n+a") == "*** Begin Patch\n+a"
    assert trimmer.feed("b\n*** En") == "b"
    assert trimmer.feed("tropy") == "\n*** Entropy"


@pytest.mark.parametrize(("text", "inside"), [("```\na\n```", "a"), ("```json\na", "a"), ("a", "a")])
def test_unfenced(text: str, inside: str) -> None:
    """A whole fenced text gives its inside, any other itself."""
    assert unfenced(text) == inside

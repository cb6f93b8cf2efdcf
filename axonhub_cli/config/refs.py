"""References to secrets: `keyring:NAME`, `env:NAME`, `file:PATH`. A secret itself never stands in a configuration file."""

import re
from typing import Literal, TypeAlias

from msgspec import Struct

from ..errors import SecretError

Scheme: TypeAlias = Literal["keyring", "env", "file"]

_NAMES = {
    "keyring": (re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}"), "letters, digits, dots, dashes, underscores and slashes"),
    "env": (re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}"), "letters, digits and underscores"),
    "file": (re.compile(r"[^\x00-\x1f]{1,4000}"), "a path"),
}
_KEY = re.compile(
    r"(?:(?:sk|pk|rk|gsk|xai|csk|nvapi|hf|ghp)[-_]|AIza)[-_A-Za-z0-9]{12,}|[A-Za-z0-9]{32,}(?:\.[A-Za-z0-9]+)?", re.ASCII
)


class SecretRef(Struct, frozen=True):
    """Where a secret is. `str()` gives the reference back."""

    scheme: Scheme
    name: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}"


def parse_ref(text: str) -> SecretRef:
    """The reference that a text is. `SecretError` when it is none; the text itself is never repeated: it may be the secret."""
    scheme, _, name = text.partition(":")
    if scheme not in _NAMES:
        what = "looks like the secret itself" if looks_like_key(text) else "is no reference to a secret"
        hint = "Expected keyring:NAME, env:NAME or file:PATH. Store the secret itself with: axonhub channel secret NAME"
        raise SecretError(f"what stands here {what}.", hint=hint)
    pattern, words = _NAMES[scheme]
    if scheme != "file" and looks_like_key(name) and not name.isupper():
        hint = f"After {scheme}: comes a name. Store the secret itself with: axonhub channel secret NAME"
        raise SecretError(f"after {scheme}: stands what looks like the secret itself.", hint=hint)
    if not pattern.fullmatch(name):
        raise SecretError(f"the name after {scheme}: is empty or unfit.", hint=f"It may have {words}.")
    return SecretRef(scheme, name)  # type: ignore[arg-type]  # one of _NAMES


def looks_like_key(text: str) -> bool:
    """Whether the text has the looks of a provider's key rather than of a name."""
    return _KEY.fullmatch(text.strip().removeprefix("Bearer ")) is not None

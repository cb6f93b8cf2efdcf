"""What a client says of itself in its headers, worked out once.

A client sends the very same headers with each request of a session. What they mean (their names in lower case, that they may
come in at all, whose session it is, which of them an upstream gets) is kept by their bytes, while the configuration stays the
same. Only who showed a key that we know is kept, so that nobody else can fill the memory.
"""

from collections.abc import Callable

from ..config.schema import Config
from ..trace.session import Hints, Session, voice

_MANY = 256  # cards
_LARGE = 4096  # bytes of headers that are worth keeping
Raw = tuple[tuple[bytes, bytes], ...]


class Card(dict[str, str]):
    """Headers by their names in lower case; the last one of a name counts. `kept`: who sent them was let in before.

    `sessions` by what the body says of them, `passed` are the lists of headers for upstreams.
    """

    __slots__ = ("kept", "passed", "raw", "sessions", "voice")

    def __init__(self, raw: Raw) -> None:
        super().__init__((name.decode("latin-1").lower(), value.decode("utf-8", "surrogateescape")) for name, value in raw)
        self.raw = raw
        self.kept = False
        self.sessions: dict[tuple[str | None, str | None], Session] = {}
        self.voice = voice(self)  # one conversation's
        self.passed: dict[tuple[object, ...], list[tuple[str, str]]] = {}

    def session(self, hints: Hints, find: Callable[[], Session]) -> Session:
        """Whose request it is."""
        key = (hints.user_id, hints.prompt_cache_key)
        found = self.sessions.get(key)
        if found is None:
            if len(self.sessions) >= _MANY:
                self.sessions.clear()
            found = self.sessions[key] = find()
        return found


class Cards:
    """The cards of one server's clients."""

    def __init__(self) -> None:
        self._known: dict[Raw, Card] = {}
        self._of: Config | None = None

    def get(self, raw: Raw, config: Config) -> Card | None:
        """The card of who sent these headers before, and was let in."""
        if config is not self._of:
            self._known.clear()
            self._of = config
        return self._known.get(raw)

    def keep(self, card: Card) -> None:
        """Who sent these headers was let in."""
        if card.kept or sum(len(name) + len(value) for name, value in card.raw) > _LARGE:
            return
        if len(self._known) >= _MANY:
            self._known.clear()
        card.kept = True
        self._known[card.raw] = card

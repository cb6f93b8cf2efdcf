"""What the shell completes behind a command: the names that are configured. Asked at each Tab, so it is quick, and whatever is
wrong says nothing."""

from collections.abc import Callable, Iterable

from ..errors import AxonHubError

Names = Callable[[str], list[str]]


def _of(names: Callable[[], Iterable[str]]) -> Names:
    """The names that begin as it was typed; none where they cannot be read."""

    def completed(incomplete: str) -> list[str]:
        try:
            return [name for name in names() if name.startswith(incomplete)]
        except AxonHubError:
            return []

    return completed


def _channels() -> Iterable[str]:
    from .edit import load

    return [channel.name for channel in load().channels]


def _profiles() -> Iterable[str]:
    from .edit import load

    return list(load().profiles)


def _keys() -> Iterable[str]:
    from ..config.keys import KeyStore
    from ..config.paths import paths

    return [key.name for key in KeyStore(paths().keys_file).keys]


def _types() -> Iterable[str]:
    from ..config.presets import PRESETS

    return list(PRESETS)


def _models() -> Iterable[str]:
    from ..clients.ask import models
    from .edit import load

    return models(load(), None)


channels, profiles, keys, types, models = (_of(names) for names in (_channels, _profiles, _keys, _types, _models))
clients = _of(lambda: ("claude", "codex", "opencode", "gemini"))

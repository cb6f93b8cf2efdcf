"""Local keys on demand: a client that is set up or started gets a key of its own, named after it."""

from ..errors import UsageError


def named(name: str) -> str | None:
    """The token of the local key of that name, None when there is none."""
    from ..config.keys import KeyStore
    from ..config.paths import paths

    return next((key.token for key in KeyStore(paths().keys_file).keys if key.name == name), None)


def token(name: str, *, make: bool, profile: str | None = None) -> tuple[str, bool]:
    """The token of the key of that name, and whether it was made now. `make`: a missing one is; else that is an error."""
    from ..config.keys import KeyStore
    from ..config.paths import paths

    found = named(name)
    if found is not None:
        return found, False
    if not make:
        raise UsageError(f"There is no local key named {name!r}.", hint=f"Create it: axonhub key create {name}")
    return KeyStore(paths().keys_file).create(name, profile).token, True

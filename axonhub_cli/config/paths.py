"""Where our own files are. `AXONHUB_HOME` puts all of them into one folder; otherwise the platform decides.

Nothing is cached: the environment is read at each call, so that tests and containers get what they asked for.
"""

import os
from pathlib import Path
from typing import NamedTuple

APP = "axonhub"


class Paths(NamedTuple):  # no msgspec: the status line starts after every answer, and needs only this
    """The three folders; the files are properties of them. None of them needs to exist yet."""

    config_dir: Path
    data_dir: Path
    state_dir: Path

    @property
    def config_file(self) -> Path:
        """`config.toml`: the user's."""
        return self.config_dir / "config.toml"

    @property
    def keys_file(self) -> Path:
        """`keys.toml`: local keys, 0600."""
        return self.config_dir / "keys.toml"

    @property
    def journal_file(self) -> Path:
        """`setup-journal.toml`: what `setup` changed in other people's files."""
        return self.data_dir / "setup-journal.toml"

    @property
    def database(self) -> Path:
        """`traces.db`."""
        return self.data_dir / "traces.db"

    @property
    def ratios_file(self) -> Path:
        """`ratios.json`: how tokens are counted by each model, as learned from its answers."""
        return self.data_dir / "ratios.json"

    @property
    def server_file(self) -> Path:
        """`server.json`: the running server."""
        return self.state_dir / "server.json"

    @property
    def orders_file(self) -> Path:
        """`orders.json`: what commands ask of the running server."""
        return self.state_dir / "orders.json"


def paths() -> Paths:
    """The folders that are in force now."""
    home = os.environ.get("AXONHUB_HOME")
    if home:
        folder = Path(os.path.abspath(os.path.expanduser(home)))
        return Paths(folder, folder, folder)
    from platformdirs import PlatformDirs

    dirs = PlatformDirs(APP, appauthor=False)
    return Paths(dirs.user_config_path, dirs.user_data_path, dirs.user_state_path)

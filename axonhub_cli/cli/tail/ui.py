"""What the user chose: what is selected, folded, marked, filtered, looked for, and which view is in front."""

from dataclasses import dataclass, field

from ...trace.filter import Filter
from .detail import Detail
from .entry import Entry
from .nodes import Key
from .sieve import Sieve


@dataclass(slots=True)
class Ui:
    """`opened` holds only what the user opened or shut by hand; `wish` is what the driver shall do next."""

    follow: bool = True
    cursor: Key | None = None
    top: int = 0
    opened: dict[Key, bool] = field(default_factory=dict)
    marked: dict[Key, None] = field(default_factory=dict)  # in the order of marking
    errors_only: bool = False
    filter: Filter | None = None
    find: str = ""  # what is looked for
    help: bool = False
    help_top: int = 0
    entry: Entry | None = None  # the line that is being typed
    exporting: bool = False  # the choice of forms is open
    detail: Detail | None = None
    notice: tuple[str, bool] | None = None  # what the last command did, and whether it failed; until the next key
    wish: tuple[str, ...] = ()
    filters: list[str] = field(default_factory=list)  # histories
    finds: list[str] = field(default_factory=list)
    _sieve: Sieve = field(default_factory=Sieve)

    @property
    def sieve(self) -> Sieve:
        """What the filter and `errors only` let through."""
        if (self._sieve.filter, self._sieve.errors_only) != (self.filter, self.errors_only):
            self._sieve = Sieve(self.filter, self.errors_only)
        return self._sieve

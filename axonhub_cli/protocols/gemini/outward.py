"""What every writing function of this codec needs."""

from dataclasses import dataclass

from ...types.messages import Extra
from ...types.quirks import Quirks
from ..base import Losses
from .fields import NAME


@dataclass(slots=True)
class Outward:
    """`native`: the request came in this protocol; the upstream's quirks; the receipt."""

    native: bool
    quirks: Quirks
    losses: Losses

    def keep(self, extra: Extra | None, path: str) -> Extra:
        """The unknown keys that may go out; those of another protocol go on the receipt."""
        if self.native or not extra:
            return extra or {}
        self.losses.extras(extra, path, NAME)
        return {}

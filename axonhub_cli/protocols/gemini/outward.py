"""What every writing function of this codec needs."""

from dataclasses import dataclass
from typing import Any

from ...types.messages import Extra
from ...types.quirks import Quirks
from ..base import Losses
from .dialect import Dialect
from .fields import NAME


@dataclass(slots=True)
class Outward:
    """`native`: the request came in this protocol; the upstream's quirks; the receipt."""

    native: bool
    quirks: Quirks
    losses: Losses

    def schema(self, schema: dict[str, Any], path: str) -> dict[str, Any]:
        """A JSON schema as the upstream takes it."""
        if self.quirks.plain_schemas:
            return schema
        dialect = Dialect(schema)
        written = dialect.written()
        if dialect.lost:
            self.losses.drop(path, f"{NAME}'s own schema dialect has no {', '.join(sorted(dialect.lost))}")
        return written

    def keep(self, extra: Extra | None, path: str) -> Extra:
        """The unknown keys that may go out; those of another protocol go on the receipt."""
        if self.native or not extra:
            return extra or {}
        self.losses.extras(extra, path, NAME)
        return {}

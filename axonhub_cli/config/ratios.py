"""`ratios.json`: how far our estimates of input tokens are from what each model really counted.

No tokenizer is loaded (`tokens.py` says why), so an estimate is off by a factor that is the same for all texts of one kind: the
vendor's vocabulary, what it tells the model about tools, how it counts images. That factor is learned: each answer brings the
real number for a request that can be estimated too. Kept are the last 32 of each (channel, model); older ones say less, since
models change behind their names.

    factor = the 75 % quantile of real / estimated, three per cent more, between 0.7 and 3

An estimate that is too high makes a client compact a little early; one that is too low makes its next request fail. Hence the
high quantile, and hence the lower bound: estimates of ordinary texts are never more than 1.4 times the real number, and an
upstream that claims so has not counted what its cache held. Beside each ratio stands the error that was made: what would have
been told before that answer, against what it was.
"""

import json
import math
from pathlib import Path

from msgspec import Struct, ValidationError, convert, field, to_builtins

from ..errors import ConfigError
from .files import read_bytes, write_private

KEPT = 32
ENOUGH = 3  # samples before anything is believed
LEAST, MOST = 0.7, 3.0
_ODD = (0.1, 10.0)  # ratios beyond are no measurement
_QUANTILE, _MARGIN = 0.75, 1.03
_SPOTS = 256
_LIMIT = 1 << 20


class Ratio(Struct, kw_only=True):
    """One (channel, model): the last ratios, oldest first, the error at each of them, and how many there were in all."""

    channel: str
    model: str
    samples: int = 0
    ratios: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)

    def factor(self) -> float:
        """What an estimate is multiplied with."""
        if len(self.ratios) < ENOUGH:
            return 1.0
        return min(MOST, max(LEAST, quantile(self.ratios, _QUANTILE) * _MARGIN))

    def add(self, estimated: int, real: int) -> None:
        """One answer. `estimated` is without any factor."""
        if estimated <= 0 or not _ODD[0] <= real / estimated <= _ODD[1]:
            return
        self.errors = [*self.errors, round(estimated * self.factor() / real - 1, 4)][-KEPT:]
        self.ratios = [*self.ratios, round(real / estimated, 4)][-KEPT:]
        self.samples += 1

    def told(self) -> dict[str, object]:
        """For people and programs: the factor, the samples, and how far off the numbers were (0.04 is four per cent). One in ten
        was as low as `error_low`, or lower."""
        off = [abs(error) for error in self.errors]
        return {
            "model": self.model,
            "ratio": round(self.factor(), 3),
            "samples": self.samples,
            "error_p50": round(quantile(off, 0.5), 3) if off else None,
            "error_p90": round(quantile(off, 0.9), 3) if off else None,
            "error_low": round(quantile(self.errors, 0.1), 3) if off else None,
        }


def quantile(values: list[float], share: float) -> float:
    """The smallest of the values that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


class Ratios:
    """All of them, by channel and model; the least recently learned go when there are too many."""

    def __init__(self, known: list[Ratio] | None = None) -> None:
        self._spots = {(each.channel, each.model): each for each in known or ()}

    def factor(self, channel: str, model: str) -> float:
        """What an estimate for this model of this channel is multiplied with; 1 while nothing is known."""
        found = self._spots.get((channel, model))
        return found.factor() if found is not None else 1.0

    def samples(self, channel: str, model: str) -> int:
        """How many answers it is based on."""
        found = self._spots.get((channel, model))
        return found.samples if found is not None else 0

    def learn(self, channel: str, model: str, estimated: int, real: int) -> None:
        """What an answer said."""
        found = self._spots.pop((channel, model), None) or Ratio(channel=channel, model=model)
        found.add(estimated, real)
        self._spots[channel, model] = found
        while len(self._spots) > _SPOTS:
            del self._spots[next(iter(self._spots))]

    def rename(self, old: str, new: str) -> bool:
        """The channel is called otherwise now; whether anything was known of it."""
        moved = {spot: each for spot, each in self._spots.items() if spot[0] == old}
        for spot, each in moved.items():
            del self._spots[spot]
            each.channel = new
            self._spots[new, spot[1]] = each
        return bool(moved)

    def of(self, channel: str) -> list[dict[str, object]]:
        """What is known of a channel's models, for `channel show` and `doctor`."""
        return [each.told() for each in self._spots.values() if each.channel == channel and each.samples]

    def save(self, path: Path) -> None:
        """Write them down. Raises `ConfigError`."""
        write_private(path, json.dumps(to_builtins(list(self._spots.values()))).encode() + b"\n")


def read(path: Path) -> Ratios:
    """What earlier runs learned; a missing or broken file says nothing."""
    try:
        return Ratios(convert(json.loads(read_bytes(path, _LIMIT)), list[Ratio]))
    except (FileNotFoundError, ConfigError, ValueError, RecursionError, ValidationError):
        return Ratios()


def rename(path: Path, old: str, new: str) -> None:
    """The same in the file, where no server holds it in memory. Raises `ConfigError`."""
    known = read(path)
    if known.rename(old, new):
        known.save(path)

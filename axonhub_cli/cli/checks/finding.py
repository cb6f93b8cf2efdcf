"""What a check says, and how all checks are run: side by side, with an end to the time that all of them may take."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct

from ...errors import AxonHubError

SECONDS = 8.0  # for all checks together; a check that is not done by then says so

Status: TypeAlias = Literal["ok", "warn", "fail"]


class Finding(Struct, frozen=True, kw_only=True):
    """One line: what was looked at (`area`, `name`), how it is, and, unless all is well, the remedy as one line.

    `fix` does what the remedy says; only where that is safe. It gives a sentence that says what it did.
    """

    area: str
    name: str
    status: Status
    text: str
    remedy: str | None = None
    fix: Callable[[], str] | None = None


Check: TypeAlias = Callable[[], Sequence[Finding]]


def ok(area: str, name: str, text: str) -> Finding:
    """All is well."""
    return Finding(area=area, name=name, status="ok", text=text)


def warn(area: str, name: str, text: str, remedy: str, fix: Callable[[], str] | None = None) -> Finding:
    """It works, but not as it should, or not everywhere."""
    return Finding(area=area, name=name, status="warn", text=text, remedy=remedy, fix=fix)


def fail(area: str, name: str, text: str, remedy: str, fix: Callable[[], str] | None = None) -> Finding:
    """It does not work."""
    return Finding(area=area, name=name, status="fail", text=text, remedy=remedy, fix=fix)


def short(file: Path) -> str:
    """A path with the home directory as `~`, as a shell takes it too."""
    home = os.path.expanduser("~")
    return f"~{str(file).removeprefix(home)}" if str(file).startswith(home + os.sep) else str(file)


def run(checks: Sequence[tuple[str, str, Check]], seconds: float = SECONDS) -> list[Finding]:
    """Run all checks (area, name, function) at once; the findings in the order of the checks."""
    found: list[Sequence[Finding] | None] = [None] * len(checks)

    def work(index: int) -> None:
        found[index] = _done(*checks[index])

    threads = [threading.Thread(target=work, args=(index,), daemon=True) for index in range(len(checks))]
    end = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0))
    return [finding for (area, name, _), each in zip(checks, found, strict=True) for finding in _whole(area, name, each, seconds)]


def _whole(area: str, name: str, found: Sequence[Finding] | None, seconds: float) -> Sequence[Finding]:
    """What a check has found; None: it is not done."""
    if found is not None:
        return found
    text = f"did not answer within {seconds:g} seconds"
    return [warn(area, name, text, "Run it again; if it stays so, something on the way is hanging.")]


def _done(area: str, name: str, check: Check) -> Sequence[Finding]:
    """The findings; an error of ours is a failure with its own remedy, any other says which check it was."""
    try:
        return check()
    except AxonHubError as error:
        return [fail(area, name, error.message, error.hint or "See: axonhub --help")]
    except Exception as error:  # noqa: BLE001  # one check that breaks must not hide the others
        return [
            warn(
                area,
                name,
                f"this check could not be made ({type(error).__name__}: {error})",
                "Report this: it is a mistake here.",
            )
        ]

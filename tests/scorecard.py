"""The scorecard of RELIABILITY.md, section 6: `python -m tests.scorecard [--quick]`.

Each row runs the tests that state it, or measures it, and is printed with its gate. `--quick` leaves out the browser and most
kills, and soaks for a few seconds only. Exit code 1 when a gate is missed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.soak.soak import Result, quantile, soak
from tests.threats.corpus import BROWSER, CASES


@dataclass
class Row:
    """One line of the scorecard."""

    metric: str
    gate: str
    value: str
    reached: bool


def run(*arguments: str, **environment: str) -> tuple[int, int, int]:
    """Run tests: how many passed, did not, and were skipped."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", f"--junitxml={report}", "-m", "", "-q", *arguments]
        subprocess.run(command, env={**os.environ, **environment}, capture_output=True, timeout=3600, check=False)
        if not report.exists():
            return 0, 1, 0
        suite = ElementTree.parse(report).getroot()[0].attrib
    bad, skipped = int(suite["failures"]) + int(suite["errors"]), int(suite["skipped"])
    return int(suite["tests"]) - bad - skipped, bad, skipped


def stated(metric: str, gate: str, *arguments: str, note: str = "", **environment: str) -> Row:
    """A row that tests state."""
    passed, bad, skipped = run(*arguments, **environment)
    value = f"{passed} of {passed + bad}" + (f", {skipped} skipped" if skipped else "") + (f" · {note}" if note else "")
    return Row(metric, gate, value, bad == 0 and passed > 0)


def start_time() -> float:
    """Milliseconds of a command that needs no heavy import, best of five."""
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "axonhub_cli", "--version"], capture_output=True, check=True)
        best = min(best, (time.perf_counter() - begun) * 1000)
    return best


def bombs() -> float:
    """CPU milliseconds of the most expensive bomb, decoded within the default limit of a small server."""
    from axonhub_cli.errors import AxonHubError
    from axonhub_cli.server.bodies import decode
    from tests.threats.test_hostile import make_bombs

    worst = 0.0
    for encoding, data in make_bombs().values():
        begun = time.process_time()
        try:
            decode(data, encoding, 8 << 20)
        except AxonHubError:
            pass
        worst = max(worst, (time.process_time() - begun) * 1000)
    return worst


def of_soak(result: Result) -> list[Row]:
    """The rows that the soak measures."""
    ended = result.complete + result.vanished + result.broken
    cancel, late, most = quantile(result.cancel_ms, 0.99), quantile(result.late_ms, 0.99), max(result.rss)
    sockets, tasks = result.sockets_after - result.sockets_before, result.tasks_after - result.tasks_before
    clean = result.exit_code == 0 and result.drain_s < 1
    return [
        Row("concurrent streams that end as they should", "all", f"{ended} of {result.started}", ended == result.started),
        Row("  memory at most, MB", "< 150", f"{most:.0f} (slope {result.slope:+.1f} a minute)", most < 150),
        Row("  an event's way, p99 ms (both ends in one process)", "< 50", f"{late:.0f}", late < 50),
        Row("client leaves → upstream is let go, p99 ms", "≤ 50", f"{cancel:.1f} of {len(result.cancel_ms)}", cancel <= 50),
        Row("trace rows − requests", "0", str(result.rows - result.started), result.rows == result.started),
        Row("sockets left over", "≤ 5", str(sockets), sockets <= 5),
        Row("tasks left over", "≤ 5", str(tasks), tasks <= 5),
        Row("tracebacks on stderr", "0", f"{result.tracebacks} in {result.stderr_lines} lines", result.tracebacks == 0),
        Row("idle SIGTERM: exit code, seconds", "0, < 1", f"{result.exit_code}, {result.drain_s:.2f}", clean),
    ]


SERVER = "tests/server/test_"
TESTED: list[tuple[str, str, tuple[str, ...]]] = [  # metric, gate, what pytest is given
    ("upstream and client faults × protocols", "100 %", ("tests/faults",)),
    ("hostile requests: 0 × 5xx, 0 upstream calls", "≥ 120", ("tests/threats/test_hostile.py",)),
    ("other users, modes, links, canary", "100 %", ("tests/threats/test_system.py", "-k", "not killed")),
    ("a real browser: foreign site, rebinding", "0 upstream calls", ("tests/threats/test_browser.py",)),
    ("cooldowns, one more try, limits, budgets", "100 %", (f"{SERVER}places.py", f"{SERVER}gates.py", f"{SERVER}budgets.py")),
    ("drain, two instances, files, locale, reload", "100 %", (f"{SERVER}lifecycle.py", f"{SERVER}process.py")),
    ("store damaged, newer, locked, emptied", "100 % served", ("tests/faults/test_client_faults.py", "-k", "store")),
    ("keyring absent, locked, hung", "no block > 5 s", ("tests/config", "tests/faults", "-k", "keyring")),
    ("escape payloads on the terminal", "0 raw bytes", ("tests/cli", "-k", "clean or escape or control or payload or hostile")),
]  # fmt: skip


def rows(quick: bool) -> Iterator[list[Row]]:
    """The scorecard, row by row, as it becomes known."""
    for metric, gate, arguments in TESTED:
        if not (quick and "browser" in metric):
            note = f"{len(CASES)} hostile, {len(BROWSER)} of browsers" if "hostile req" in metric else ""
            yield [stated(metric, gate, *arguments, note=note)]
    kills = "5" if quick else "200"
    arguments = ("tests/threats/test_system.py", "-k", "killed", "--timeout=3000")
    yield [stated(f"SIGKILL, {kills} rounds: nothing lost, nothing twice", "100 %", *arguments, AXONHUB_KILLS=kills)]
    worst, took = bombs(), start_time()
    yield [Row("bombs: CPU of the worst, ms (decoding limit 8 MB)", "< 50", f"{worst:.0f}", worst < 50)]
    yield [Row("start of a light command, ms", "< 100", f"{took:.0f}", took < 100)]
    yield of_soak(soak(200 if quick else 1000, 10 if quick else 60))


def main() -> int:
    """Print the rows as they are known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="minutes less: no browser, few kills, a short soak")
    given = parser.parse_args()
    missed = 0
    print(f"{'':3} {'metric':58} {'gate':16} measured")
    for found in rows(given.quick):
        for row in found:
            missed += not row.reached
            print(f"{'ok' if row.reached else '✗':3} {row.metric:58} {row.gate:16} {row.value}", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())

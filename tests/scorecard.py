"""The scorecard of RELIABILITY.md, section 6: `python -m tests.scorecard [--quick]`.

Each row runs the tests that state it, or measures it, and is printed with its gate. `--quick` (below four minutes) leaves out what has a marker,
and most kills, and soaks for a few seconds only. Exit code 1 when a gate is missed.
"""

# ruff: noqa: E501  # a table
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

from tests.soak.clients import bombs, left, stalled
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


def of_clients(quick: bool) -> list[Row]:
    """What clients can do to a server, measured."""
    bomb, slow, gone = bombs(), stalled(50 if quick else 200), left(200 if quick else 1000, 30 if quick else 100)
    each, wait = f"{slow.each_mb:.2f} of {slow.clients}", f"{slow.others_p50:.1f}"
    return [
        Row("bombs: the server's CPU for the worst, ms", "< 50", f"{bomb.cpu_ms:.0f} of {bomb.tried}", bomb.cpu_ms < 50),
        Row("  memory that they took, MB", "< 10", f"{bomb.grown_mb:.1f}", bomb.grown_mb < 10),
        Row("clients that do not read: memory of each, MB", "≤ 0.25", each, slow.each_mb <= 0.25),
        Row("  others' small answers meanwhile, p50 ms", "< 20", wait, slow.others_p50 < 20),
        Row("client leaves → upstream is let go, p99 ms", "≤ 50", f"{gone.one_p99:.1f}", gone.one_p99 <= 50),
        Row(f"  {gone.clients} at once, the last of them, ms", "≤ 1000", f"{gone.all_at_once:.0f}", gone.all_at_once <= 1000),
    ]


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
        Row("  client leaves → upstream is let go, p99 ms", "≤ 50", f"{cancel:.1f} of {len(result.cancel_ms)}", cancel <= 50),
        Row("trace rows − requests", "0", str(result.rows - result.started), result.rows == result.started),
        Row("sockets left over", "≤ 5", str(sockets), sockets <= 5),
        Row("tasks left over", "≤ 5", str(tasks), tasks <= 5),
        Row("tracebacks on stderr", "0", f"{result.tracebacks} in {result.stderr_lines} lines", result.tracebacks == 0),
        Row("idle SIGTERM: exit code, seconds", "0, < 1", f"{result.exit_code}, {result.drain_s:.2f}", clean),
    ]


SERVER, LOAD = "tests/server/test_", "tests/faults/test_under_load.py"
FAULTS = ("tests/faults/test_faults.py", "tests/faults/test_client_faults.py")
TESTED: list[tuple[str, str, tuple[str, ...]]] = [  # metric, gate, what pytest is given
    ("each fault and threat has its tests", "80 + 44", ("tests/rules/test_reliability.py",)),
    ("upstream and client faults × four protocols", "100 %", FAULTS),
    ("the vendors' SDKs raise on broken answers", "100 %", ("tests/faults/test_sdks.py",)),
    ("attempts: cooldowns, one more try, limits, budgets", "≤ 1 more", (f"{SERVER}places.py", f"{SERVER}gates.py", f"{SERVER}budgets.py")),
    ("hostile requests: 0 × 5xx, 0 upstream calls", "≥ 120", ("tests/threats/test_hostile.py",)),
    ("a real browser: foreign site, rebinding", "0 upstream calls", ("tests/threats/test_browser.py",)),
    ("other users, modes, links, squatters", "100 %", ("tests/threats/test_system.py", "tests/threats/test_squatter.py", "-k", "not killed and not secret")),
    ("the canary key outside keyring and upstream", "0 ×", ("tests/threats/test_system.py", "-k", "secret")),
    ("SIGTERM with 100 streams: all end in their protocol", "100 %", (LOAD, "-k", "48")),
    ("50 reloads, 25 broken, under 200 streams", "0 failures", (LOAD, "-k", "60")),
    ("a replaced secret, no files left, idle connections", "100 %", (LOAD, "-k", "73 or 66 or 67")),
    ("signals, two instances, files, locale", "100 %", (f"{SERVER}lifecycle.py", f"{SERVER}process.py", f"{SERVER}sockets.py")),
    ("a full disk; a store damaged, newer, locked, emptied", "100 % served", ("tests/faults/test_disk.py", *FAULTS[1:], "-k", "disk or store")),
    ("a clock that jumps, a huge body", "100 %", ("tests/faults/test_clock.py", "tests/faults/test_huge.py")),
    ("prompts after `trace clear`", "0 ×", ("tests/trace/test_reader.py", "-k", "clearing")),
    ("escape payloads on the terminal", "0 raw bytes", ("tests/threats/test_escapes.py", "tests/cli/tail/test_facts.py")),
    ("writing clients' files, killed at each step", "old or new", ("tests/clients/test_killed.py", "tests/config/test_files.py")),
    ("keyring absent, locked, hung", "no block > 5 s", ("tests/config", *FAULTS[1:], "-k", "keyring")),
]  # fmt: skip


def rows(quick: bool) -> Iterator[list[Row]]:
    """The scorecard, row by row, as it becomes known."""
    heavy = ("-m", "not (faults or threats or soak)") if quick else ()
    for metric, gate, arguments in TESTED:
        if quick and ("browser" in metric or arguments[0] in _HEAVY):
            continue
        note = f"{len(CASES)} hostile, {len(BROWSER)} of browsers" if "hostile req" in metric else "a part" if quick else ""
        yield [stated(metric, gate, *arguments, *heavy, note=note, **({} if quick else {"AXONHUB_LOAD": "1"}))]
    kills = "5" if quick else "200"
    arguments = ("tests/threats/test_system.py", "-k", "killed", "--timeout=3000")
    yield [stated(f"SIGKILL under load, {kills} rounds: nothing lost or twice", "100 %", *arguments, AXONHUB_KILLS=kills)]
    took = start_time()
    yield [Row("start of a light command, ms", "< 100", f"{took:.0f}", took < 100)]
    yield of_clients(quick)
    yield of_soak(soak(100 if quick else 1000, 10 if quick else 60))


_HEAVY = (LOAD, "tests/faults/test_sdks.py", "tests/faults/test_clock.py")  # all of it is too long for a quick look


def main() -> int:
    """Print the rows as they are known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="minutes less: no marked tests, few kills, a short soak")
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

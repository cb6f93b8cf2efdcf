"""Other processes: alive or not, and since when."""

import ctypes
import os
import subprocess
import sys
from ctypes import wintypes
from typing import Any

import pytest

from axonhub_cli.config import processes


def test_a_process_is_known_by_its_start() -> None:
    """Ours stays what it is; one that has ended is none; numbers that are none are none."""
    assert processes.started(os.getpid()) == processes.started(os.getpid()) is not None
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert processes.started(child.pid) is None
    assert [processes.started(number) for number in (0, -1)] == [None, None]
    assert processes.started(1) is not None  # somebody else's, perhaps


class Kernel:
    """As much of Windows as is asked: one process of number 7, begun at 5 · 2³² + 6, and how it is."""

    def __init__(self, code: int, times: bool) -> None:
        self.code, self.times, self.open = code, times, 0

    def OpenProcess(self, access: int, inherit: bool, pid: int) -> int | None:
        self.open += pid == 7
        return 99 if pid == 7 else None

    def CloseHandle(self, handle: int) -> None:
        self.open -= 1

    def GetExitCodeProcess(self, handle: int, code: Any) -> int:
        ctypes.cast(code, ctypes.POINTER(wintypes.DWORD)).contents.value = self.code
        return 1

    def GetProcessTimes(self, handle: int, *times: Any) -> int:
        begun = ctypes.cast(times[0], ctypes.POINTER(wintypes.FILETIME)).contents
        begun.dwHighDateTime, begun.dwLowDateTime = 5, 6
        return int(self.times)


@pytest.mark.parametrize(
    ("pid", "code", "times", "expected"),
    [(7, 259, True, str(5 << 32 | 6)), (7, 259, False, ""), (7, 0, True, None), (8, 259, True, None)],
)
def test_windows_is_asked_for_the_process(pid: int, code: int, times: bool, expected: str | None) -> None:
    """Alive with its start, alive without, ended, never there; every handle is closed again."""
    kernel = Kernel(code, times)
    assert processes._windows(pid, kernel) == expected
    assert kernel.open == 0

"""Other processes: whether one lives, and since when, so that a number that was given out again is not taken for it."""

import os
import sys
from typing import Any

_MAY_ASK = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
_STILL_ACTIVE = 259


def started(pid: int) -> str | None:
    """What tells this process from another one of the same number: its start time in units of the system, empty where the
    system does not tell it. None: no process of that number lives."""
    if pid <= 0:
        return None
    if sys.platform == "win32":
        return _windows(pid, _kernel())
    if not _posix(pid):
        return None
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[19]  # clock ticks since boot
    except (OSError, IndexError):
        return ""


def _posix(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # it lives, and is somebody else's
        return True
    return True


def _kernel() -> Any:
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]  # Windows only
    kernel.OpenProcess.restype = wintypes.HANDLE
    kernel.CloseHandle.argtypes = [wintypes.HANDLE]
    kernel.GetExitCodeProcess.argtypes = [wintypes.HANDLE, ctypes.c_void_p]
    kernel.GetProcessTimes.argtypes = [wintypes.HANDLE, *[ctypes.c_void_p] * 4]
    return kernel


def _windows(pid: int, kernel: Any) -> str | None:
    """There, signal 0 would end the process."""
    import ctypes
    from ctypes import wintypes

    handle = kernel.OpenProcess(_MAY_ASK, False, pid)
    if not handle:
        return None
    try:
        code = wintypes.DWORD()
        if not kernel.GetExitCodeProcess(handle, ctypes.byref(code)) or code.value != _STILL_ACTIVE:
            return None
        times = [wintypes.FILETIME() for _ in range(4)]  # begun, ended, in the kernel, in user mode
        if not kernel.GetProcessTimes(handle, *(ctypes.byref(each) for each in times)):
            return ""
        return str(times[0].dwHighDateTime << 32 | times[0].dwLowDateTime)
    finally:
        kernel.CloseHandle(handle)

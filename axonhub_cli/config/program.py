"""How this program starts itself again, and other programs: from an interpreter, or as a frozen binary (`.ci/binary`).

A frozen binary has no interpreter that `-m` or a path could be given to. It starts itself, with the name of one of its own
modules behind `PART` where a part of it is to be a process of its own (`__main__` runs that). Its libraries are found through
a variable of the loader that must not reach other people's programs.

`-P` keeps the working directory out of what can be imported: it is some project, and may hold an `axonhub_cli` of its own.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

PART = "--part"
_LOADER = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH")


def frozen() -> bool:
    """Whether this is the binary."""
    return bool(getattr(sys, "frozen", False))


def ourselves() -> list[str]:
    """The command line that is this program; arguments follow."""
    return [sys.executable] if frozen() else [sys.executable, "-P", "-m", "axonhub_cli"]


def part(module: str) -> list[str]:
    """The command line of one module of this package, named in full, as a program."""
    return [sys.executable, PART, module] if frozen() else [sys.executable, "-P", "-m", module]


def alone(file: Path, module: str) -> list[str]:
    """The same, by the path of its file: nothing of the working directory and nothing of this package can be imported there."""
    return [sys.executable, PART, module] if frozen() else [sys.executable, "-P", str(file)]


def run_part(module: str) -> None:
    """Be that module. Only modules of this package are run."""
    import runpy

    if module.partition(".")[0] != "axonhub_cli":
        raise SystemExit(f"axonhub: {module} is no part of it.")
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__")


def outside(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a program that is not ours: what the binary's loader set is as it was before."""
    out = dict(environ)
    if frozen():
        for name in _LOADER:
            before = out.pop(f"{name}_ORIG", None)
            out.pop(name, None)
            if before is not None:
                out[name] = before
    return out

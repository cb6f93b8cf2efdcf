"""Set a client up and take it back, killed at each step that touches the disk in turn. Run as a program by `test_killed.py`.

Each try is a process of its own that ends by `os._exit` just before its Nth call of a function that writes: no cleaning up
happens, as when the power fails. What it leaves must be the old or the new file, a journal that reads, and a way on: the same
command again, and then the undo, give the user's own bytes. Prints how many kills there were for each act.
"""

import builtins
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axonhub_cli.clients import claude_code, codex
from axonhub_cli.clients.journal import Journal, Plan, Target

WRITERS = ("replace", "fsync", "unlink", "mkdir", "fchmod", "write", "open")
OLD = {"toml": b"# mine\nmodel = 'x'\n", "json": b'{\n  // mine\n  "a": 1,\n}\n'}


def target(kind: str, file: Path) -> Target:
    """Codex's or Claude Code's edits, for a file here."""
    said = codex.target(8090) if kind == "toml" else claude_code.target(8090, "ah-t", {}, {})
    return Target("x", file, said.kind, said.edits, whole=said.whole)


def killed_at(step: int, act: Callable[[], Any]) -> bool:
    """Whether the act was killed at that step (False: it had fewer)."""
    pid = os.fork()
    if pid == 0:
        left = [step]

        def wrap(real: Any) -> Any:
            def call(*args: Any, **settings: Any) -> Any:
                left[0] -= 1
                if left[0] == 0:
                    os._exit(9)
                return real(*args, **settings)

            return call

        for name in WRITERS:
            setattr(os, name, wrap(getattr(os, name)))
        builtins.open = wrap(builtins.open)
        act()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9


class Case:
    """A home with a client's file in it, or without one."""

    def __init__(self, folder: Path, kind: str, old: bytes | None) -> None:
        self.file, self.old = folder / "client" / "settings", old
        self.file.parent.mkdir()
        self.journal = Journal(folder / "ours" / "setup-journal.toml")
        self.target = target(kind, self.file)
        if old is not None:
            self.file.write_bytes(old)

    def apply(self) -> None:
        """What `setup` does."""
        plan = self.journal.plan(self.target)
        self.journal.apply(plan) if plan.changes else self.journal.adopt(plan)

    def undo(self) -> None:
        """What `setup --undo` does."""
        record = self.journal.record("x", self.file)
        if record is not None:
            plan: Plan = self.journal.plan_undo(record)
            assert plan.kept == (), plan.kept
            self.journal.undo(plan)

    def now(self) -> bytes | None:
        """The file as it is."""
        return self.file.read_bytes() if self.file.exists() else None

    def check(self, new: bytes) -> None:
        """Nothing is lost, and from here both ways lead to where they should; no temporary file outlives them."""
        assert self.now() in (self.old, new), self.now()
        backups = [path.read_bytes() for path in self.file.parent.parent.glob("ours/backups/*")]
        assert self.now() == self.old or self.old is None or self.old in backups
        self.apply()
        assert self.now() == new, self.now()
        self.undo()
        assert self.now() == self.old, self.now()
        assert [path.name for path in self.file.parent.iterdir()] == ([] if self.old is None else ["settings"])


def kills(kind: str, old: bytes | None, new: bytes, act: str) -> int:
    """Kill one act at every step; gives how many steps it had."""
    for step in itertools.count(1):
        with tempfile.TemporaryDirectory() as folder:
            case = Case(Path(folder), kind, old)
            if act == "undo":
                case.apply()
            if not killed_at(step, getattr(case, act)):
                return step - 1
            case.check(new)
    raise AssertionError


def main() -> None:
    """All acts on all files."""
    found = {}
    for kind, there in (("toml", True), ("json", True), ("json", False)):
        old = OLD[kind] if there else None
        with tempfile.TemporaryDirectory() as folder:
            case = Case(Path(folder), kind, old)
            case.apply()
            new = case.now()
        assert new is not None
        for act in ("apply", "undo"):
            found[f"{act} {kind} {there}"] = kills(kind, old, new, act)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()

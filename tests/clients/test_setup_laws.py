"""The law of a set-up: what the user has, and what the user does later, is there after an undo; nothing of ours is.

Files are made of lines with a mark each, so that the same later edits can be made to the file as it was and to the file with our
set-up in it. Undoing the second must give the first: the same meaning, and the same lines in the same order (blank ones apart).
"""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.clients import claude_code, codex, gemini, opencode, zed
from axonhub_cli.clients.edits import kind
from axonhub_cli.clients.journal import Journal, Target

TOML_VALUES = (
    "1",
    "true",
    '"a # b"',
    "'it # s'",
    '["x", # c\n  "y",\n]',
    '"""two\nlines"""',
    "{ a = 1, b = [1, 2] }",
    "1.5",
)
JSON_VALUES = ("1", "true", "null", '"a // b"', '"\\u0041, }"', "[1, 2]", '{"a": {"b": []}}', "[\n    1, // c\n  ]")
COMMENTS = ("", " # why", " #")


@st.composite
def toml_files(draw: st.DrawFn) -> str:
    """A configuration: top-level values, tables, a provider of the user's own perhaps, comments and blank lines anywhere."""
    numbers = iter(range(1000))

    def pair() -> str:
        return f"u{next(numbers)} = {draw(st.sampled_from(TOML_VALUES))}{draw(st.sampled_from(COMMENTS))}"

    def filler() -> list[str]:
        return draw(st.lists(st.sampled_from(["", "# a remark", "   "]), max_size=2))

    lines = filler()
    if draw(st.booleans()):
        lines += [f'model_provider = "mine"{draw(st.sampled_from(COMMENTS))}', *filler()]
    for _ in range(draw(st.integers(0, 3))):
        lines += [pair(), *filler()]
    tables = ["[model_providers.mine]", "[[notify]]", "[profiles.fast]", '["a b"]', "[deep.er]"]
    for table in draw(st.lists(st.sampled_from(tables), unique=True, max_size=3)):
        lines += [table, pair(), *filler()]
    return "\n".join(lines) + draw(st.sampled_from(["", "\n"]))


@st.composite
def json_files(draw: st.DrawFn) -> str:
    """Settings with comments and trailing commas, with and without an `env` block of the user's."""
    numbers = iter(range(1000))
    indent = draw(st.sampled_from(["  ", "    ", "\t"]))

    def members(depth: int, names: list[str]) -> list[str]:
        pairs = [f'"u{next(numbers)}": {draw(st.sampled_from(JSON_VALUES))}' for _ in range(draw(st.integers(0, 3)))]
        pairs += [f'"{name}": "theirs"' for name in names]
        if depth == 0 and draw(st.booleans()):
            inner = members(1, draw(st.sampled_from([[], ["ANTHROPIC_API_KEY"], ["ANTHROPIC_BASE_URL", "FOO"]])))
            pairs.append("\n".join(['"env": {', *inner, indent + "}"]))
        out = []
        for index, pair in enumerate(pairs):
            last = index == len(pairs) - 1
            comma = "," if not last or draw(st.booleans()) else ""
            out.append(indent * (depth + 1) + pair + comma + draw(st.sampled_from(["", " // why", " /* x */"])))
            out += draw(st.sampled_from([[], [""], [indent + "// alone"]]))
        return out

    return "\n".join(["{", *members(0, []), "}"]) + draw(st.sampled_from(["", "\n"]))


Edit = Callable[[str], str]


def at(mark: str, change: Callable[[str], str | None]) -> Edit:
    """An edit of the one line that begins with that mark, if there is one that holds the whole of its value."""

    def edit(text: str) -> str:
        out = []
        for line in text.split("\n"):
            found = line.strip().startswith(mark)
            new = change(line) if found else line
            out += [] if new is None else [new]
        return "\n".join(out)

    return edit


@st.composite
def later(draw: st.DrawFn, comment: str, mark: str, addition: str) -> list[Edit]:
    """What a user does to a file afterwards: new comments, new members, values changed, lines taken out."""
    edits: list[Edit] = []
    for number in draw(st.lists(st.integers(0, 6), max_size=4)):
        here = mark.format(number)
        what = draw(st.sampled_from(["comment", "change", "delete"]))
        if what == "comment":
            edits.append(at(here, lambda line, n=number: f"{comment} later {n}\n{line}"))
        elif what == "change":
            edits.append(
                at(here, lambda line: line.replace("true", "false") if line.strip().endswith(("true", "true,")) else line)
            )
        else:
            whole = ("1", "1,", "true", "true,", "null", "null,")  # with and without a comma: a set-up may add one
            edits.append(at(here, lambda line, whole=whole: None if line.strip().endswith(whole) else line))
    if draw(st.booleans()):
        edits.append(lambda text: text + ("" if text.endswith("\n") or not text else "\n") + addition)
    return edits


def undone(before: str | None, target: Callable[[Path], Target], edits: list[Edit], bom: bool, ends: str) -> tuple[str, str]:
    """What an undo leaves of a set-up file with these edits, and what the edits make of the user's own file."""

    def bytes_of(text: str) -> bytes:
        return (("\ufeff" if bom else "") + text.replace("\n", ends)).encode()

    def edited(text: str) -> str:
        for edit in edits:
            text = edit(text)
        return text

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "client" / "settings"
        file.parent.mkdir()
        if before is not None:
            file.write_bytes(bytes_of(before))
        journal = Journal(Path(folder) / "ours" / "setup-journal.toml")
        journal.apply(journal.plan(target(file)))
        now = file.read_bytes().decode().removeprefix("\ufeff").replace("\r\n", "\n")
        assert now != before
        if edits:
            file.write_bytes(bytes_of(edited(now)))
        record = journal.record("x", file)
        assert record is not None
        plan = journal.plan_undo(record)
        assert plan.kept == ()
        journal.undo(plan)
        left = file.read_bytes().decode() if file.exists() else ""
        assert (left.startswith("\ufeff") or not left) == bom or not before
        if not edits:
            assert left.encode() == (b"" if before is None else bytes_of(before))
    return left.removeprefix("\ufeff").replace("\r\n", "\n"), edited(before or "")


def lines(text: str) -> list[str]:
    """The lines that say something."""
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def braces(text: str) -> str:
    """An object that became empty may have been written on one line or on two."""
    return re.sub(r"\{\s*\}", "{}", text)


def of_codex(file: Path) -> Target:
    """Codex's edits for a file anywhere."""
    said = codex.target(8090, "m")
    return Target("x", file, said.kind, said.edits, whole=said.whole, retract=said.retract)


def of_claude_code(file: Path) -> Target:
    """Claude Code's edits for a file anywhere."""
    said = claude_code.target(8090, "ah-token-for-tests", {}, {})
    return Target("x", file, said.kind, said.edits, retract=said.retract)


def of_others(file: Path) -> list[Target]:
    """The same of the clients that nobody but us names in their files."""
    said = [opencode.target(8090, ["m", "n"], choose=False), zed.target(8090, ["m"], {}), gemini.target()]
    return [Target("x", file, each.kind, each.edits) for each in said]


@given(toml_files(), later("#", "u{} =", "\n[later]\nmine = 1 # yes\n"), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_toml(text: str, edits: list[Edit], bom: bool, ends: str) -> None:
    """Codex's file: undo gives the user's file with the user's edits, line for line."""
    left, wanted = undone(text, of_codex, edits, bom, ends)
    assert kind("toml").load(left) == kind("toml").load(wanted)
    assert lines(left) == lines(wanted)


@given(json_files(), later("//", '"u{}":', "// the end\n"), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_json(text: str, edits: list[Edit], bom: bool, ends: str) -> None:
    """Claude Code's settings, comments and trailing commas and all: undo gives the user's file with the user's edits."""
    left, wanted = undone(text, of_claude_code, edits, bom, ends)
    assert without_empty(kind("json").load(left)) == without_empty(kind("json").load(wanted))
    assert comments(left) == comments(wanted)
    assert "ah-token" not in left


@given(
    json_files(),
    later("//", '"u{}":', "// the end\n"),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([0, 1, 2]),
)
def test_json_tables(text: str, edits: list[Edit], bom: bool, ends: str, client: int) -> None:
    """Tables in tables that we made go as a whole, and what is left is the user's, line for line."""
    left, wanted = undone(text, lambda file: of_others(file)[client], edits, bom, ends)
    assert kind("json").load(left) == kind("json").load(wanted)
    assert lines(braces(left)) == lines(braces(wanted))


@given(st.sampled_from([of_codex, of_claude_code]))
def test_no_file(target: Callable[[Path], Target]) -> None:
    """A file that we made goes; one that the user has written into since stays with that alone."""
    left, _ = undone(None, target, [], False, "\n")
    assert left == ""


def without_empty(value: Any) -> Any:
    """An `env` block that the user emptied may stay or go."""
    return {name: item for name, item in value.items() if item != {}}


def comments(text: str) -> list[str]:
    """The comments of a file with comments, in order."""
    return [
        part for line in text.split("\n") for part in ("// why", "/* x */", "// alone", "// later", "// the end") if part in line
    ]

"""Only the tail of what a request says is kept."""

from axonhub_cli.cli.tail.stream import Stream


def test_pieces_of_one_kind_are_one_part() -> None:
    """Neighbouring deltas join; another kind begins a part; a tool call takes its arguments."""
    stream = Stream()
    for kind, piece in [
        ("thinking", "hm"),
        ("thinking", "m"),
        ("text", "Hi"),
        ("tool", "Bash"),
        ("arguments", '{"a"'),
        ("arguments", ": 1}"),
    ]:
        stream.add(kind, piece)
    assert [(part.kind, part.name, part.text) for part in stream.parts] == [
        ("thinking", "", "hmm"),
        ("text", "", "Hi"),
        ("tool", "Bash", '{"a": 1}'),
    ]


def test_arguments_without_a_tool_open_a_nameless_one() -> None:
    """A subscriber that came late still sees what is written."""
    stream = Stream()
    stream.add("arguments", "{}")
    assert [(part.kind, part.name, part.text) for part in stream.parts] == [("tool", "", "{}")]


def test_unknown_kinds_and_empty_pieces_are_ignored() -> None:
    """Nothing is kept of them."""
    stream = Stream()
    stream.add("smell", "x")
    stream.add("text", "")
    assert stream.parts == []
    assert stream.length == 0


def test_a_huge_delta_leaves_its_tail_and_its_length() -> None:
    """Text keeps the end, arguments the beginning; the whole stays far below 64 kB."""
    stream = Stream()
    stream.add("text", "a" * 1_000_000 + "end")
    stream.add("tool", "Write")
    stream.add("arguments", "begin" + "b" * 1_000_000)
    text, tool = stream.parts
    assert (len(text.text), text.text[-3:], text.length) == (2000, "end", 1_000_003)
    assert (len(tool.text.rstrip("…")), tool.text[:5]) == (2000, "begin")
    assert stream.length == 2_000_013


def test_many_parts_leave_the_last_ones() -> None:
    """The number of parts is bounded, and smaller once the request is over."""
    stream = Stream()
    for number in range(100):
        stream.add("tool", f"t{number}")
        stream.add("text", "é" * 5000)
    assert sum(len(part.text.encode()) for part in stream.parts) < 64_000
    assert len(stream.parts) == 8
    stream.shrink(3, 10)
    assert [len(part.text) for part in stream.parts] == [10, 0, 10]


def test_hostile_pieces_are_harmless_wherever_they_are_cut() -> None:
    """An escape sequence that comes in two deltas is no sequence."""
    stream = Stream()
    for piece in ("\x1b", "]52;c;aGk=", "\x07"):
        stream.add("text", piece)
    assert stream.parts[0].text == "␛]52;c;aGk=␇"

"""Whole responses of every kind of part, made by hypothesis."""

from hypothesis import strategies as st

from axonhub_cli.types.messages import Media, Opaque, Part, Reasoning, Refusal, Response, Seal, Text, ToolCall, Usage

_EXTRA = st.none() | st.dictionaries(st.text(max_size=3), st.integers(), min_size=1, max_size=2)
_SEALS = st.none() | st.builds(Seal, st.text(), st.text(), st.text())
_PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, text=st.text(), extra=_EXTRA),
    st.builds(Refusal, text=st.text()),
    st.builds(Reasoning, text=st.text(), summary=st.booleans(), seal=_SEALS, extra=_EXTRA),
    st.builds(
        ToolCall, id=st.text(), name=st.text(), arguments=st.text(), kind=st.sampled_from(["function", "custom"]), seal=_SEALS
    ),
    st.builds(Media, kind=st.just("image"), data=st.text()),
    st.builds(Opaque, protocol=st.just("gemini"), kind=st.text(), raw=st.dictionaries(st.text(), st.integers(), max_size=2)),
)
_FIGURES = st.none() | st.integers(0)
RESPONSES = st.builds(
    Response,
    origin=st.sampled_from(["anthropic", "openai-chat"]),
    id=st.text(),
    model=st.text(),
    parts=st.lists(_PARTS, max_size=5).map(tuple),
    finish=st.none() | st.sampled_from(["stop", "length", "tool_calls"]),
    usage=st.none() | st.builds(Usage, input=_FIGURES, output=_FIGURES, cache_read=_FIGURES),
    extra=_EXTRA,
)

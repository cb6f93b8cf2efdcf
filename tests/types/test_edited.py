"""Bodies that are others with some bytes exchanged."""

from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.types.edited import Body, Edited, cut, held, parts

BYTES = st.binary(max_size=12)


@st.composite
def _bodies(draw: st.DrawFn) -> tuple[Body, bytes]:
    """A body, edited up to three times over, and what it should be."""
    plain = draw(BYTES)
    body: Body = plain
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(plain)))
        end, new = draw(st.integers(start, len(plain))), draw(BYTES)
        body, plain = Edited(body, start, end, new), plain[:start] + new + plain[end:]
    return body, plain


@given(_bodies(), st.data())
def test_an_edit_is_the_bytes_that_it_stands_for(made: tuple[Body, bytes], data: st.DataObject) -> None:
    """As a whole, in parts, and any piece of it."""
    body, plain = made
    start = data.draw(st.integers(0, len(plain)))
    end = data.draw(st.integers(start, len(plain)))
    assert (bytes(body), len(body), b"".join(parts(body))) == (plain, len(plain), plain)
    assert cut(body, start, end) == plain[start:end]
    assert all(len(part) for part in parts(body))


def test_what_an_edit_holds() -> None:
    """Its own bytes: the others are somebody else's."""
    assert (held(b"12345"), held(Edited(b"12345", 1, 2, b"ab"))) == (5, 2)

"""The first words of a Responses stream: said by us before any upstream has spoken, or by an upstream that says too little.

Codex's idle timer counts events only, so a keep-alive must be one; OpenAI's accumulating helpers (Python and JavaScript) take no
event before `response.created`, and Python's none with another response id after it. So a stream that must be kept alive before
anything was said is begun by ourselves: `response.created` under the id that the answer will have, then `keepalive` events, which
both helpers pass over. The upstream's own `response.created` is left out when it comes.

Servers that imitate the protocol leave out what Codex does not need: llama.cpp's events have no `sequence_number`, no
`output_index` and no `content_index`, its response no `output`, and the helpers fail on that. The vendor numbers every event.
"""

import re

from ..base import Reply
from .response import envelope
from .stream_output import Wire

TOLD = 1  # events
_FRAME = re.compile(rb".+?(?:\r\n\r\n|\n\n|\r\r|\Z)", re.DOTALL)
_DATA = re.compile(rb"^data: ?(\{.*\})\r?$", re.MULTILINE)
_IS_FIRST = re.compile(rb'"type"\s*:\s*"response\.created"')


def opening(reply: Reply) -> bytes:
    """The event, under the reply's id."""
    wire = Wire(0)
    wire.emit("response.created", response=envelope(reply, reply.id))
    return wire.take()


def unopened(data: bytes) -> bytes:
    """The beginning of a stream without that event: whole frames in, whole frames out."""
    return b"".join(frame for frame in _FRAME.findall(data) if not _IS_FIRST.search(frame))


def sparse(data: bytes) -> bool:
    """Whether the first event that is there whole has no number."""
    found = _DATA.search(data)
    return found is not None and b'"sequence_number"' not in found[1]

"""Anthropic Messages."""

from ..base import Codec, Pieces
from .errors import error_in, read_error, write_error
from .outgoing import write_request
from .request import read_message, read_request, read_system, read_tools
from .response import read_response, write_response
from .stream_reader import StreamReader
from .stream_writer import PING, StreamWriter

CODEC = Codec(
    name="anthropic",
    read_request=read_request,
    write_request=write_request,
    read_response=read_response,
    write_response=write_response,
    stream_reader=StreamReader,
    stream_writer=StreamWriter,
    read_error=read_error,
    write_error=write_error,
    error_in=error_in,
    ping=PING,
    last_words=(b"message_stop",),
    steady=True,
    pieces=Pieces("messages", read_message, {"system": read_system, "tools": read_tools}),
)

__all__ = ["CODEC"]

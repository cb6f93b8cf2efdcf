"""The Gemini API (`generateContent`), as Google and the servers that imitate it speak it."""

from ..base import Codec
from .errors import error_in, read_error, write_error
from .request import read_request, write_request
from .response import read_response, write_response
from .stream_read import Reader
from .stream_write import PING, Writer

CODEC = Codec(
    name="gemini",
    read_request=read_request,
    write_request=write_request,
    read_response=read_response,
    write_response=write_response,
    stream_reader=Reader,
    stream_writer=Writer,
    read_error=read_error,
    write_error=write_error,
    error_in=error_in,
    ping=PING,
    last_words=(b'"finishReason"',),
    in_path=frozenset({"model", "stream"}),
    model_key="modelVersion",
)

__all__ = ["CODEC"]

"""OpenAI Chat Completions, as OpenAI and the many servers that imitate it speak it."""

from ..base import Codec
from .errors import error_in, read_error, write_error
from .request import read_request, write_request
from .response import read_response, write_response
from .stream import Reader
from .writer import Writer

CODEC = Codec(
    name="openai-chat",
    read_request=read_request,
    write_request=write_request,
    read_response=read_response,
    write_response=write_response,
    stream_reader=Reader,
    stream_writer=Writer,
    read_error=read_error,
    write_error=write_error,
    error_in=error_in,
    ping=b": keep-alive\n\n",
    last_words=(b"\ndata: [DONE]", b"\ndata:[DONE]"),
    steady=True,
)

__all__ = ["CODEC"]

"""OpenAI Responses: what Codex speaks. `CODEC` is all that others need.

request_read, history_read      a client's request           tools, items, content    what both directions share
request_write, history_write    a request to an upstream     response                 usage, finish reasons, the response object
stream_read, stream_*           an upstream's answer         errors                   errors, HTTP and in stream
stream_write, stream_output     an answer to a client        fields                   typed access to JSON objects
                                                             opening                  how a stream begins
"""

from ..base import Codec
from .content import NAME
from .errors import error_in, read_error, write_error
from .opening import opening, sparse, unopened
from .request_read import read_request
from .request_write import write_request
from .stream_read import ResponsesReader, read_response
from .stream_write import ResponsesWriter, write_response

CODEC = Codec(
    name=NAME,
    read_request=read_request,
    write_request=write_request,
    read_response=read_response,
    write_response=write_response,
    stream_reader=ResponsesReader,
    stream_writer=ResponsesWriter,
    read_error=read_error,
    write_error=write_error,
    error_in=error_in,
    ping=b'event: keepalive\ndata: {"type":"keepalive","sequence_number":0}\n\n',
    last_words=(b"response.completed", b"response.incomplete", b"response.failed"),
    opening=opening,
    unopened=unopened,
    sparse=sparse,
)

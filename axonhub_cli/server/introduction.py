"""The beginning of a request in the trace, told while its upstream is at work.

What nobody has to wait for is done when the request's task first waits for something, which nearly always is the answer: by then
it is on its way. Whoever watches hears of it at once.
"""

import asyncio

from ..protocols.body import ClientBody
from ..trace.recorder import Recorder
from ..trace.records import RequestRecord
from .preview import preview


class Introduction:
    """Tells the recorder of a request, once: by itself when the task that makes it waits, or when it is called.

    `looked`: the record has its prompt already."""

    __slots__ = ("_body", "_looked", "_record", "_recorder")

    def __init__(self, recorder: Recorder, record: RequestRecord, body: ClientBody, *, looked: bool) -> None:
        self._recorder: Recorder | None = recorder
        self._record, self._body, self._looked = record, body, looked
        if recorder.feed.watched:
            self()
        else:
            asyncio.get_running_loop().call_soon(self)

    def __call__(self) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            if not self._looked:
                self._record.prompt = preview(self._body)
            recorder.begin(self._record)

"""The conversation written for an upstream of this protocol.

One message becomes one message, except that each tool result becomes a `tool` message of its own, before whatever else its user
message says. What `adapt` has not done already for a request of another protocol is done here: pictures inside a result move to
the user message after it, because tool messages are text.
"""

from collections.abc import Sequence
from itertools import repeat
from typing import Any

from ...types.messages import Media, Message, Part, Reasoning, Refusal, Request, Seal, Text, ToolCall, ToolResult
from ..memory import Step
from ..raw import Raw, dumps, loads
from .messages import ERROR_MARK
from .parts import VENDOR, Block, Outward, shows, write_content

SYSTEM_GLUE = "\n\n"
RESULT_GLUE = "\n"
BRIDGE = "OK."
REMINDER = "<system-reminder>"


def write_messages(request: Request, out: Outward, instruction: str | None = None) -> list[Any]:
    """All messages, as objects or `Raw`. `instruction` is one more system text of ours."""
    writer = _Writer(out, always=bool(request.tools))
    system = [*request.system, *([Text(text=instruction)] if instruction else [])]
    if system:
        role = "developer" if out.quirks.developer_role else "system"
        writer.messages.append({"role": role, "content": write_content(system, "system", out, glue=SYSTEM_GLUE)})
    known = _known(out, always=bool(request.tools))
    before = known.each(request.messages) if known is not None else repeat(None)
    for at, (message, written) in enumerate(zip(request.messages, before, strict=False)):
        if written is not None:
            writer.messages += written
        elif known is not None:
            writer.remember(message, f"messages[{at}]", known)
        else:
            writer.add(message, f"messages[{at}]")
    writer.report()
    return _opened(writer.messages, out.quirks.prefill)


def _known(out: Outward, *, always: bool) -> Step[Message, list[Any]] | None:
    """What was written of messages before, where none depends on what stands around it."""
    if out.memory is None or out.quirks.prefill or not out.quirks.user_after_tool:
        return None
    return out.memory.step(("chat", out.native, always), out.quirks)


def _opened(messages: list[Any], mark: str) -> list[Any]:
    """Where an answer's beginning (a last message of the assistant's) has to be marked as one."""
    if mark and messages and messages[-1]["role"] == "assistant" and "tool_calls" not in messages[-1]:
        messages[-1] = {**messages[-1], mark: True}
    return messages


class _Writer:
    """Writes messages in order, and counts what is reported once for all of them."""

    def __init__(self, out: Outward, *, always: bool) -> None:
        self._out = out
        self._always = always
        self.messages: list[Any] = []  # objects, or JSON that was written before
        self._unsent = 0
        self._seals = 0

    def report(self) -> None:
        losses = self._out.losses
        if self._unsent:
            losses.drop("messages", f"reasoning of {self._unsent} earlier turns not sent: this upstream does not take it")
        if self._seals:
            losses.drop("messages", f"seals of {self._seals} earlier turns not sent: only their maker can read them")

    def remember(self, message: Message, path: str, known: Step[Message, list[Any]]) -> None:
        """Write a message that stands in no memory yet, and remember it as JSON, unless there is something to report of it."""
        start, before = len(self.messages), (self._unsent, self._seals, len(self._out.losses.items))
        self.add(message, path)
        if before == (self._unsent, self._seals, len(self._out.losses.items)):
            written = [dumps(block) for block in self.messages[start:]]
            self.messages[start:] = known.put(message, [Raw(block) for block in written], sum(map(len, written)))

    def add(self, message: Message, path: str) -> None:
        if message.role == "assistant":
            self._assistant(message, path)
        elif message.role == "user":
            self._user(message, path)
        else:
            role = message.role if self._out.quirks.developer_role else "system"
            content = write_content(message.parts, f"{path}.content", self._out, glue=SYSTEM_GLUE)
            self.messages.append({"role": role, "content": content, **self._out.keep(message.extra, path)})

    def _user(self, message: Message, path: str) -> None:
        lifted: list[Media] = []
        rest: list[Part] = []
        for at, part in enumerate(message.parts):
            if isinstance(part, ToolResult):
                self._result(part, f"{path}.content[{at}]", lifted)
            else:
                rest.append(part)
        said = [*lifted, *rest]
        if said and not self._out.quirks.user_after_tool and self.messages and self.messages[-1]["role"] == "tool":
            said = self._after_tool(said, path)
        if said or not message.parts:
            content = write_content(said, f"{path}.content", self._out)
            self.messages.append({"role": "user", "content": content, **self._out.keep(message.extra, path)})

    def _after_tool(self, said: list[Part], path: str) -> list[Part]:
        """Where a user may not speak right after a tool: reminders join its result, other words wait for a turn of the model."""
        kept = [part for part in said if not (isinstance(part, Text) and part.text.lstrip().startswith(REMINDER))]
        reminders = [part.text for part in said if isinstance(part, Text) and part not in kept]
        if reminders:
            content = self.messages[-1]["content"]
            text = RESULT_GLUE.join(reminders)
            joined = [*content, {"type": "text", "text": text}] if isinstance(content, list) else f"{content}{SYSTEM_GLUE}{text}"
            self.messages[-1]["content"] = joined
            self._out.losses.change(path, "a reminder joined the tool's result before it: no user message may follow that here")
        if kept:
            self.messages.append({"role": "assistant", "content": BRIDGE})
            self._out.losses.change(path, f"the assistant says {BRIDGE!r} before it: no user message may follow a tool's here")
        return kept

    def _result(self, result: ToolResult, path: str, lifted: list[Media]) -> None:
        parts: list[Part] = []
        for part in result.parts:
            if isinstance(part, Media) and shows(part, self._out):
                self._out.losses.change(path, f"the {part.kind} went into the user message after it: tool messages are text")
                lifted.append(part)
                part = Text(text=f"[{part.kind}: shown in the next message]")
            parts.append(part)
        if result.is_error:
            parts = _marked(parts)
        content = write_content(parts, path, self._out, glue=RESULT_GLUE)
        extra = self._out.keep(result.extra, path)
        self.messages.append({"role": "tool", "tool_call_id": result.call_id, "content": content, **extra})

    def _assistant(self, message: Message, path: str) -> None:
        said: list[Part] = []
        thoughts: list[Reasoning] = []
        calls: list[ToolCall] = []
        for part in message.parts:
            if isinstance(part, Reasoning):
                thoughts.append(part)
            elif isinstance(part, ToolCall):
                calls.append(part)
            else:
                said.append(part)
        if said and calls:
            self._check_order(message.parts, path)
        written: dict[str, Any] = {"role": "assistant", **self._said(said, path, bool(calls))}
        if thoughts or self._out.quirks.replay_reasoning:
            written |= self._thoughts(thoughts, bool(calls), path)
        if calls:
            written["tool_calls"] = [self._call(call, f"{path}.tool_calls[{at}]") for at, call in enumerate(calls)]
        seals = [call.seal for call in calls] + [part.seal for part in thoughts if self._out.quirks.replay_reasoning]
        self._seals += any([seal is not None and seal.vendor != VENDOR for seal in seals])
        if len(written) > 2 or written["content"] or self._out.native or not message.parts:
            self.messages.append({**written, **self._out.keep(message.extra, path)})

    def _check_order(self, parts: Sequence[Part], path: str) -> None:
        kinds = [type(part) for part in parts]
        if ToolCall in kinds and Text in kinds[kinds.index(ToolCall) :]:
            self._out.losses.change(path, "text after a tool call stands before it: this protocol keeps them apart")

    def _said(self, parts: list[Part], path: str, calling: bool) -> dict[str, Any]:
        """`content`, and the refusal where the client's own protocol has that field."""
        fields: dict[str, Any] = {}
        if self._out.native:
            refusals = [part for part in parts if isinstance(part, Refusal) and not part.extra]
            parts = [part for part in parts if part not in refusals]
            if refusals:
                fields["refusal"] = "".join(part.text for part in refusals)
        content = write_content(parts, f"{path}.content", self._out, glue="")
        empty = content == "" and (calling or bool(fields))
        return {"content": None if empty else content, **fields}

    def _thoughts(self, thoughts: list[Reasoning], calling: bool, path: str) -> dict[str, Any]:
        """Vendors that want the thinking back want the field on every turn of a request with tools, known or not."""
        quirks = self._out.quirks
        details = [item for part in thoughts for item in _own(part.seal, "reasoning_details") or ()]
        fields: dict[str, Any] = {"reasoning_details": details} if details else {}
        if not quirks.replay_reasoning:
            self._unsent += bool(thoughts) and not details
            return fields
        text = "".join(part.text for part in thoughts)
        if text or calling or self._always:
            fields[quirks.reasoning_field] = text
        for part in thoughts:
            fields |= self._out.keep(part.extra, path)
        return fields

    def _call(self, call: ToolCall, path: str) -> Block:
        extra = dict(self._out.keep(call.extra, path))
        content = _own(call.seal, "extra_content")
        if content is not None:
            extra["extra_content"] = content
        if call.kind == "custom":
            return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.arguments}, **extra}
        function = {"name": call.name, "arguments": call.arguments or "{}"}
        return {"id": call.id, "type": "function", "function": function, **extra}


def _own(seal: Seal | None, kind: str) -> Any:
    """What a vendor of this protocol wants back as it gave it; None where there is no such seal."""
    return loads(seal.value) if seal is not None and seal.vendor == VENDOR and seal.kind == kind else None


def _marked(parts: list[Part]) -> list[Part]:
    if parts and isinstance(parts[0], Text):
        return [Text(text=ERROR_MARK + parts[0].text, cache=parts[0].cache, extra=parts[0].extra), *parts[1:]]
    return [Text(text=ERROR_MARK), *parts]

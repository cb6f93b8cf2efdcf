"""The request's tool table: which name, namespace and kind a tool has at the client, and what it is called upstream.

Codex knows `custom` tools (free text in) and namespaces, and routes a call only when it comes back in exactly that kind and
namespace. Other protocols know functions with one flat name. So the table gives every tool a *wire name*, in the order of the
list:

- a plain legal name stays; a namespaced one becomes `namespace__name`; illegal characters become `_`;
- what is then too long or taken gets a short hash of the full name, so that the same tool has the same wire name on every turn;
- a `custom` tool becomes a function with one string, `input`, and its grammar goes into the description.

`outward` rewrites a request, and `inward` gives a transducer that turns the calls of the answer back. Both leave alone what
needs no change. Apply `adapt` first: it decides which tools the target gets at all.
"""

import re
from collections.abc import Iterable
from hashlib import sha256
from itertools import repeat
from typing import Any

from msgspec.structs import replace

from ..types.events import fold, replay
from ..types.messages import Message, Part, Request, Response, Tool, ToolCall, ToolResult
from .base import Losses
from .facts import facts
from .memory import Memory
from .raw import dumps
from .restore import Entry, Restorer
from .search import is_search
from .trim import BEGIN

__all__ = ["Entry", "Restorer", "Toolbox"]

ID_LIMIT = 64
_ILLEGAL = re.compile(r"[^a-zA-Z0-9_-]")
_LEGAL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z")
_INPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The whole input of the tool, as plain text."}},
    "required": ["input"],
    "additionalProperties": False,
}


_Key = tuple[str | None, str]


class Toolbox:
    """The tool table of one request. Made with `of`."""

    def __init__(self, entries: dict[_Key, Entry], *, native: bool, id_length: int = 0) -> None:
        self._entries = entries
        self._native = native
        self._id_length = id_length
        self._by_wire = {(entry.wire_namespace, entry.wire): entry for entry in entries.values()}
        self.changes = any(not entry.same for entry in entries.values())

    @classmethod
    def of(cls, request: Request, *, native: bool, limit: int, id_length: int = 0, memory: Memory | None = None) -> "Toolbox":
        """The table for this request. `native`: the target knows namespaces and custom tools; `limit`: its longest name;
        `id_length`: how long ids of calls must be (0: as they are)."""
        calls = [call for about in facts(request.messages, memory) for call in about.calls]
        if memory is not None:
            step = memory.step(("toolbox", native, limit, id_length), None)
            listed: Toolbox = step.get(request.tools) or step.put(
                request.tools, cls._of(request, [], native=native, limit=limit, id_length=id_length)
            )
            if all([(call.namespace, call.name) in listed._entries for call in calls]):
                return listed
        return cls._of(request, calls, native=native, limit=limit, id_length=id_length)

    @classmethod
    def _of(cls, request: Request, calls: list[ToolCall], *, native: bool, limit: int, id_length: int) -> "Toolbox":
        tools = [tool for tool in request.tools if tool.kind != "hosted"]
        seen: dict[_Key, Tool] = {}
        for tool in tools:
            seen.setdefault((tool.namespace, tool.name), tool)
        for call in calls:  # tools that the history names and the list no longer does
            seen.setdefault((call.namespace, call.name), Tool(name=call.name, namespace=call.namespace, kind=call.kind))
        taken = {(tool.namespace if native else None, tool.name) for tool in seen.values() if native or tool.namespace is None}
        entries: dict[_Key, Entry] = {}
        for key, tool in seen.items():
            entries[key] = _entry(tool, taken, native, limit)
        return cls(entries, native=native, id_length=id_length)

    def outward(self, request: Request, losses: Losses, memory: Memory | None = None) -> Request:
        """The request as the target may see it: the same object when nothing needs changing."""
        ids = _ids(request, self._id_length, memory)
        if not self.changes and not ids and (self._native or not request.namespaces):
            return request
        self._report(request, ids, losses)
        return replace(
            request,
            tools=tuple(self._tool(tool) for tool in self._described(request)),
            namespaces=request.namespaces if self._native else (),
            tool_choice=self._choice(request),
            messages=tuple(self._message(message, ids) for message in request.messages),
        )

    def inward(self) -> "Restorer":
        """A transducer for the answer's stream."""
        return Restorer(self.find if self.changes else None)

    def restore(self, response: Response) -> Response:
        """A whole answer with its tool calls as the client knows them."""
        if not self.changes or not any(isinstance(part, ToolCall) for part in response.parts):
            return response
        return fold(self.inward().feed(list(replay(response))), response.origin)

    def find(self, call: ToolCall) -> Entry | None:
        """The tool that an answer's call means: by its wire name, else by a name that only one tool can mean."""
        exact = self._by_wire.get((call.namespace, call.name))
        if exact is not None or self._native:
            return exact
        short = [e for e in self._by_wire.values() if e.namespace and call.name in (e.name, f"{e.namespace}.{e.name}")]
        return short[0] if len(short) == 1 else None

    def _described(self, request: Request) -> Iterable[Tool]:
        """The tools; a namespace that disappears leaves its description with its first tool."""
        about = {} if self._native else {space.name: space.description for space in request.namespaces if space.description}
        for tool in request.tools:
            note = about.pop(tool.namespace, None) if tool.namespace else None
            if note:
                text = f"{tool.description or ''}\n\nAbout all tools named {tool.namespace}__…: {note}".strip()
                yield replace(tool, description=text)
            else:
                yield tool

    def _tool(self, tool: Tool) -> Tool:
        entry = self._entries.get((tool.namespace, tool.name))
        if entry is None or entry.same or tool.kind == "hosted":
            return tool
        renamed = replace(tool, name=entry.wire, namespace=entry.wire_namespace)
        return _as_function(renamed) if entry.wrapped and tool.kind == "custom" else renamed

    def _choice(self, request: Request) -> Any:
        choice = request.tool_choice
        if choice is None or choice.mode != "tool" or choice.name is None:
            return choice
        entry = self._entries.get((choice.namespace, choice.name)) or self._named(choice.name)
        return choice if entry is None else replace(choice, name=entry.wire, namespace=entry.wire_namespace)

    def _named(self, name: str) -> Entry | None:
        found = [entry for entry in self._entries.values() if entry.name == name]
        return found[0] if len(found) == 1 else None

    def _message(self, message: Message, ids: dict[str, str]) -> Message:
        parts = tuple(self._part(part, ids) for part in message.parts)
        same = all(new is old for new, old in zip(parts, message.parts, strict=True))
        return message if same else replace(message, parts=parts)

    def _part(self, part: Part, ids: dict[str, str]) -> Part:
        if isinstance(part, ToolCall):
            return self._call(part, ids)
        if isinstance(part, ToolResult) and (part.call_id in ids or (part.kind == "custom" and not self._native)):
            kind = part.kind if self._native else "function"
            return replace(part, call_id=ids.get(part.call_id, part.call_id), kind=kind)
        return part

    def _call(self, call: ToolCall, ids: dict[str, str]) -> ToolCall:
        entry = self._entries[(call.namespace, call.name)]
        wrap = call.kind == "custom" and not self._native
        if entry.wire == call.name and entry.wire_namespace == call.namespace and call.id not in ids and not wrap:
            return call
        return replace(
            call,
            id=ids.get(call.id, call.id),
            name=entry.wire,
            namespace=entry.wire_namespace,
            kind="function" if wrap else call.kind,
            arguments=dumps({"input": call.arguments}).decode() if wrap else call.arguments,
        )

    def _report(self, request: Request, ids: dict[str, str], losses: Losses) -> None:
        for index, tool in enumerate(request.tools):
            entry = self._entries.get((tool.namespace, tool.name))
            if entry is None or entry.same or tool.kind == "hosted":
                continue
            if entry.wrapped:
                losses.change(f"tools[{index}]", f"the free-text tool {tool.name} is a function with one string `input` here")
            if entry.search:
                losses.change(f"tools[{index}]", f"{tool.name} is a function here; its calls come back as {tool.name}_call items")
            if (entry.name, entry.namespace) != (entry.wire, entry.wire_namespace):
                full = f"{tool.namespace}.{tool.name}" if tool.namespace else tool.name
                losses.rename(
                    f"tools[{index}].name", f"{full} is called {entry.wire} here; its calls come back under their own name"
                )
        if ids:
            losses.rename("messages", f"{len(ids)} tool call ids that the target refuses were shortened")


def _entry(tool: Tool, taken: set[_Key], native: bool, limit: int) -> Entry:
    space = tool.namespace if native else None
    flat = tool.name if native or tool.namespace is None else f"{tool.namespace}__{tool.name}"
    wire = _ILLEGAL.sub("_", flat)[: max(limit, 12)] or "tool"
    own = wire == tool.name and space == tool.namespace
    if not own and (len(flat) > limit or (space, wire) in taken):
        wire = _hashed(flat, f"{tool.namespace or ''}\0{tool.name}", limit)
    taken.add((space, wire))
    definition = str(tool.format) if tool.format else ""
    return Entry(
        name=tool.name,
        namespace=tool.namespace,
        wire=wire,
        wire_namespace=space,
        wrapped=tool.kind == "custom" and not native,
        patch=tool.name == "apply_patch" or BEGIN in definition,
        grammar=bool(definition) and (tool.format or {}).get("type") == "grammar",
        search=tool.kind == "function" and is_search(tool),
    )


def _hashed(text: str, full: str, limit: int) -> str:
    digest = sha256(full.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{_ILLEGAL.sub('_', text)[: max(limit, 12) - 9]}_{digest}"


def legal_id(call_id: str, length: int) -> bool:
    """Whether a target takes this id of a tool call."""
    return len(call_id) == length and call_id.isascii() and call_id.isalnum() if length else bool(_LEGAL_ID.match(call_id))


def _ids(request: Request, length: int, memory: Memory | None) -> dict[str, str]:
    """Call ids that a target may refuse, and what they become: always the same, so that its prompt cache is hit. An answer's
    calls come back under the target's own ids, which it takes again."""
    found: dict[str, str] = {}
    step = memory.step(("ids", length), None) if memory is not None else None
    before = step.each(request.messages) if step is not None else repeat(None)
    for message, about, refused in zip(request.messages, facts(request.messages, memory), before, strict=False):
        if refused is None:
            refused = [call_id for call_id in (*about.call_ids, *about.results) if not legal_id(call_id, length)]
            if step is not None:
                step.put(message, refused)
        for call_id in refused:
            short = sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()[:length]
            found[call_id] = short or _hashed(call_id or "call", call_id, ID_LIMIT)
    return found


def _as_function(tool: Tool) -> Tool:
    """A custom tool as a function of one string. Both forms of a grammar are known: flat (Responses) and nested (Chat)."""
    form = tool.format or {}
    inner = form["grammar"] if isinstance(form.get("grammar"), dict) else form
    text = (tool.description or "") + "\n\nPass the whole input as the one string `input`: the text itself, not JSON, not fenced."
    if inner.get("definition"):
        text += f"\nThe text has to follow this {inner.get('syntax') or 'formal'} grammar:\n{inner['definition']}"
    return replace(tool, kind="function", description=text.strip(), schema=_INPUT_SCHEMA, format=None, strict=None)

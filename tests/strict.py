"""The vendors' grammar of streams, as strict as they document it: what SDKs tolerate today is refused here.

    check(protocol, data)   AssertionError with the frame's number unless `data` is one whole stream of that protocol:
                            events in order, indexes dense, ids constant, required fields there, what `done` repeats equal to
                            what the deltas said, exactly one last word

`data` is what a client received, keep-alives included. A stream may end in the protocol's own error; what came before it must
be well formed all the same.
"""

import json
from typing import Any

from axonhub_cli.types.messages import Protocol

Frame = tuple[str, Any]
_STOPS = {"end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded"}
_FINISHES = {"stop", "length", "tool_calls", "content_filter"}


def check(protocol: Protocol, data: bytes) -> str:
    """Follow the whole stream; gives its last word (`end` or `error`)."""
    machine = MACHINES[protocol]()
    for number, frame in enumerate(frames(data)):
        try:
            assert machine.over is None or frame[1] == "[DONE]", "nothing may follow the last word"
            machine.feed(*frame)
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            raise AssertionError(f"{protocol}, frame {number} {frame}: {type(error).__name__}: {error}") from error
    assert machine.over, f"{protocol}: the stream has no last word"
    return str(machine.over)


def frames(data: bytes) -> list[Frame]:
    """The events of a stream as (event name, data): JSON objects, or `[DONE]`. Comments, ids and retry times are no events."""
    assert data.endswith(b"\n\n"), f"a frame is left open: {data[-60:]!r}"
    out: list[Frame] = []
    for block in data.decode("utf-8").split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith((":", "id:", "retry:"))]
        if not lines:
            continue
        fields = [line.partition(": ")[::2] for line in lines]
        assert [name for name, _ in fields] in (["event", "data"], ["data"]), f"an odd frame: {block!r}"
        text = fields[-1][1]
        out.append((fields[0][1] if len(fields) == 2 else "", text if text == "[DONE]" else json.loads(text)))
    return out


def has(value: dict[str, Any], **kinds: type | tuple[type, ...]) -> None:
    """The fields are there, with values of these kinds."""
    for name, kind in kinds.items():
        assert name in value, f"{name} is missing in {value}"
        assert isinstance(value[name], kind), f"{name} is {value[name]!r}"
        assert kind is not int or not isinstance(value[name], bool)


class Anthropic:
    """message_start, blocks one after the other, message_delta, message_stop."""

    deltas = {  # noqa: RUF012  # a table
        "text": {"text_delta", "citations_delta"},
        "thinking": {"thinking_delta", "signature_delta"},
        "tool_use": {"input_json_delta"},
        "server_tool_use": {"input_json_delta"},
        "redacted_thinking": set[str](),
    }

    def __init__(self) -> None:
        self.over: str | None = None
        self.started = self.told = False
        self.blocks = 0
        self.open: dict[str, Any] | None = None
        self.json = self.signature = ""
        self.called = False

    def feed(self, name: str, data: dict[str, Any]) -> None:
        assert name == data["type"], "the event's name is its type"
        if name == "ping":
            return
        if name == "error":
            has(data["error"], type=str, message=str)
            self.over = "error"
            return
        assert self.started or name == "message_start", "message_start comes first"
        getattr(self, f"on_{name}")(data)

    def on_message_start(self, data: dict[str, Any]) -> None:
        assert not self.started, "one message_start"
        message = data["message"]
        has(message, id=str, type=str, role=str, model=str, content=list, usage=dict)
        assert (message["type"], message["role"], message["content"]) == ("message", "assistant", [])
        assert message["id"]
        assert message["stop_reason"] is None
        assert message["stop_sequence"] is None
        has(message["usage"], input_tokens=int, output_tokens=int)
        self.started = True

    def on_content_block_start(self, data: dict[str, Any]) -> None:
        assert not self.told, "blocks come before message_delta"
        assert self.open is None, "one block at a time"
        assert data["index"] == self.blocks, "indexes are dense"
        block = data["content_block"]
        empty = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}, "tool_use": {"input": {}}}
        for key, value in empty.get(block["type"], {}).items():
            assert block[key] == value, f"{key} is empty at first"
        if block["type"] == "tool_use":
            has(block, id=str, name=str)
            assert block["id"]
            assert block["name"]
            self.called = True
        self.open, self.json, self.signature = block, "", ""

    def on_content_block_delta(self, data: dict[str, Any]) -> None:
        assert self.open is not None, "a delta needs an open block"
        assert data["index"] == self.blocks
        delta = data["delta"]
        assert delta["type"] in self.deltas.get(self.open["type"], {delta["type"]}), "a delta of the block's own kind"
        assert not self.signature, "the signature is a block's last word"
        value = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}.get(delta["type"])
        if value:
            has(delta, **{value: str})
        if delta["type"] == "input_json_delta":
            self.json += delta["partial_json"]
        if delta["type"] == "signature_delta":
            self.signature = delta["signature"] or "none"

    def on_content_block_stop(self, data: dict[str, Any]) -> None:
        assert self.open is not None, "an open block"
        assert data["index"] == self.blocks
        if self.open["type"] == "tool_use" and self.json:
            assert isinstance(json.loads(self.json), dict), "a tool's input is an object"
        self.open = None
        self.blocks += 1

    def on_message_delta(self, data: dict[str, Any]) -> None:
        assert self.open is None, "every block is shut"
        assert not self.told, "one message_delta"
        assert data["delta"]["stop_reason"] in _STOPS
        assert "stop_sequence" in data["delta"]
        assert not self.called or data["delta"]["stop_reason"] not in ("end_turn", "stop_sequence"), "a call stops for tool_use"
        has(data["usage"], output_tokens=int)
        self.told = True

    def on_message_stop(self, data: dict[str, Any]) -> None:
        assert data
        assert self.told, "message_delta comes before message_stop"
        self.over = "end"


class Chat:
    """Chunks of one id, a finish reason, perhaps usage, `[DONE]`."""

    def __init__(self) -> None:
        self.over: str | None = None
        self.same: tuple[Any, ...] | None = None
        self.calls: dict[int, dict[str, str]] = {}
        self.finish: str | None = None
        self.counted = self.done = False

    def feed(self, name: str, data: Any) -> None:
        assert name == "", "chunks have no event name"
        assert not self.done, "nothing follows [DONE]"
        if data == "[DONE]":
            assert self.finish or self.over == "error", "a finish reason comes before [DONE]"
            self.over, self.done = self.over or "end", True
            return
        if "error" in data:
            has(data["error"], message=str, type=str)
            self.over = "error"
            return
        assert not self.over
        has(data, id=str, object=str, created=int, model=str, choices=list)
        assert data["object"] == "chat.completion.chunk"
        same = (data["id"], data["created"], data["model"])
        assert self.same in (None, same), "id, created and model stay"
        if not data["choices"]:
            self._usage(data["usage"])
        else:
            (choice,) = data["choices"]
            assert choice["index"] == 0
            self._delta(choice["delta"])
            self._finish(choice["finish_reason"])
        self.same = same

    def _usage(self, usage: dict[str, Any]) -> None:
        assert self.finish, "usage comes after the finish reason"
        assert not self.counted, "usage comes once"
        has(usage, prompt_tokens=int, completion_tokens=int, total_tokens=int)
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        self.counted = True

    def _delta(self, delta: dict[str, Any]) -> None:
        assert self.finish is None, "nothing follows the finish reason"
        assert (delta.get("role") == "assistant") == (self.same is None), "the role comes first, and once"
        assert delta.get("tool_calls") != [], "no empty list of calls"
        for call in delta.get("tool_calls") or ():
            kind = "custom" if "custom" in call else "function"
            function, known = call[kind], self.calls.get(call["index"])
            if known is None:
                assert call["index"] == len(self.calls), "indexes are dense"
                assert call["type"] == kind
                assert call["id"]
                assert function["name"]
                known = self.calls[call["index"]] = {"id": call["id"], "kind": kind, "arguments": ""}
            assert call.get("id", known["id"]) == known["id"], "an id stays"
            known["arguments"] += function.get("arguments" if kind == "function" else "input", "")

    def _finish(self, reason: str | None) -> None:
        if reason is None:
            return
        assert reason in _FINISHES
        assert not self.calls or reason != "stop", "calls finish as tool_calls"
        if reason == "tool_calls":
            assert self.calls
            whole = [json.loads(call["arguments"]) for call in self.calls.values() if call["kind"] == "function"]
            assert all(isinstance(arguments, dict) for arguments in whole), "arguments are objects"
        self.finish = reason


class Responses:
    """Numbered events: the response, its items with their parts, the response again."""

    def __init__(self) -> None:
        self.over: str | None = None
        self.number = 0
        self.id = ""
        self.items: dict[int, dict[str, Any]] = {}
        self.done: dict[int, dict[str, Any]] = {}
        self.texts: dict[tuple[Any, ...], str] = {}
        self.closed: set[tuple[Any, ...]] = set()

    def feed(self, name: str, data: dict[str, Any]) -> None:
        assert name == data["type"], "the event's name is its type"
        if name == "keepalive":
            return
        assert data["sequence_number"] == self.number, f"sequence number {self.number} is due"
        self.number += 1
        if "response" in data:
            self._response(name.removeprefix("response."), data["response"])
            return
        assert self.id, "response.created comes first"
        if name in ("response.output_item.added", "response.output_item.done"):
            self._item(name.rpartition(".")[2], data["output_index"], data["item"])
        else:
            assert data["output_index"] in self.items, "an item is added before it says anything"
            assert data["output_index"] not in self.done, "nothing follows an item's done"
            assert data["item_id"] == self.items[data["output_index"]]["id"]
            self._part(name.removeprefix("response."), data)

    def _response(self, name: str, response: dict[str, Any]) -> None:
        has(response, id=str, object=str, created_at=(int, float), model=str, status=str, output=list, tools=list)
        assert response["object"] == "response"
        assert (name == "created") == (not self.id), "response.created comes first, and once"
        assert self.id in ("", response["id"]), "the id stays"
        self.id = response["id"]
        assert self.id
        if name in ("created", "in_progress"):
            assert (response["status"], response["output"]) == ("in_progress", [])
            assert not self.items
            return
        assert name in ("completed", "incomplete", "failed")
        assert response["status"] == name
        self.over = "error" if name == "failed" else "end"
        if name == "failed":
            has(response["error"], code=str, message=str)
            return
        assert response["error"] is None
        assert (name == "incomplete") == bool(response["incomplete_details"])
        assert sorted(self.done) == sorted(self.items) == list(range(len(self.items))), "every item is done"
        assert response["output"] == [self.done[at] for at in range(len(self.done))], "output repeats the items"
        if response["usage"] is not None:
            usage = response["usage"]
            has(usage, input_tokens=int, output_tokens=int, total_tokens=int)
            has(usage["input_tokens_details"], cached_tokens=int)
            has(usage["output_tokens_details"], reasoning_tokens=int)

    def _item(self, word: str, at: int, item: dict[str, Any]) -> None:
        has(item, id=str, type=str)
        if word == "added":
            assert at == len(self.items), "output indexes are dense"
            assert item["id"] not in {known["id"] for known in self.items.values()}, "ids are unique"
            self.items[at] = item
            return
        assert at not in self.done, "done once"
        known = self.items[at]
        assert (item["id"], item["type"]) == (known["id"], known["type"])
        assert item.get("status", "completed") in ("completed", "incomplete")
        open_ = [key for key in self.texts if key[0] == at and key not in self.closed]
        assert not open_, f"still open: {open_}"
        for key, text in self.texts.items():
            if key[0] == at:
                assert self._said(item, key) == text, "the item repeats its deltas"
        self.done[at] = item

    @staticmethod
    def _said(item: dict[str, Any], key: tuple[Any, ...]) -> str:
        """What an item says at a place."""
        _, family, place = key
        if family == "function_call_arguments":
            return str(item["arguments"])
        if family == "custom_tool_call_input":
            return str(item["input"])
        part = item["summary" if family == "reasoning_summary_text" else "content"][place]
        return str(part["refusal" if family == "refusal" else "text"])

    def _part(self, name: str, data: dict[str, Any]) -> None:
        family, _, word = name.rpartition(".")
        at, place = data["output_index"], data.get("summary_index", data.get("content_index"))
        if family in ("content_part", "reasoning_summary_part"):
            key: tuple[Any, ...] = (at, family, place)
            before = [known for known in self.parts(at, family)]
            assert (place == len(before)) if word == "added" else (place in before), "parts are dense"
            self.closed.add(key)
            return
        key = (at, family, place)
        if word == "delta":
            assert key not in self.closed, "no delta after done"
            assert data["delta"], "an empty delta is none"
            self.texts[key] = self.texts.get(key, "") + data["delta"]
        elif word == "done":
            whole = data[
                {"function_call_arguments": "arguments", "custom_tool_call_input": "input", "refusal": "refusal"}.get(
                    family, "text"
                )
            ]
            said = self.texts.setdefault(key, "")
            assert said in ("", whole), "done repeats the deltas"
            self.texts[key] = whole
            assert key not in self.closed, "done once"
            self.closed.add(key)
        if family == "output_text":
            has(data, logprobs=list)
        if family in ("output_text", "refusal", "reasoning_text"):
            assert place in self.parts(at, "content_part") or family == "reasoning_text", "a part is added before its text"
        if family == "reasoning_summary_text":
            assert place in self.parts(at, "reasoning_summary_part")

    def parts(self, at: int, family: str) -> list[int]:
        """The parts of an item that were added."""
        return [key[2] for key in self.closed if key[:2] == (at, family)]


class Gemini:
    """Chunks that are whole answers in themselves: parts of one candidate, the last chunk with the reason and the usage.

    https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
    """

    data = {"text", "inlineData", "functionCall", "functionResponse", "fileData", "executableCode", "codeExecutionResult"}  # noqa: RUF012  # a table
    reasons = {"STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "PROHIBITED_CONTENT", "MALFORMED_FUNCTION_CALL"}  # noqa: RUF012  # a table

    def __init__(self) -> None:
        self.over: str | None = None
        self.about: tuple[str, str] | None = None

    def feed(self, name: str, data: dict[str, Any]) -> None:
        assert not name, "no event has a name"
        if "error" in data:
            has(data["error"], code=int, message=str, status=str)
            self.over = "error"
            return
        has(data, candidates=list, modelVersion=str, responseId=str)
        assert self.about in (None, (data["modelVersion"], data["responseId"])), "model and id stay"
        self.about = (data["modelVersion"], data["responseId"])
        (candidate,) = data["candidates"]
        has(candidate, content=dict, index=int)
        assert (candidate["index"], candidate["content"]["role"]) == (0, "model")
        for part in candidate["content"]["parts"]:
            self._part(part)
        if "finishReason" in candidate:
            assert candidate["finishReason"] in self.reasons
            self._usage(data.get("usageMetadata"))
            self.over = "end"

    def _part(self, part: dict[str, Any]) -> None:
        assert len(self.data & part.keys()) == 1, f"a part holds one thing: {part}"
        assert part.keys() <= {*self.data, "thought", "thoughtSignature", "videoMetadata", "partMetadata"}
        if "text" in part:
            has(part, text=str)
        if "functionCall" in part:
            has(part["functionCall"], name=str, args=dict)
            assert part["functionCall"]["name"]
        assert part.get("thought") in (None, True)

    def _usage(self, usage: dict[str, Any] | None) -> None:
        if usage is None:
            return
        assert all(isinstance(value, int) for name, value in usage.items() if name.endswith("Count"))
        parts = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount")
        total = sum(usage.get(name, 0) for name in parts)
        assert usage.get("totalTokenCount", total) == total, "the total is the sum"
        assert usage.get("cachedContentTokenCount", 0) <= usage.get("promptTokenCount", 0), (
            "what was cached is part of the prompt"
        )


MACHINES: dict[Protocol, type[Any]] = {
    "anthropic": Anthropic, "openai-chat": Chat, "openai-responses": Responses, "gemini": Gemini,
}  # fmt: skip

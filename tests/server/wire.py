"""Small answers of the four protocols, written by hand."""

import json
from typing import Any

from tests import strict


def sse(*events: dict[str, Any] | str, named: bool = False) -> bytes:
    """Frames of these objects; `named` adds `event:` lines from their type."""
    out = b""
    for event in events:
        data = event if isinstance(event, str) else json.dumps(event, separators=(",", ":"))
        name = f"event: {event['type']}\n" if named and isinstance(event, dict) else ""
        out += f"{name}data: {data}\n\n".encode()
    return out


MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "up-model", "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn", "stop_sequence": None,
    "usage": {"input_tokens": 10, "output_tokens": 2, "cache_read_input_tokens": 5},
}  # fmt: skip

A_START = sse({"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}}, named=True)
A_TEXT = sse(
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
    named=True,
)
A_MORE = sse({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}}, named=True)
A_END = sse(
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
    named=True,
)
A_STREAM = A_START + A_TEXT + A_MORE + A_END

_CHUNK = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "up-model"}


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One Chat chunk."""
    return {**_CHUNK, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


C_TEXT = sse(chunk({"role": "assistant", "content": ""}), chunk({"content": "Hel"}))
C_MORE = sse(chunk({"content": "lo"}))
C_USAGE = sse({**_CHUNK, "choices": [], "usage": {"prompt_tokens": 15, "completion_tokens": 2, "total_tokens": 17}})
C_END = sse(chunk({}, "stop")) + C_USAGE + sse("[DONE]")
C_STREAM = C_TEXT + C_MORE + C_END

_AT = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
_RESPONSE = {
    "id": "resp_1", "object": "response", "created_at": 1, "model": "up-model", "status": "in_progress", "output": [],
    "tools": [], "error": None, "incomplete_details": None, "usage": None,
}  # fmt: skip
_PART = {"type": "output_text", "text": "Hello", "annotations": [], "logprobs": []}
_ITEM = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [_PART]}
_OPEN = {**_ITEM, "status": "in_progress", "content": []}
_USAGE = {
    "input_tokens": 15, "input_tokens_details": {"cached_tokens": 5}, "output_tokens": 2,
    "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 17,
}  # fmt: skip
_DELTA = {"type": "response.output_text.delta", **_AT, "logprobs": []}
R_TEXT = sse(
    {"type": "response.created", "sequence_number": 0, "response": _RESPONSE},
    {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": _OPEN},
    {"type": "response.content_part.added", "sequence_number": 2, **_AT, "part": {**_PART, "text": ""}},
    {**_DELTA, "sequence_number": 3, "delta": "Hel"},
    named=True,
)
R_MORE = sse({**_DELTA, "sequence_number": 4, "delta": "lo"}, named=True)
R_END = sse(
    {"type": "response.output_text.done", "sequence_number": 5, **_AT, "text": "Hello", "logprobs": []},
    {"type": "response.content_part.done", "sequence_number": 6, **_AT, "part": _PART},
    {"type": "response.output_item.done", "sequence_number": 7, "output_index": 0, "item": _ITEM},
    {
        "type": "response.completed", "sequence_number": 8,
        "response": {**_RESPONSE, "status": "completed", "output": [_ITEM], "usage": _USAGE},
    },
    named=True,
)  # fmt: skip
R_STREAM = R_TEXT + R_MORE + R_END


def candidate(text: str, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One Gemini chunk, or a whole answer."""
    content = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
    found = {**content, **({"finishReason": finish} if finish else {})}
    return {"candidates": [found], **more, "modelVersion": "up-model", "responseId": "g-1"}


G_USAGE = {"promptTokenCount": 15, "cachedContentTokenCount": 5, "candidatesTokenCount": 2, "totalTokenCount": 17}
G_WHOLE = candidate("Hello", "STOP", usageMetadata=G_USAGE)
G_TEXT = sse(candidate("Hel"))
G_STREAM = G_TEXT + sse(candidate("lo"), candidate("", "STOP", usageMetadata=G_USAGE))

STREAMS = {"anthropic": A_STREAM, "openai-chat": C_STREAM, "openai-responses": R_STREAM, "gemini": G_STREAM}
HEADS = {"anthropic": A_START + A_TEXT, "openai-chat": C_TEXT, "openai-responses": R_TEXT, "gemini": G_TEXT}
PINGS = {"anthropic": b"event: ping", "openai-chat": b"\n: ", "openai-responses": b"event: keepalive", "gemini": b"\n\n\n\n"}

PATHS = {
    "anthropic": "/v1/messages",
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
    "gemini": "/v1beta/models",  # the rest follows from the body: `on_the_wire`
}
HELLO = [{"role": "user", "content": "hello there"}]
ASKS: dict[str, dict[str, Any]] = {
    "anthropic": {"model": "asked-model", "max_tokens": 100, "messages": HELLO, "stream": True},
    "openai-chat": {"model": "asked-model", "messages": HELLO, "stream": True},
    "openai-responses": {"model": "asked-model", "input": HELLO, "stream": True},
    "gemini": {"model": "asked-model", "contents": [{"role": "user", "parts": [{"text": "hello there"}]}], "stream": True},
}
PROTOCOLS = list(PATHS)


def on_the_wire(path: str, body: Any) -> tuple[str, Any]:
    """A request as it is really sent: Gemini has the model, and whether it streams, in the path."""
    if path != PATHS["gemini"]:
        return path, body
    if not isinstance(body, dict):
        return f"{path}/asked-model:streamGenerateContent?alt=sse", body
    verb = "streamGenerateContent?alt=sse" if body.get("stream") else "generateContent"
    return f"{path}/{body['model']}:{verb}", {key: value for key, value in body.items() if key not in ("model", "stream")}


def frames(data: bytes) -> list[dict[str, Any] | str]:
    """The data of every frame."""
    out: list[dict[str, Any] | str] = []
    for block in data.decode().split("\n\n"):
        lines = [line[5:].strip() for line in block.split("\n") if line.startswith("data:")]
        if lines:
            out.append(json.loads(lines[0]) if lines[0] != "[DONE]" else "[DONE]")
    return out


def text_of(protocol: str, data: bytes) -> str:
    """The text deltas of a stream, joined."""
    if protocol in strict.MACHINES:
        strict.check(protocol, data)
    out = ""
    for frame in frames(data):
        if not isinstance(frame, dict):
            continue
        if protocol == "anthropic" and frame.get("type") == "content_block_delta":
            out += frame["delta"].get("text", "")
        elif protocol == "openai-chat" and frame.get("choices"):
            out += frame["choices"][0]["delta"].get("content") or ""
        elif protocol == "openai-responses" and frame.get("type") == "response.output_text.delta":
            out += frame["delta"]
        elif protocol == "gemini" and frame.get("candidates"):
            out += "".join(part.get("text", "") for part in frame["candidates"][0]["content"]["parts"])
    return out


def error_of(protocol: str, data: bytes) -> dict[str, Any] | None:
    """The error that a stream ends with, or None."""
    last = frames(data)[-1]
    if not isinstance(last, dict):
        return None
    if protocol == "openai-responses":
        return last["response"]["error"] if last["type"] == "response.failed" else None
    error = last.get("error")
    return error if isinstance(error, dict) else None

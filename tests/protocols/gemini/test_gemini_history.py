"""Requests written for a Gemini upstream, usually for a client of another protocol."""

import base64
from typing import Any

import pytest
from msgspec.structs import replace

from axonhub_cli.protocols.base import Losses, Target
from axonhub_cli.protocols.gemini import CODEC
from axonhub_cli.protocols.gemini.parts import UNSIGNED
from axonhub_cli.types.messages import (
    Media,
    Message,
    Opaque,
    OutputFormat,
    Protocol,
    Reasoning,
    Refusal,
    Request,
    Seal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from axonhub_cli.types.quirks import Quirks

LEVEL, BUDGET, PRO = "gemini-3-flash", "gemini-2.5-flash", "gemini-2.5-pro"
SIGNED = Seal("google", "thought_signature", "c2lnbmVk")


def ask(*messages: Message, origin: Protocol = "anthropic", **fields: Any) -> Request:
    return Request(origin=origin, model="asked", messages=messages or (Message(role="user", parts=(Text(text="hi"),)),), **fields)


def write(request: Request, model: str = LEVEL, **quirks: Any) -> tuple[dict[str, Any], list[str]]:
    """The body and the paths of its losses."""
    losses = Losses()
    body = CODEC.write_request(request, Target(model=model, quirks=Quirks(**quirks)), losses)
    return body, [loss.path for loss in losses.items]


def assistant(*parts: Any) -> Message:
    return Message(role="assistant", parts=parts)


def user(*parts: Any) -> Message:
    return Message(role="user", parts=parts)


def test_a_conversation_with_tools() -> None:
    """Roles, the instruction, calls with objects, results with their call's name, an error as an error."""
    request = ask(
        user(Text(text="look")),
        assistant(Text(text="ok"), ToolCall(id="c1", name="f", arguments='{"a": 1}'), ToolCall(id="c2", name="g", arguments="")),
        user(
            ToolResult(call_id="c1", parts=(Text(text="one"), Text(text="two"))),
            ToolResult(call_id="c2", parts=(Text(text="no"),), is_error=True),
            Text(text="go on"),
        ),
        system=(Text(text="be brief"),),
        tools=(Tool(name="f", description="d", schema={"type": "object"}), Tool(name="g")),
        tool_choice=ToolChoice(mode="tool", name="f"),
        stream=True,
        max_tokens=100,
        stop=("x",),
    )
    body, losses = write(request, BUDGET)
    assert body == {
        "model": BUDGET,
        "stream": True,
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "look"}]},
            {
                "role": "model",
                "parts": [
                    {"text": "ok"},
                    {"functionCall": {"id": "c1", "name": "f", "args": {"a": 1}}},
                    {"functionCall": {"id": "c2", "name": "g", "args": {}}},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"id": "c1", "name": "f", "response": {"output": "one\ntwo"}}},
                    {"functionResponse": {"id": "c2", "name": "g", "response": {"error": "no"}}},
                    {"text": "go on"},
                ],
            },
        ],
        "tools": [
            {
                "functionDeclarations": [
                    {"name": "f", "description": "d", "parametersJsonSchema": {"type": "object"}},
                    {"name": "g"},
                ]
            }
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {"maxOutputTokens": 100, "stopSequences": ["x"]},
    }
    assert losses == []


def test_calls_of_other_models_say_so_where_signatures_are_due() -> None:
    """The first call of a message bears the documented word; a real signature is left alone; older models get none."""
    call = ToolCall(id="c1", name="f", arguments="{}")
    request = ask(user(Text(text="x")), assistant(call, replace(call, id="c2")), assistant(replace(call, seal=SIGNED), call))
    first, second = write(request)[0]["contents"][1:]
    assert [part.get("thoughtSignature") for part in first["parts"]] == [UNSIGNED, None]
    assert [part.get("thoughtSignature") for part in second["parts"]] == ["c2lnbmVk", None]
    assert "thoughtSignature" not in write(request, BUDGET)[0]["contents"][1]["parts"][0]


def test_thinking_goes_back_to_its_maker_only() -> None:
    """Signed thoughts do; others leave a line on the receipt, however many turns there are."""
    foreign = Reasoning(text="hm", seal=Seal("anthropic", "signature", "s"))
    body, losses = write(
        ask(
            user(Text(text="x")),
            assistant(Reasoning(text="t", seal=SIGNED), Text(text="a")),
            user(Text(text="y")),
            assistant(foreign, Text(text="b"), Reasoning(text="", seal=SIGNED)),
        )
    )
    assert body["contents"][1]["parts"] == [{"text": "t", "thought": True, "thoughtSignature": "c2lnbmVk"}, {"text": "a"}]
    assert body["contents"][3]["parts"] == [{"text": "b"}, {"text": "", "thoughtSignature": "c2lnbmVk"}]
    assert losses == ["messages"]


def test_a_packed_seal_is_base64_on_the_wire_and_comes_back_as_it_was() -> None:
    """SDKs check the field; our own packed form is wrapped and unwrapped."""
    packed = Seal("google", "thought_signature", "axh1:eyJ2IjoiYSJ9_-")
    request = ask(assistant(ToolCall(id="c", name="f", arguments="{}", seal=packed)))
    part = write(request)[0]["contents"][0]["parts"][0]
    assert base64.b64decode(part["thoughtSignature"], validate=True) == packed.value.encode()
    read = CODEC.read_request({"model": "m", "contents": [{"role": "model", "parts": [part]}]}).messages[0].parts[0]
    assert isinstance(read, ToolCall)
    assert read.seal == packed


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (Media(kind="image", mime="image/png", data="AA=="), {"inlineData": {"mimeType": "image/png", "data": "AA=="}}),
        (Media(kind="image", data="AA=="), {"inlineData": {"mimeType": "image/png", "data": "AA=="}}),
        (Media(kind="image", url="https://h/a.jpg?x"), {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://h/a.jpg?x"}}),
        (Media(kind="document", name="a.pdf", data="AA=="), {"inlineData": {"mimeType": "application/pdf", "data": "AA=="}}),
        (Media(kind="document", mime="text/plain", name="a", data="aGk="), {"text": "[document a]\nhi"}),
        (Refusal(text="no"), {"text": "no"}),
    ],
)
def test_parts_of_others(part: Any, written: dict[str, Any]) -> None:
    """Data goes inline, addresses as files, plain text as text."""
    body, losses = write(ask(user(part)))
    assert body["contents"][0]["parts"] == [written]
    assert losses == []


@pytest.mark.parametrize(
    "part", [Media(kind="image", file_id="file_1"), Opaque(protocol="openai-responses", kind="web_search_call", raw={})]
)
def test_what_cannot_be_sent_is_seen(part: Any) -> None:
    """A placeholder in its place, and a loss."""
    body, losses = write(ask(user(part)))
    assert "left out" in body["contents"][0]["parts"][0]["text"]
    assert losses == ["messages[0].content[0]"]


def test_pictures_in_results_stand_in_the_response() -> None:
    """Where the endpoint takes them there; text stays the output."""
    result = ToolResult(call_id="c", parts=(Text(text="see"), Media(kind="image", mime="image/png", data="AA==")))
    part = write(ask(assistant(ToolCall(id="c", name="f", arguments="{}")), user(result)))[0]["contents"][1]["parts"][0]
    assert part["functionResponse"]["response"] == {"output": "see"}
    assert part["functionResponse"]["parts"] == [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]


def test_arguments_that_are_no_object_are_kept_and_told() -> None:
    """The text goes under `_raw`."""
    body, losses = write(ask(assistant(ToolCall(id="c", name="f", arguments='{"a": '))))
    assert body["contents"][0]["parts"][0]["functionCall"]["args"] == {"_raw": '{"a": '}
    assert losses == ["messages[0].content[0].args"]


THINKING = [
    (Thinking(mode="off"), BUDGET, {"thinkingBudget": 0}, []),
    (Thinking(mode="off"), PRO, {"thinkingBudget": 128}, ["thinking"]),
    (Thinking(mode="off"), LEVEL, {"thinkingLevel": "minimal"}, ["thinking"]),
    (Thinking(mode="on", budget=9000), BUDGET, {"thinkingBudget": 9000, "includeThoughts": True}, []),
    (Thinking(mode="on", budget=31999), BUDGET, {"thinkingBudget": 24576, "includeThoughts": True}, ["thinking.budget"]),
    (Thinking(mode="on", budget=31999), PRO, {"thinkingBudget": 31999, "includeThoughts": True}, []),
    (Thinking(mode="on", budget=9000), LEVEL, {"thinkingLevel": "medium", "includeThoughts": True}, ["thinking.budget"]),
    (Thinking(mode="adaptive"), BUDGET, {"thinkingBudget": -1, "includeThoughts": True}, []),
    (Thinking(mode="adaptive"), LEVEL, {"includeThoughts": True}, []),
    (Thinking(effort="low"), LEVEL, {"thinkingLevel": "low", "includeThoughts": True}, []),
    (Thinking(effort="medium"), BUDGET, {"thinkingBudget": 8192, "includeThoughts": True}, []),
    (Thinking(effort="xhigh"), LEVEL, {"thinkingLevel": "high", "includeThoughts": True}, ["thinking.effort"]),
    (Thinking(effort="galactic"), LEVEL, {"thinkingLevel": "high", "includeThoughts": True}, ["thinking.effort"]),
]


@pytest.mark.parametrize(("asked", "model", "written", "lost"), THINKING)
def test_thinking_by_budget_or_by_level(asked: Thinking, model: str, written: dict[str, Any], lost: list[str]) -> None:
    """Models up to 2.5 get a budget, later ones a level, never both; what becomes something else is on the receipt."""
    body, losses = write(ask(thinking=asked), model)
    assert body["generationConfig"]["thinkingConfig"] == written
    assert losses == lost


def test_thoughts_are_shown_to_who_asks() -> None:
    """A Responses client asks by `summary`, an Anthropic one can say that it does not want them."""
    for request in (
        ask(thinking=Thinking(effort="low"), origin="openai-responses"),
        ask(thinking=Thinking(mode="adaptive", effort="low", extra={"display": "omitted"})),
    ):
        assert write(request)[0]["generationConfig"]["thinkingConfig"] == {"thinkingLevel": "low"}
    shown = ask(thinking=Thinking(effort="low", summary="auto"), origin="openai-responses")
    assert write(shown)[0]["generationConfig"]["thinkingConfig"]["includeThoughts"] is True


def test_an_endpoint_without_thinking_settings() -> None:
    """They stay out, and the receipt says so."""
    body, losses = write(ask(thinking=Thinking(effort="low")), thinking=False)
    assert "generationConfig" not in body
    assert losses == ["thinking"]


def test_structured_output() -> None:
    """A schema as JSON schema; without it where the endpoint takes none."""
    request = ask(output=OutputFormat(kind="json_schema", schema={"type": "object"}))
    assert write(request)[0]["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object"},
    }
    body, losses = write(request, json_schema=False)
    assert body["generationConfig"] == {"responseMimeType": "application/json"}
    assert losses == ["response_format"]


def test_what_the_api_has_no_place_for_is_told() -> None:
    """Every option that others have, once each."""
    body, losses = write(
        ask(
            parallel_tools=False,
            verbosity="low",
            service_tier="auto",
            user="u",
            cache_key="k",
            metadata={"a": "b"},
            stop=tuple("abcdef"),
            extra={"store": True},
            tools=(Tool(name="f", strict=True), Tool(name="p", kind="custom"), Tool(name="web_search", kind="hosted", raw={})),
        )
    )
    assert body["generationConfig"] == {"stopSequences": list("abcde")}
    assert body["tools"] == [{"functionDeclarations": [{"name": "f"}]}]
    assert sorted(losses) == [
        "metadata", "parallel_tool_calls", "prompt_cache_key", "service_tier", "stop", "store", "tools[0].strict", "tools[1]",
        "tools[2]", "user", "verbosity",
    ]  # fmt: skip


def test_quirks_are_obeyed() -> None:
    """Parameters that an endpoint refuses stay out; a limit above its own is lowered."""
    request = ask(top_k=5, seed=1, presence_penalty=0.5, frequency_penalty=0.5, max_tokens=1000)
    body, losses = write(request, top_k=False, seed=False, penalties=False, max_output_tokens=100)
    assert body["generationConfig"] == {"maxOutputTokens": 100}
    assert sorted(losses) == ["frequency_penalty", "max_tokens", "presence_penalty", "seed", "top_k"]


def test_a_request_of_this_protocol_comes_out_as_it_went_in() -> None:
    """Settings that the model has no name for go back to their places."""
    body = {
        "model": "m",
        "contents": [{"role": "user", "parts": [{"text": "x", "partMetadata": {"a": 1}}, {"executableCode": {"code": "1"}}]}],
        "systemInstruction": {"parts": [{"text": "s"}]},
        "tools": [{"functionDeclarations": [{"name": "f", "behavior": "BLOCKING"}]}, {"googleSearch": {}}],
        "toolConfig": {
            "functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f", "g"]},
            "retrievalConfig": {"languageCode": "de"},
        },
        "generationConfig": {"responseModalities": ["TEXT"], "thinkingConfig": {"thinkingLevel": "low"}, "topK": 3},
        "safetySettings": [{"category": "c"}],
    }
    assert CODEC.write_request(CODEC.read_request(body), Target(model="m"), Losses()) == body

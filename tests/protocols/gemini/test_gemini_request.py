"""Requests of Gemini clients, read: both spellings of keys, every kind of part, tools, limits, and what is wrong with them."""

from typing import Any

import pytest

from axonhub_cli.errors import RequestError
from axonhub_cli.protocols.gemini import CODEC
from axonhub_cli.types.messages import Media, Message, Opaque, OutputFormat, Reasoning, Seal, Text, Thinking, ToolCall, ToolResult

HELLO = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


def read(**body: Any) -> Any:
    return CODEC.read_request({"model": "m", **HELLO, **body})


def parts(*items: dict[str, Any], role: str = "user") -> tuple[Any, ...]:
    return tuple(read(contents=[{"role": role, "parts": list(items)}]).messages[0].parts)


def config(**fields: Any) -> Any:
    return read(generationConfig=fields)


def test_a_whole_request() -> None:
    """Everything that has a name in the model is found under it; the rest stays in `extra`."""
    request = read(
        stream=True,
        systemInstruction={"role": "user", "parts": [{"text": "be brief"}, {"text": "and kind"}]},
        generationConfig={
            "maxOutputTokens": 99, "temperature": 0.5, "topP": 0.9, "topK": 40.0, "stopSequences": ["a", "b"], "seed": 7,
            "presencePenalty": 0.1, "frequencyPenalty": 0.2, "candidateCount": 1, "responseLogprobs": True,
        },
        safetySettings=[{"category": "c", "threshold": "t"}],
        cachedContent="cachedContents/1",
    )  # fmt: skip
    assert (request.origin, request.model, request.stream) == ("gemini", "m", True)
    assert request.system == (Text(text="be brief"), Text(text="and kind"))
    assert request.messages == (Message(role="user", parts=(Text(text="hi"),)),)
    assert (request.max_tokens, request.temperature, request.top_p, request.top_k) == (99, 0.5, 0.9, 40)
    assert (request.stop, request.seed, request.presence_penalty, request.frequency_penalty) == (("a", "b"), 7, 0.1, 0.2)
    assert request.extra == {
        "safetySettings": [{"category": "c", "threshold": "t"}],
        "cachedContent": "cachedContents/1",
        "generationConfig": {"responseLogprobs": True},
    }


def test_snake_case_means_the_same() -> None:
    """The API takes both spellings, also inside parts; the user's own keys in arguments keep theirs."""
    snake = {
        "system_instruction": {"parts": [{"text": "s"}]},
        "contents": [
            {"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": "AA=="}}]},
            {"role": "model", "parts": [{"function_call": {"name": "f", "args": {"snake_key": 1}}, "thought_signature": "c2ln"}]},
            {"role": "user", "parts": [{"function_response": {"name": "f", "response": {"output": "x"}}}]},
        ],
        "generation_config": {"max_output_tokens": "12", "thinking_config": {"include_thoughts": True, "thinking_level": "HIGH"}},
        "tools": [{"function_declarations": [{"name": "f", "parameters_json_schema": {"type": "object"}}]}],
        "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["f"]}},
    }
    request = CODEC.read_request({"model": "m", **snake})
    call = request.messages[1].parts[0]
    assert isinstance(call, ToolCall)
    assert call.arguments == '{"snake_key":1}'
    assert call.seal == Seal("google", "thought_signature", "c2ln")
    assert request.messages[0].parts == (Media(kind="image", mime="image/png", data="AA=="),)
    assert request.messages[2].parts == (ToolResult(call_id=call.id, parts=(Text(text="x"),)),)
    assert (request.max_tokens, request.thinking) == (12, Thinking(effort="high", summary="auto"))
    assert (request.tools[0].schema, request.tool_choice and request.tool_choice.name) == ({"type": "object"}, "f")
    assert request.system == (Text(text="s"),)


@pytest.mark.parametrize(
    ("part", "meant"),
    [
        ({"text": "t", "thought": True}, Reasoning(text="t")),
        (
            {"text": "t", "thought": True, "thoughtSignature": "c2ln"},
            Reasoning(text="t", seal=Seal("google", "thought_signature", "c2ln")),
        ),
        ({"text": "", "thoughtSignature": "c2ln"}, Reasoning(text="", seal=Seal("google", "thought_signature", "c2ln"))),
        ({"text": "x", "thoughtSignature": "skip_thought_signature_validator"}, Text(text="x")),
        ({"inlineData": {"mimeType": "audio/wav", "data": "AA=="}}, Media(kind="audio", mime="audio/wav", data="AA==")),
        (
            {"inlineData": {"mimeType": "application/pdf", "data": "AA==", "displayName": "a.pdf"}},
            Media(kind="document", mime="application/pdf", data="AA==", name="a.pdf"),
        ),
        (
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://h/a.jpg"}},
            Media(kind="image", mime="image/jpeg", url="https://h/a.jpg"),
        ),
        (
            {"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/x", "mimeType": "image/png"}},
            Media(kind="image", mime="image/png", file_id="https://generativelanguage.googleapis.com/v1beta/files/x"),
        ),
        ({"fileData": {"fileUri": "gs://b/a.pdf"}}, Media(kind="document", file_id="gs://b/a.pdf")),
        ({"text": "x", "partMetadata": {"a": 1}}, Text(text="x", extra={"partMetadata": {"a": 1}})),
    ],
)  # fmt: skip
def test_each_kind_of_part(part: dict[str, Any], meant: Any) -> None:
    """A part becomes the one that it means."""
    assert parts(part) == (meant,)


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"executableCode": {"language": "PYTHON", "code": "1"}}, "executableCode"),
        ({"codeExecutionResult": {"outcome": "OUTCOME_OK"}}, "codeExecutionResult"),
        ({"inlineData": {"mimeType": "video/mp4", "data": "AA=="}, "videoMetadata": {"fps": 1}}, "video"),
        ({"fileData": {"fileUri": "https://www.youtube.com/watch?v=1"}}, "fileData"),
        ({"thought": True, "somethingNew": {}}, "somethingNew"),
    ],
)
def test_parts_of_this_protocol_only_are_kept_whole(part: dict[str, Any], kind: str) -> None:
    """Code that runs at the vendor, video, and what comes next."""
    assert parts(part) == (Opaque(protocol="gemini", kind=kind, raw=part),)


def test_a_signed_text_keeps_its_signature_beside_it() -> None:
    """Text has no seal; a wordless piece of reasoning after it carries one."""
    said = parts({"text": "a", "thoughtSignature": "c2ln"}, role="model")
    assert said == (Text(text="a"), Reasoning(text="", seal=Seal("google", "thought_signature", "c2ln")))


def test_calls_without_ids_find_their_results() -> None:
    """Ids are made from the place in the conversation; results go to the earliest call of their name that waits."""
    call = {"functionCall": {"name": "f", "args": {"n": 1}}}
    answered = {"functionResponse": {"name": "f", "response": {"result": "one"}}}
    contents = [
        {"role": "model", "parts": [call, call]},
        {"role": "function", "parts": [answered, {"functionResponse": {"name": "f", "response": {"error": "no"}}}]},
        {"role": "model", "parts": [call]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"a": 1}}}]},
    ]
    request = read(contents=contents)
    ids = [part.id for message in request.messages for part in message.parts if isinstance(part, ToolCall)]
    results = [part for message in request.messages for part in message.parts if isinstance(part, ToolResult)]
    assert len(set(ids)) == 3
    assert [result.call_id for result in results] == ids
    assert [result.is_error for result in results] == [False, True, False]
    assert results[2].parts == (Text(text='{"a":1}'),)
    assert read(contents=contents[:2]).messages[0].parts[0].id == ids[0]


def test_a_result_may_hold_pictures_and_may_be_empty() -> None:
    """Multimodal function responses are parts of the result."""
    result = {
        "id": "c1",
        "name": "f",
        "response": {},
        "parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}],
        "willContinue": False,
    }
    assert parts({"functionResponse": result}) == (
        ToolResult(
            call_id="c1",
            parts=(Media(kind="image", mime="image/png", data="AA=="),),
            extra={"functionResponse": {"willContinue": False}},
        ),
    )


def test_what_people_send_by_hand() -> None:
    """A string or one object for `contents`, a string for the instruction, no role: all are understood."""
    assert read(contents="hi").messages == read(contents={"parts": [{"text": "hi"}]}).messages == read().messages
    assert read(systemInstruction="s").system == (Text(text="s"),)
    assert CODEC.read_request({**HELLO, "model": "models/x"}).model == "x"


def test_tools_and_their_schemas() -> None:
    """The API's own schema dialect becomes JSON schema; what runs at the vendor is a hosted tool."""
    own = {
        "type": "OBJECT",
        "propertyOrdering": ["a"],
        "properties": {
            "type": {"type": "STRING", "nullable": True, "enum": ["A"]},
            "b": {"type": "ARRAY", "minItems": "1", "items": {"anyOf": [{"type": "INTEGER"}, {"type": "NUMBER"}]}},
        },
        "required": ["type"],
    }
    request = read(tools=[{"functionDeclarations": [{"name": "f", "description": "d", "parameters": own}], "googleSearch": {}}])
    function, hosted = request.tools
    assert (function.name, function.description, function.kind) == ("f", "d", "function")
    assert function.schema == {
        "type": "object",
        "properties": {
            "type": {"type": ["string", "null"], "enum": ["A"]},
            "b": {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "integer"}, {"type": "number"}]}},
        },
        "required": ["type"],
    }
    assert (hosted.name, hosted.kind, hosted.raw) == ("googleSearch", "hosted", {"googleSearch": {}})


@pytest.mark.parametrize(
    ("calling", "mode", "name", "extra"),
    [
        ({"mode": "AUTO"}, "auto", None, None),
        ({"mode": "none"}, "none", None, None),
        ({"mode": "ANY"}, "required", None, None),
        ({"mode": "ANY", "allowedFunctionNames": ["f"]}, "tool", "f", None),
        (
            {"mode": "ANY", "allowedFunctionNames": ["f", "g"]},
            "required",
            None,
            {"allowed_tools": {"tools": [{"name": "f"}, {"name": "g"}]}},
        ),
        ({"mode": "VALIDATED"}, "auto", None, {"mode": "VALIDATED"}),
    ],
)
def test_the_choice_among_tools(calling: dict[str, Any], mode: str, name: str | None, extra: Any) -> None:
    """Modes and allowed names; the rest of the object is kept."""
    choice = read(toolConfig={"functionCallingConfig": calling}).tool_choice
    assert (choice.mode, choice.name, choice.extra) == (mode, name, extra)
    kept = read(toolConfig={"retrievalConfig": {"languageCode": "de"}})
    assert (kept.tool_choice, kept.extra) == (None, {"toolConfig": {"retrievalConfig": {"languageCode": "de"}}})


@pytest.mark.parametrize(
    ("thinking", "meant"),
    [
        ({"thinkingBudget": 0}, Thinking(mode="off")),
        ({"thinkingBudget": -1, "includeThoughts": True}, Thinking(mode="adaptive", summary="auto")),
        ({"thinkingBudget": 512}, Thinking(mode="on", budget=512)),
        ({"thinkingLevel": "LOW"}, Thinking(effort="low")),
        ({"includeThoughts": True}, Thinking(mode="adaptive", summary="auto")),
        ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, None),
    ],
)
def test_thinking(thinking: dict[str, Any], meant: Thinking | None) -> None:
    """Budgets, levels, and whether thoughts are to be shown."""
    assert config(thinkingConfig=thinking).thinking == meant


@pytest.mark.parametrize(
    ("fields", "meant"),
    [
        ({"responseMimeType": "application/json"}, OutputFormat(kind="json")),
        (
            {"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}},
            OutputFormat(kind="json_schema", schema={"type": "object"}),
        ),
        (
            {"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT"}},
            OutputFormat(kind="json_schema", schema={"type": "object"}),
        ),
        ({"responseMimeType": "text/plain"}, None),
    ],
)
def test_structured_output(fields: dict[str, Any], meant: OutputFormat | None) -> None:
    """JSON with and without a schema, in either dialect."""
    assert config(**fields).output == meant


def test_another_media_type_stays_as_it_is() -> None:
    """An enum answer is this protocol's alone."""
    request = config(responseMimeType="text/x.enum", responseSchema={"type": "STRING", "enum": ["a"]})
    assert request.output is None
    assert request.extra["generationConfig"] == {
        "responseMimeType": "text/x.enum",
        "responseSchema": {"type": "STRING", "enum": ["a"]},
    }


WRONG = [
    ({"contents": 7}, "contents: expected a list of contents, found a number"),
    ({"contents": ["x"]}, "contents[0]: expected an object, found a string"),
    ({"contents": [{"role": "system", "parts": []}]}, "contents[0].role: expected user or model, found 'system'"),
    ({"contents": [{"parts": {}}]}, "contents[0].parts: expected a list, found an object"),
    ({"contents": [{"parts": [{}]}]}, "contents[0].parts[0]: expected a part"),
    ({"contents": [{"parts": [{"text": 1}]}]}, "contents[0].parts[0].text: expected a string, found a number"),
    (
        {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png"}}]}]},
        "contents[0].parts[0].inlineData.data: expected a string, found nothing",
    ),
    (
        {"contents": [{"parts": [{"functionCall": {"name": "f", "args": "x"}}]}]},
        "contents[0].parts[0].functionCall.args: expected an object, found a string",
    ),
    (
        {"contents": [{"parts": [{"functionResponse": {"name": "f", "response": "x"}}]}]},
        "contents[0].parts[0].functionResponse.response: expected an object, found a string",
    ),
    ({"tools": 1}, "tools: expected a list"),
    ({"tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name: expected a string, found nothing"),
    ({"toolConfig": {"functionCallingConfig": {"mode": "SOMETIMES"}}}, "toolConfig.functionCallingConfig.mode: expected AUTO"),
    ({"generationConfig": {"candidateCount": 2}}, "generationConfig.candidateCount: 2 answers were asked for"),
    ({"generationConfig": {"maxOutputTokens": 1.5}}, "generationConfig.maxOutputTokens: expected a whole number, found 1.5"),
    ({"generationConfig": {"temperature": "warm"}}, "generationConfig.temperature: expected a number, found a string"),
    ({"generationConfig": {"stopSequences": [1]}}, "generationConfig.stopSequences[0]: expected a string, found a number"),
    ({"generationConfig": []}, "generationConfig: expected an object, found a list"),
]


@pytest.mark.parametrize(("body", "message"), WRONG, ids=[case[1][:60] for case in WRONG])
def test_what_is_wrong_is_named_with_its_place(body: dict[str, Any], message: str) -> None:
    """The path, what is due and what was found."""
    with pytest.raises(RequestError) as caught:
        read(**body)
    assert caught.value.message.startswith(message)


def test_numbers_as_strings_are_protobufs_way() -> None:
    """Whole numbers may come as strings."""
    assert config(maxOutputTokens="12").max_tokens == 12

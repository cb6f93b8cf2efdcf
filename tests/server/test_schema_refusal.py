"""An upstream of Gemini's API that does not know JSON schema as such is asked once more, in the API's own dialect."""

from tests.server.conftest import Start, Upstream, channels, stream, whole
from tests.server.wire import ASKS, PATHS, STREAMS

UNKNOWN = "Invalid JSON payload received. Unknown name \"parametersJsonSchema\" at 'tools[0]': Cannot find field."


async def test_the_second_try_is_in_the_dialect(start: Start, upstream: Upstream) -> None:
    """The client notices nothing."""
    refusal = whole({"error": {"code": 400, "message": UNKNOWN, "status": "INVALID_ARGUMENT"}}, status=400)
    upstream.will(refusal, stream(STREAMS["gemini"]))
    hub = await start(channels(("gemini", upstream.url)))
    tools = [{"name": "t", "input_schema": {"type": "object", "properties": {"a": {"type": "string"}}}}]
    async with hub.post(PATHS["anthropic"], {**ASKS["anthropic"], "tools": tools, "stream": True}) as response:
        assert response.status == 200
        await response.read()
    first, second = [each["body"]["tools"][0]["functionDeclarations"][0] for each in upstream.requests]
    assert "parametersJsonSchema" in first
    assert second["parameters"] == {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}

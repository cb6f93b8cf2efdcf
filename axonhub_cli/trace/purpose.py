"""What a Claude Code request is for, where its headers do not say: titles, web searches and compactions are requests of the
same session.

Codex says it in a header (`session.identify`). Claude Code is recognised by the form of the body (measured with 2.1.197 and
2.1.330): a title request has no tools and asks for JSON of a schema, a web search offers that one server tool, and a
compaction is a normal request that ends in a demand for a summary, and for no tools.
"""

from ..errors import AxonHubError
from ..protocols.body import ClientBody
from .records import RequestKind

_DEMAND = "CRITICAL: Respond with TEXT ONLY"
_SMALL = 4096  # bytes of a tool list that is worth building: a search's has one tool, a turn's has dozens of kilobytes


def says_it(client: str) -> bool:
    """Whether the body of this client's requests says what they are for."""
    return client == "claude-code"


def purpose(kind: RequestKind, body: ClientBody, prompt: str | None) -> RequestKind:
    """The kind of such a request; `kind` is what the headers said, `prompt` the start of the last user text."""
    if kind != "turn":
        return kind
    if _compacts(body, prompt):
        return "compaction"
    if body.size_of("tools") > _SMALL:
        return kind
    tools = body.get("tools")
    if not tools:
        output = body.get("output_config")
        wanted = output.get("format") if isinstance(output, dict) else None
        return "title" if isinstance(wanted, dict) and wanted.get("type") == "json_schema" else kind
    types = [tool.get("type") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    searches = bool(types) and all(isinstance(each, str) and each.startswith("web_search") for each in types)
    return "web_search" if searches else kind


def _compacts(body: ClientBody, prompt: str | None) -> bool:
    """Whether the last thing that is said is the demand for a summary: alone, after tool results, or after what the user said
    before without getting an answer."""
    if prompt and prompt.startswith("CRITICAL:") and (_DEMAND in prompt or "<summary>" in prompt):
        return True
    return _last_text(body).startswith(_DEMAND)


def _last_text(body: ClientBody) -> str:
    try:
        for message in body.backwards("messages"):
            if isinstance(message, dict) and message.get("role") == "user":
                content = message.get("content")
                parts = content if isinstance(content, list) else []
                texts = [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]
                return texts[-1] if texts else ""
    except AxonHubError:
        pass
    return ""

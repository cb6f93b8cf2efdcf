"""Claude Code's web search where there is none.

Its WebSearch tool asks the model in a request of its own, which offers Anthropic's search alone and may force it. An error would
stand in the conversation as the search's result; instead the model is asked without the search, and told to say so.
"""

from typing import Any

from .body import ClientBody
from .raw import splice

NOTICE = (
    "No web search can be done here. Say so in your first sentence, then answer from what you know, without making up sources."
)


def without_search(body: ClientBody) -> ClientBody:
    """The side request as a plain one."""
    given = body.get("system")
    blocks: list[Any] = given if isinstance(given, list) else [{"type": "text", "text": given}] if given else []
    system = [*blocks, {"type": "text", "text": NOTICE}]
    return ClientBody(splice(body.data, {"system": system, "tools": None, "tool_choice": None}))

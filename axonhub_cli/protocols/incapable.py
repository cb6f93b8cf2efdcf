"""Recognises a vendor's way to say that this model, or this server as it was started, cannot do what the request needs.

Such an answer is final for the place that gave it, whatever its status: llama.cpp says it with 500, OpenRouter with 404. To the
client it is a 400, which nobody repeats; another place may well be able to.

Sources: llama.cpp https://github.com/ggml-org/llama.cpp/issues/13566 and /issues/15377 (500, images), README of its server
(`--jinja` for tools); OpenRouter https://github.com/evalstate/fast-agent/issues/122, https://github.com/github/app/issues/2163;
Ollama https://github.com/ollama/ollama/blob/main/server/routes.go (`does not support tools`); vLLM's `is not a multimodal model`
https://docs.vllm.ai/en/stable/features/multimodal_inputs.
"""

import re

from msgspec.structs import replace

from ..types.problem import Problem

_WHAT = r"(image|vision|audio|multi-?modal|video|file|document|pdf|tool|function)"
_WORDS = re.compile(
    rf"""
      {_WHAT}s?(\ (input|content|use|calls?|calling|param|choice))*\ (is|are)\ (currently\ )?not\ supported   # llama.cpp
    | (does\ not|doesn't|do\ not|cannot)\ (currently\ )?support\ ({_WHAT}|thinking)            # Ollama
    | no\ endpoints\ found\ that\ support                                                     # OpenRouter
    | unknown\ variant\ .?(image|input_image|image_url|file)\b                                # DeepSeek
    | not\ a\ multi-?modal\ model                                                             # vLLM
    | tools?\ param\ requires\ --jinja                                                        # llama.cpp
    | requires\ --enable-auto-tool-choice                                                     # vLLM
    | (provide|without|missing)\ (the\ )?mmproj                                               # llama.cpp
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PLAIN_SCHEMA = re.compile(
    r"(unknown name|cannot find field|unrecognized field|unsupported).{0,40}(parameters|response)_?json_?schema", re.I
)
_FINAL = ("invalid_request", "server", "not_found", "upstream", "unsupported")


def is_schema_refusal(message: str) -> bool:
    """Whether an upstream of Gemini's API says that it does not know JSON schema as such (`Quirks.plain_schemas`)."""
    return bool(_PLAIN_SCHEMA.search(message[:2000]))


def incapable(problem: Problem) -> Problem:
    """The problem, as what the client's request asks of this place in vain, when its words say so."""
    if problem.elsewhere or problem.kind not in _FINAL or not _WORDS.search(problem.message[:2000]):
        return problem
    return replace(problem, kind="invalid_request", status=400, should_retry=False, elsewhere=True)

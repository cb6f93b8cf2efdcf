"""Recognises a vendor's way to say that the conversation is longer than the model's context.

Clients compact a conversation when they are told so in the words of their own vendor, and give up on anything else, so every
codec must know all of these words. Limits of another sort (tokens a minute, output tokens, bytes of a body) are not meant.
"""

import re

_CODES = frozenset(
    {
        "context_length_exceeded",
        "context_window_exceeded",
        "context_too_long",
        "exceed_context_size_error",
        "model_context_window_exceeded",
        "model_max_prompt_tokens_exceeded",
        "prompt_too_long",
        "1261",
    }
)

_WORDS = re.compile(
    r"""
      context_length_exceeded
    | prompt\ is\ too\ long                                            # Anthropic
    | exceed\ context\ limit                                           # Anthropic: input and max_tokens together
    | maximum\ (context|prompt)\ length                                # OpenAI, vLLM, DeepSeek, OpenRouter, Mistral, xAI
    | exceeds?\ (the\ |your\ )?(model'?s\ )?(available\ |maximum\ )?context\ (size|window|length|limit)   # OpenAI, llama.cpp
    | exceed(s|ed)\ max(imum)?\ context                                # Ollama
    | context\ (window|length|size)\ (limit\ )?(is\ |was\ )?exceed(s|ed)   # MiniMax and others
    | context\ (the\ )?overflows                                       # LM Studio
    | (prompt|input)\ token\ count\b.{0,40}\bexceeds                   # Gemini, Copilot
    | input\ is\ too\ long                                             # Bedrock
    | prompt\ (is\ )?(too\ large|exceeds\ max)                         # Zhipu, Mistral
    | prompt\ 超长
    | exceeded\ model\ token\ limit                                    # Moonshot
    | reduce\ the\ length\ of\ the\ (messages|prompt|input)            # Groq, OpenAI
    | tokens\ in\ the\ prompt\ cannot\ exceed                          # Cohere
    | tokens\ \+\ `?max_new_tokens`?\ must\ be\ <=                     # text-generation-inference
    """,
    re.VERBOSE | re.IGNORECASE,
)


def is_overflow(message: str, code: str | None = None) -> bool:
    """True when an upstream's error says that the request is longer than the model's context."""
    return code in _CODES or bool(_WORDS.search(message[:4000]))

"""A talk with a character, spoken by a model on this machine: python embedded_voice.py MODEL.gguf.

It needs `pip install xllamacpp` and any instruction-tuned model as GGUF; the bot's own lies in
~/.cache/masquerade after its first start without a key. An empty line ends the talk.
"""

import sys
from collections.abc import Iterator
from typing import Any

import xllamacpp

from personaflow import Character, PersonaSystem


def load(path: str) -> Any:
    """Return a llama.cpp server with the model, without log output."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = path
    parameters.n_ctx, parameters.n_parallel = 4096, 1
    parameters.verbosity = 0
    parameters.ui = False
    return xllamacpp.Server(parameters)


def answer(model: Any, character: Character, words: str) -> str:
    """Ask the model for the next line, given the last six exchanges, and store the exchange as a memory."""
    context = character.get_context(memory_limit=6, memory_types=["interaction"])
    messages = [{"role": "system", "content": context["prompt"]}]
    for memory in reversed(context["memories"]):
        messages.append({"role": "user", "content": memory["content"]["user"]})
        messages.append({"role": "assistant", "content": memory["content"]["response"]})
    messages.append({"role": "user", "content": words})
    said = model.handle_chat_completions({"messages": messages, "max_tokens": 80})
    response: str = said["choices"][0]["message"]["content"].strip()
    character.add_memory({"user": words, "response": response})
    return response


def typed() -> Iterator[str]:
    for line in sys.stdin:
        if not line.strip():
            return
        yield line.strip()


def main(path: str) -> None:
    prompt = "You are Mara, who keeps a lighthouse. You answer in one or two short sentences."
    mara = PersonaSystem().create_character("Mara", prompt)
    model = load(path)
    for words in typed():
        print(f"Mara: {answer(model, mara, words)}", flush=True)
    print(f"Mara remembers {len(mara.memory_manager.memories)} exchanges.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])

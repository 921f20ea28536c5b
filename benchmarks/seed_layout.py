"""The prompts of an older program, seed 000, as it was coded: to compare the cost of ours with.

Each user has one history, whatever the channel: what was answered, and the answers. What else was said
reaches the model in the system prompt, as the last ten lines of the channel, in front of the character.
So no two system prompts are alike, and nothing asks for a cache.
"""

from collections import defaultdict, deque

from benchmarks.pair_talk import Said
from personas.character import Character
from tests.world.claude_cache import Body, blocks_of

LONGEST_HISTORY = 25_000
"""Tokens, as it counts them: characters / 4."""
CHANNEL_LINES = 10
KEPT_MESSAGES = 4
MAX_TOKENS = 500
_MEMORY = "- {name} told me about it, and I keep it in mind.\n"
_NEW_MEMORIES = 8


class SeedLayout:
    """Histories, core memories and channel lines, and the request bodies that it makes of them."""

    def __init__(self, character: Character, model: str) -> None:
        self._character = character
        self._model = model
        self._histories: dict[int, list[Body]] = defaultdict(list)
        self._memories: dict[int, str] = defaultdict(str)
        self._lines: dict[int, deque[str]] = defaultdict(lambda: deque(maxlen=CHANNEL_LINES))

    def hear(self, said: Said) -> None:
        """Keep a line of a channel, answered or not."""
        self._lines[said.channel].append(f"{said.author_name}: {said.text}")

    def request(self, said: Said) -> Body:
        """Return what it sends for a reply."""
        asked = {"role": "user", "content": said.text}
        return self._body(self._system(said), [*self._histories[said.author_id], asked])

    def answered(self, said: Said, answer: str) -> None:
        """Keep what was answered, and the answer."""
        self._lines[said.channel].append(f"{self._character.name}: {answer}")
        self._histories[said.author_id] += [
            {"role": "user", "content": said.text},
            {"role": "assistant", "content": answer},
        ]

    def is_too_long(self, user_id: int) -> bool:
        return _characters(self._histories[user_id]) / 4 > LONGEST_HISTORY

    def summary_request(self, user_id: int) -> Body:
        """Return what it sends for a summary: the whole history, and all it remembers."""
        history = "\n".join(str(message["content"]) for message in self._histories[user_id])
        asked = f"{self._memories[user_id]}\n\n{history}"
        return self._body(self._character.summarization_prompt, [{"role": "user", "content": asked}])

    def summary_answer(self, user_id: int, summary: str) -> str:
        """Return what the model answers to that: all memories, with some new ones, and the summary."""
        new = _MEMORY.format(name=user_id) * _NEW_MEMORIES
        return f"CORE MEMORIES:\n{self._memories[user_id]}{new}SUMMARY:\n{summary}"

    def condense(self, user_id: int, answer: str) -> None:
        """Take the summary for the history, but the last messages; append what came back as memories."""
        memories, _, summary = answer.partition("SUMMARY:\n")
        self._memories[user_id] += memories.removeprefix("CORE MEMORIES:\n")
        kept = self._histories[user_id][-KEPT_MESSAGES:]
        self._histories[user_id] = [{"role": "user", "content": f"(Summary) {summary}"}, *kept]

    def _system(self, said: Said) -> str:
        lines = "\n".join(self._lines[said.channel])
        return (
            f"You are in the public channel #channel-{said.channel} of the server The Guild.\n\n"
            f"--- said here lately ---\n{lines}\n--- end ---\n\n"
            f"You know {said.author_name} from other channels too; go on from there.\n\n"
            f"{self._character.core_prompt}\n\nCore memories:\n{self._memories[said.author_id]}"
        )

    def _body(self, system: str, messages: list[Body]) -> Body:
        return {"model": self._model, "max_tokens": MAX_TOKENS, "system": system, "messages": messages}


def _characters(messages: list[Body]) -> int:
    return sum(len(block["text"]) for message in messages for block in blocks_of(message["content"]))

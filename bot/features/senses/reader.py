"""Text extraction from untrusted files, in a separate process (charset-normalizer and pypdf)."""

from bot.conversation.text.names import clean_text
from bot.features.senses import child
from bot.features.senses.process import ChildAnswer, Process

DEADLINE = 10.0
"""Timeout in seconds for a file, including the start of the process."""
MOST_LETTERS = 16_000
CUT = "\n(cut off here: there is more of it)"
PROGRAM = child.beside("document_child.py")


class _Read(ChildAnswer):
    text: str
    more: bool


class DocumentReader:
    """Reads text in any common encoding, and PDFs."""

    def __init__(self) -> None:
        self._process = Process(PROGRAM)

    async def read(self, data: bytes, *, pdf: bool) -> str:
        """Return the cleaned text, with a mark if it was cut; "" if there is none."""
        if not data and not pdf:
            return ""
        answer, _ = await self._process.ask(data, "pdf" if pdf else "text", deadline=DEADLINE)
        read = _Read.of(answer)
        text = clean_text(read.text[:MOST_LETTERS]).strip()
        return text + CUT if text and read.more else text

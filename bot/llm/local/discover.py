"""Search on this machine for a running server with the Messages API."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

LOOPBACK = "127.0.0.1"
DEADLINE_SECONDS = 1.0
ANSWER_BYTES = 1 << 20
NOT_FOR_TALK = ("embed", "bge-", "minilm", "rerank", "whisper", "tts", "clip")
# Ollama also lists models hosted by its maker: words must not leave the machine without consent.
ELSEWHERE = (":cloud", "-cloud")


@dataclass(frozen=True, slots=True)
class ServerCandidate:
    """A product and its default port."""

    product: str
    port: int


DEFAULT_CANDIDATES = (
    ServerCandidate("Ollama", 11434),
    ServerCandidate("LM Studio", 1234),
    ServerCandidate("llama.cpp", 8080),
    ServerCandidate("vLLM", 8000),
)


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server on this machine with the Messages API, and the model to use."""

    product: str
    base_url: str
    model: str


async def find_local_server(
    candidates: Sequence[ServerCandidate] = DEFAULT_CANDIDATES, *, deadline: float = DEADLINE_SECONDS
) -> LocalServer | None:
    """Return the first of the candidates, in their order, that answers within `deadline` seconds.

    All are asked at once, on the loopback address only, without a proxy or redirects. No model has to load or
    speak for it.
    """
    # No trust_env: a proxy named in the environment must not stand in for this machine.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        found = await asyncio.gather(*(_look(session, candidate, deadline) for candidate in candidates))
    return next((server for server in found if server), None)


async def _look(
    session: aiohttp.ClientSession, candidate: ServerCandidate, deadline: float
) -> LocalServer | None:
    base_url = f"http://{LOOPBACK}:{candidate.port}"
    try:
        async with asyncio.timeout(deadline):
            model = await _chat_model(session, base_url)
            if model and await _speaks_messages(session, base_url, model):
                return LocalServer(candidate.product, base_url, model)
    except (aiohttp.ClientError, OSError, ValueError, RecursionError):
        pass  # no server, too slow, or another protocol: all the same to us
    return None


async def _chat_model(session: aiohttp.ClientSession, base_url: str) -> str | None:
    async with session.get(f"{base_url}/v1/models", allow_redirects=False) as answer:
        if answer.status != 200:
            return None
        listing = await _object(answer)
    models = listing.get("data")
    names = [
        model["id"]
        for model in (models if isinstance(models, list) else [])
        if isinstance(model, dict) and isinstance(model.get("id"), str) and model["id"]
    ]
    return next((name for name in names if _can_talk(name)), None)


def _can_talk(model: str) -> bool:
    name = model.lower()
    return not name.endswith(ELSEWHERE) and not any(word in name for word in NOT_FOR_TALK)


async def _speaks_messages(session: aiohttp.ClientSession, base_url: str, model: str) -> bool:
    """Send a question without messages: a server with the endpoint reports an error, and runs nothing.

    A server without it answers 404, or 200 with a complaint (LM Studio before 0.4.1). llama.cpp reports the
    error with 500, so there it has to name the missing field.
    """
    async with session.post(
        f"{base_url}/v1/messages", json={"model": model}, allow_redirects=False
    ) as answer:
        if answer.status not in (400, 422, 500):
            return False
        complaint = await _object(answer)
    if "error" not in complaint and "detail" not in complaint:
        return False
    return answer.status != 500 or "messages" in str(complaint)


async def _object(answer: aiohttp.ClientResponse) -> dict[str, object]:
    """Return the JSON object of an answer. Raises ValueError for anything else or a long answer."""
    body = await answer.content.read(ANSWER_BYTES)
    while not answer.content.at_eof() and len(body) < ANSWER_BYTES:
        body += await answer.content.read(ANSWER_BYTES - len(body))
    if not isinstance(value := json.loads(body), dict):
        raise ValueError("not an object")  # noqa: TRY004 - callers treat it as what can't be parsed
    return value

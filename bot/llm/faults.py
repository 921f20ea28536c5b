"""Translation of the SDK's exceptions into our errors (faults C1-C4)."""

from functools import cache
from typing import TYPE_CHECKING

from tenacity import RetryCallState

from bot.llm.errors import (
    ClaudeCut,
    ClaudeDenied,
    ClaudeError,
    ClaudeRejected,
    ClaudeTimeout,
    ClaudeUnavailable,
    Denial,
    PromptTooLong,
)

if TYPE_CHECKING:
    import anthropic

_DENIED: dict[int, Denial] = {401: "key", 402: "billing", 403: "permission"}
_TOO_LONG = ("prompt is too long", "context window", "context size", "too many tokens")
_BILLING = ("credit balance", "billing")
_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


@cache
def raised() -> tuple[type[Exception], ...]:
    """Return the exceptions that the SDK raises.

    Interrupted or stalled streams raise transport errors; malformed bodies raise ValueError, TypeError,
    AttributeError or AssertionError inside the SDK: none of these is an anthropic.APIError.
    """
    import anthropic
    import httpx2

    bodies = (ValueError, TypeError, AttributeError, AssertionError)
    return anthropic.AnthropicError, httpx2.HTTPError, *bodies


def named(error: Exception) -> ClaudeError:
    """Return the ClaudeError for an SDK exception.

    Its text holds no words of the conversation: a server's own sentence may quote the prompt, so only one
    about key or billing is kept.
    """
    import anthropic
    import httpx2

    unsent = (error, error.__cause__)
    if any(isinstance(cause, httpx2.ConnectTimeout | httpx2.PoolTimeout) for cause in unsent):
        return _unreached("the server could not be reached in time")
    if any(isinstance(cause, httpx2.ConnectError) for cause in unsent):
        return _unreached("the server could not be reached")
    if isinstance(error, anthropic.APITimeoutError | httpx2.TimeoutException):
        return ClaudeTimeout("the server stopped answering")
    if isinstance(error, anthropic.APIStatusError):
        return _of_status(error)
    if isinstance(error, httpx2.RemoteProtocolError | httpx2.ReadError):
        return ClaudeCut("the connection broke half-way through the answer")
    if isinstance(error, anthropic.APIConnectionError | httpx2.HTTPError):
        return ClaudeUnavailable("the server could not be reached")
    return ClaudeUnavailable(
        f"the server answered with something that is no message ({type(error).__name__})"
    )


def _unreached(why: str) -> ClaudeError:
    found = ClaudeUnavailable(why)
    found.unreached = True
    return found


def passing(error: BaseException) -> bool:
    """Say whether the same request may succeed a moment later."""
    return isinstance(error, ClaudeUnavailable | ClaudeCut | ClaudeTimeout)


def retry_after(error: BaseException | None) -> float | None:
    """Return how many seconds the server asked us to wait, if it did."""
    import anthropic

    cause = error.__cause__ if error is not None else None
    if not isinstance(cause, anthropic.APIStatusError):
        return None
    try:
        return max(0.0, float(cause.response.headers.get("retry-after", "")))
    except ValueError:
        return None


def wait(state: RetryCallState) -> float:
    """Return the seconds before the next attempt: the server's wish, else 0.5, 1, 2, …"""
    error = state.outcome.exception() if state.outcome else None
    asked = retry_after(error)
    return asked if asked is not None else 0.5 * 2.0 ** (state.attempt_number - 1)


def told(kind: str, message: str) -> ClaudeError:
    """Return the ClaudeError for an error without a status, such as those in a batch's results."""
    return _of_kind(_STATUSES.get(kind, 500), kind, _in_one_line(message))


def _of_status(error: "anthropic.APIStatusError") -> ClaudeError:
    where = f" (request {error.request_id or 'without an id'})"
    found = _of_kind(error.status_code, _said(error, "type"), _said(error, "message"), where)
    found.status = error.status_code
    return found


def _of_kind(status: int, kind: str, said: str, where: str = "") -> ClaudeError:
    if status == 400 and any(word in said.lower() for word in _BILLING):
        return ClaudeDenied(f"{status}: {said}", "billing")
    if denial := _DENIED.get(status):
        return ClaudeDenied(f"{status}: {said}", denial)
    summary = f"{status} {kind}"
    if status == 413 or (status == 400 and any(word in said.lower() for word in _TOO_LONG)):
        return PromptTooLong(f"{summary}: the prompt is too long")
    if status in (408, 409, 429) or status >= 500:
        return ClaudeUnavailable(summary)
    return ClaudeRejected(f"{summary}{where}")


def _said(error: "anthropic.APIStatusError", field: str) -> str:
    """Return a field of the server's error, in one line of limited length."""
    inner = error.body.get("error") if isinstance(error.body, dict) else None
    said = inner.get(field) if isinstance(inner, dict) else None
    return _in_one_line(str(said or "without a reason"))


def _in_one_line(said: str) -> str:
    return " ".join(said.split())[:300]

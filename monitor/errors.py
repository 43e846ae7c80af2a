"""The error tree. Each class has a stable code that docs/reference/errors.md documents and the feed carries.

MonitorError(code, message)
├─ OperatorError      somebody must change something
│  ├─ ConfigInvalid · SchemaOutdated · ModelMissing · ModelUntrusted · VoiceModelInvalid
│  ├─ KeywordListInvalid · KeywordListUnknown · KeywordListConflict
│  ├─ RoomUnknown · RoomConflict
│  ├─ MediaUnreadable · PortInUse · DataInUse · DownloadFailed · ServiceSilent
├─ RoomError
│  ├─ ConnectionLost  try again
│  └─ Refused         don't
├─ Overloaded         shed, count, tell
├─ DetectorFailed     a voice detector that is switched off
├─ Busy               one at a time, and one runs
├─ StoreFailed        the database can't be written
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


class MediaUnreadable(OperatorError):
    """A file that holds no audio that can be read."""

    code = "media-unreadable"


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


class DetectorFailed(MonitorError):
    """A voice detector crashed, stalled or answered with what is no score: it is switched off, the rest goes on."""

    code = "detector-failed"


class StoreFailed(MonitorError):
    """The database can't be written (disk full, file locked or gone): nothing of the write is kept."""

    code = "store-failed"


class Forbidden(MonitorError):
    """A person may not do this."""

    code = "forbidden"


class IllegalTransition(Exception):
    """A state machine got an event that its table doesn't allow: a bug, never a fact of the network."""

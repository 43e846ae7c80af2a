"""What people in a room are told, where the host writes nothing of their own. Pure.

Plain words, each language by itself. A host who needs another one writes it.
"""

from __future__ import annotations

from typing import NamedTuple

from monitor.consent_model import Consent


class Words(NamedTuple):
    """One language."""

    name: str  # of the language, in itself
    on: str  # monitoring runs
    asked: str  # it was not switched on yet
    off: str  # it was paused or switched off


STANDARD: dict[str, Words] = {
    "en": Words(
        "English",
        "This room is monitored for safety: what is said is transcribed and checked.",
        "This room can be monitored for safety. The host has not switched it on: nobody is listened to.",
        "Monitoring of this room is switched off: nobody is listened to.",
    ),
    "zh": Words(
        "中文",
        "为了安全，本房间正在被监控：发言会被转写成文字并接受检查。",
        "本房间可以开启安全监控。主持人尚未开启：目前没有人被收听。",
        "本房间的监控已关闭：目前没有人被收听。",
    ),
    "es": Words(
        "Español",
        "Por seguridad, esta sala está supervisada: lo que se dice se transcribe y se revisa.",
        "Esta sala puede supervisarse por seguridad. El anfitrión no lo ha activado: no se escucha a nadie.",
        "La supervisión de esta sala está desactivada: no se escucha a nadie.",
    ),
    "fr": Words(
        "Français",
        "Pour la sécurité, ce salon est surveillé : ce qui est dit est transcrit et vérifié.",
        "Ce salon peut être surveillé pour la sécurité. L'hôte ne l'a pas activé : personne n'est écouté.",
        "La surveillance de ce salon est désactivée : personne n'est écouté.",
    ),
    "de": Words(
        "Deutsch",
        "Dieser Raum wird zur Sicherheit überwacht: Gesagtes wird verschriftlicht und geprüft.",
        "Dieser Raum kann zur Sicherheit überwacht werden. Der Gastgeber hat es nicht eingeschaltet: Niemand wird "
        "gehört.",
        "Die Überwachung dieses Raums ist ausgeschaltet: Niemand wird gehört.",
    ),
}
DEFAULT = "en"
LANGUAGES = {code: words.name for code, words in STANDARD.items()}
LONGEST = 500
"""Characters of a notice."""


def shown(state: Consent, notice: str, language: str) -> str:
    """What the room is told now. `notice`: the host's or the settings' text; it is true while monitoring runs, so that
    else the standard words take its place."""
    words = STANDARD.get(language, STANDARD[DEFAULT])
    match state:
        case Consent.GRANTED:
            return notice or words.on
        case Consent.PAUSED | Consent.WITHDRAWN:
            return words.off
        case _:
            return words.asked

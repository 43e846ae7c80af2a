"""Settings of consent: on whose word a room is listened to."""

from __future__ import annotations

from pydantic import Field

from monitor.config_base import Section


class ConsentSettings(Section):
    required: bool = Field(
        False,
        description="True: a room is listened to once its host has switched it on; false: from the start, on the "
        "operator's own policy. The host can pause and withdraw either way",
    )
    link_days: float = Field(30.0, gt=0, le=366, description="Days that a host's link is good for, where nobody says")

    def needed(self, of_room: str) -> bool:
        """Whether a room needs its host's yes. `of_room`: its own setting, as in `config_rooms`."""
        return self.required if of_room == "as-set" else of_room == "required"

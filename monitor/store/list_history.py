"""Keyword lists over time: each version with its text, each change of a rule's state, by whom and why.

Nothing of it is ever removed: what was watched for, and who wanted it, must stay accountable. Texts are packed, and a
text that comes back (a roll back) is kept once.
"""

from __future__ import annotations

import hashlib
import zlib

from sqlalchemy import Connection, RowMapping, func, insert, select

from monitor.messages import RuleStateChanged
from monitor.model import RuleState
from monitor.store.records import ListVersion, RuleStateSet
from monitor.store.tables import LIST_TEXTS, LIST_VERSIONS, RULE_STATES
from monitor.store.writer import Tell
from monitor.store.writing import Writing, inserted, number


class ListHistory(Writing):
    """The part of Store that knows lists."""

    async def add_version(
        self, name: str, version: str, content: str, who: str, why: str, at: float | None = None
    ) -> ListVersion:
        """A list was put, or came into force. The newest entry with the same version and text is given back instead.

        `content`: the whole file; `at`: wall time, now without it.
        """
        digest = hashlib.sha256(content.encode()).hexdigest()
        when = self._clock() if at is None else at

        def work(db: Connection, _: Tell) -> ListVersion:
            newest = select(LIST_VERSIONS).where(LIST_VERSIONS.c.name == name).order_by(LIST_VERSIONS.c.id.desc())
            known = db.execute(newest.limit(1)).mappings().first()
            if known is not None and (known["version"], known["digest"]) == (version, digest):
                return _version(known)
            if db.scalar(select(LIST_TEXTS.c.digest).where(LIST_TEXTS.c.digest == digest)) is None:
                db.execute(insert(LIST_TEXTS).values(digest=digest, packed=zlib.compress(content.encode())))
            row = {"name": name, "version": version, "digest": digest, "who": who, "why": why, "at": when}
            return ListVersion(inserted(db, insert(LIST_VERSIONS).values(row)), name, version, who, why, when)

        return await self._writer.write(work)

    async def versions(self, name: str | None = None, limit: int = 1000) -> list[ListVersion]:
        """Newest first; of one list, or of all."""
        query = select(LIST_VERSIONS).order_by(LIST_VERSIONS.c.id.desc()).limit(limit)
        if name is not None:
            query = query.where(LIST_VERSIONS.c.name == name)
        return [_version(row) for row in await self._rows(query)]

    async def version(self, name: str, version: str) -> str | None:
        """The text of a version, as it was put last; None where there is no such version."""
        query = (
            select(LIST_TEXTS.c.packed)
            .join(LIST_VERSIONS, LIST_VERSIONS.c.digest == LIST_TEXTS.c.digest)
            .where(LIST_VERSIONS.c.name == name, LIST_VERSIONS.c.version == version)
            .order_by(LIST_VERSIONS.c.id.desc())
            .limit(1)
        )
        packed = await self._value(query)
        return None if packed is None else zlib.decompress(packed).decode()

    async def set_rule_state(
        self,
        list_name: str,
        rule: str,
        state: RuleState | None,
        who: str,
        why: str,
        tell: RuleStateChanged | None = None,
    ) -> RuleStateSet:
        """A rule's state from now on, whatever the list says; None: as the list says. `rule` empty: the whole list.

        `tell`: the message of it for the feed; it is numbered, stored and told with the change, or neither is.
        """
        row = {
            "list": list_name,
            "rule": rule,
            "state": state.value if state else None,
            "who": who,
            "why": why,
            "at": self._clock(),
        }

        def work(db: Connection, told: Tell) -> RuleStateSet:
            made = inserted(db, insert(RULE_STATES).values(row))
            if tell is not None:
                told(number(db, tell, None))
            return RuleStateSet(made, list_name, rule, state, who, why, float(row["at"] or 0))

        return await self._writer.write(work)

    async def rule_states(self) -> dict[tuple[str, str], RuleState]:
        """(list, rule) → state, for the rules whose state is not as their list says."""
        newest = select(func.max(RULE_STATES.c.id)).group_by(RULE_STATES.c.list, RULE_STATES.c.rule)
        query = select(RULE_STATES).where(RULE_STATES.c.id.in_(newest), RULE_STATES.c.state.is_not(None))
        return {(row["list"], row["rule"]): RuleState(row["state"]) for row in await self._rows(query)}

    async def rule_state_log(self, list_name: str, limit: int = 1000) -> list[RuleStateSet]:
        """Newest first."""
        query = select(RULE_STATES).where(RULE_STATES.c.list == list_name).order_by(RULE_STATES.c.id.desc())
        return [_state(row) for row in await self._rows(query.limit(limit))]


def _version(row: RowMapping) -> ListVersion:
    return ListVersion(row["id"], row["name"], row["version"], row["who"], row["why"], row["at"])


def _state(row: RowMapping) -> RuleStateSet:
    state = RuleState(row["state"]) if row["state"] is not None else None
    return RuleStateSet(row["id"], row["list"], row["rule"], state, row["who"], row["why"], row["at"])

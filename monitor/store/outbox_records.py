"""The outbox of webhooks: letters that wait, letters that were given up, and how far each webhook has been told."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from monitor.store.tables_webhooks import HOOKS, OUTBOX
from monitor.store.writer import Tell
from monitor.store.writing import Writing


@dataclass(frozen=True, slots=True)
class Waiting:
    """One letter."""

    id: int
    hook: str
    message: str
    kind: str
    subject: str
    state: str  # waiting, dead
    made_at: float  # wall time
    due_at: float
    tries: int
    error: str


@dataclass(frozen=True, slots=True)
class HookState:
    """How one webhook stands."""

    name: str
    seq: int = 0
    sent: int = 0
    sent_at: float = 0.0
    waiting: int = 0
    dead: int = 0
    oldest: float = 0.0  # wall time at which the oldest letter that waits was made; 0: none waits
    error: str = ""  # of the newest letter that failed and still waits or is dead


class OutboxRecords(Writing):
    """The part of Store that keeps the outbox."""

    async def hook_begins(self, name: str, seq: int) -> int:
        """The number after which its letters are still to be made: `seq` for a webhook that is new."""

        def work(db: Connection, _: Tell) -> int:
            known = db.scalar(select(HOOKS.c.seq).where(HOOKS.c.name == name))
            if known is None:
                db.execute(insert(HOOKS).values(name=name, seq=seq, sent=0, sent_at=0.0))
            return seq if known is None else int(known)

        return await self._writer.write(work)

    async def post(self, hook: str, letters: Sequence[tuple[str, str]], seq: int) -> None:
        """Letters (kind, subject) of the events up to `seq`: all are in the outbox and the number is known, or nothing.

        One that waits and says the same is not said twice: it is made of its alert when it is sent.
        """
        now = self._clock()

        def work(db: Connection, _: Tell) -> None:
            for kind, subject in dict.fromkeys(letters):
                same = select(OUTBOX.c.id).where(
                    OUTBOX.c.state == "waiting", OUTBOX.c.hook == hook, OUTBOX.c.kind == kind, OUTBOX.c.tries == 0
                )
                if db.scalar(same.where(OUTBOX.c.subject == subject)) is None:
                    _put(db, hook, kind, subject, now)
            db.execute(update(HOOKS).where(HOOKS.c.name == hook).values(seq=seq))

        await self._writer.write(work)

    async def post_one(self, hook: str, kind: str, subject: str) -> None:
        """A letter beside the events: a test."""
        now = self._clock()
        await self._writer.write(lambda db, _: _put(db, hook, kind, subject, now))

    async def due_letters(self, hook: str, now: float, limit: int) -> list[Waiting]:
        """Those whose time has come, oldest first."""
        t = OUTBOX.c
        query = select(OUTBOX).where(t.state == "waiting", t.hook == hook, t.due_at <= now)
        return [_letter(row) for row in await self._rows(query.order_by(t.due_at, t.id).limit(limit))]

    async def next_due(self, hook: str) -> float | None:
        """Wall time at which the next letter is due; None: none waits."""
        t = OUTBOX.c
        value = await self._value(select(func.min(t.due_at)).where(t.state == "waiting", t.hook == hook))
        return None if value is None else float(value)

    async def letter_sent(self, letter: Waiting, counted: bool = True) -> None:
        """It was handed over, or what it was about is gone: it is no longer kept."""
        now = self._clock()

        def work(db: Connection, _: Tell) -> None:
            db.execute(delete(OUTBOX).where(OUTBOX.c.id == letter.id))
            if counted:
                values = {"sent": HOOKS.c.sent + 1, "sent_at": now}
                db.execute(update(HOOKS).where(HOOKS.c.name == letter.hook).values(values))

        await self._writer.write(work)

    async def letter_failed(self, letter: Waiting, error: str, due_at: float | None) -> None:
        """`due_at`: when it is tried again; None: it is a dead letter."""
        values = {"tries": letter.tries + 1, "error": error[:500]}
        values |= {"state": "dead"} if due_at is None else {"due_at": due_at}
        await self._writer.write(
            lambda db, _: db.execute(update(OUTBOX).where(OUTBOX.c.id == letter.id).values(values))
        )

    async def dead_letters(self, hook: str | None = None, limit: int = 100, before: int | None = None) -> list[Waiting]:
        """Newest first."""
        query = select(OUTBOX).where(OUTBOX.c.state == "dead").order_by(OUTBOX.c.id.desc()).limit(limit)
        if hook is not None:
            query = query.where(OUTBOX.c.hook == hook)
        if before is not None:
            query = query.where(OUTBOX.c.id < before)
        return [_letter(row) for row in await self._rows(query)]

    async def replay_letters(self, hook: str | None = None, letter: int | None = None) -> int:
        """Dead letters wait again, from their first try; all, those of a webhook, or one. How many."""
        change = update(OUTBOX).where(OUTBOX.c.state == "dead")
        if hook is not None:
            change = change.where(OUTBOX.c.hook == hook)
        if letter is not None:
            change = change.where(OUTBOX.c.id == letter)
        change = change.values(state="waiting", tries=0, due_at=self._clock())
        return await self._writer.write(lambda db, _: db.execute(change).rowcount)

    async def drop_dead_letters(self, before: float, hook: str | None = None) -> int:
        """Those that were made before (wall time); how many."""
        gone = delete(OUTBOX).where(OUTBOX.c.state == "dead", OUTBOX.c.made_at < before)
        if hook is not None:
            gone = gone.where(OUTBOX.c.hook == hook)
        return await self._writer.write(lambda db, _: db.execute(gone).rowcount)

    async def hook_state(self, name: str) -> HookState:
        t = OUTBOX.c
        rows = await self._rows(select(HOOKS).where(HOOKS.c.name == name))
        known = HookState(**rows[0]) if rows else HookState(name)
        counts = select(t.state, func.count().label("n"), func.min(t.made_at).label("oldest")).where(t.hook == name)
        by_state = {row["state"]: row for row in await self._rows(counts.group_by(t.state))}
        failed = select(t.error).where(t.hook == name, t.error != "").order_by(t.id.desc()).limit(1)
        waiting = by_state.get("waiting")
        return HookState(
            name,
            known.seq,
            known.sent,
            known.sent_at,
            waiting=waiting["n"] if waiting else 0,
            dead=by_state["dead"]["n"] if "dead" in by_state else 0,
            oldest=waiting["oldest"] if waiting else 0.0,
            error=await self._value(failed) or "",
        )


def _put(db: Connection, hook: str, kind: str, subject: str, now: float) -> None:
    row = {"hook": hook, "message": f"msg_{uuid.uuid4().hex}", "kind": kind, "subject": subject, "state": "waiting"}
    db.execute(insert(OUTBOX).values(row | {"made_at": now, "due_at": now, "tries": 0, "error": ""}))


def _letter(row: RowMapping) -> Waiting:
    return Waiting(**row)

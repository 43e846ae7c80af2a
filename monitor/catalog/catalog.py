"""Keyword lists that people change while the service runs. The files are the truth; the database keeps what they were.

A change is checked as the service would check it, stored with who and why, written as a whole file, and in force when
the call returns. Who changes a file by hand may go on doing so: the next look records that version, too. A list that
can't be used is never written, and nothing here writes over a change that it has not seen (`base`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from monitor.audit.trail import Trail
from monitor.catalog import files
from monitor.catalog.checking import Check, Checked, Question, in_a_thread, read_or_none
from monitor.catalog.difference import Difference, compare, lines
from monitor.errors import KeywordListConflict, KeywordListInvalid, KeywordListUnknown, OperatorError
from monitor.keywords import edit
from monitor.keywords.library import Changes, Library
from monitor.keywords.lint import Remark
from monitor.keywords.match import Matcher
from monitor.keywords.rules import KeywordList, Rule
from monitor.keywords.scope import state_of
from monitor.messages import RuleStateChanged
from monitor.model import RuleState
from monitor.store.records import ListVersion
from monitor.store.store import Store

BY_HAND = "file"
"""Who, for versions that were found in the directory."""
PROGRAM = "room-monitor"
"""Who, for what the program does by itself."""


@dataclass(frozen=True, slots=True)
class Present:
    """A list as it is now. `content` is its file's; where that can't be used, `problem` says why."""

    list: KeywordList  # in force
    path: Path
    content: str
    problem: str = ""

    @property
    def etag(self) -> str:
        return files.etag(self.content)


@dataclass(frozen=True, slots=True)
class Written:
    """What a change did, or would do."""

    before: str  # version; empty: there was no such list
    name: str
    version: str
    state: RuleState
    content: str
    difference: Difference
    remarks: tuple[Remark, ...]


class Catalog:
    """One for a directory of lists; `library` is the one that the pipeline uses. Changes come one after another.

    Methods raise KeywordListUnknown, KeywordListInvalid, KeywordListConflict, StoreFailed, and OperatorError where a
    file can't be read or written.
    """

    def __init__(
        self,
        directory: Path,
        library: Library,
        store: Store,
        told: Callable[[Changes], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
        check: Check = in_a_thread,
        trail: Trail | None = None,
    ) -> None:
        """`told` hears of every change of what is in force, also of those made by hand. `trail`: None where nothing
        that changes lists is served.
        """
        self._directory = directory
        self._library = library
        self._told = told
        self._clock = clock
        self._checked = check
        self._trail = trail
        self._one = asyncio.Lock()
        self.store = store

    # what is so

    @property
    def lists(self) -> tuple[KeywordList, ...]:
        """Those in force, in order of name."""
        return tuple(sorted(self._library.matcher.lists, key=lambda one: one.name))

    @property
    def problems(self) -> tuple[str, ...]:
        return self._library.problems

    @property
    def matcher(self) -> Matcher:
        """Of the lists in force."""
        return self._library.matcher

    def find(self, name: str) -> KeywordList:
        """The list in force."""
        for one in self._library.matcher.lists:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.lists) or "none"
        raise KeywordListUnknown(f"There is no keyword list {name!r}; there are: {known}.")

    def rule(self, name: str, label: str) -> Rule:
        """A rule of a list in force."""
        for rule in self.find(name).rules:
            if rule.label == label:
                return rule
        raise KeywordListUnknown(f"The list {name!r} has no rule {label!r}.")

    async def show(self, name: str) -> Present:
        one = self.find(name)
        path = self._library.path(name)
        if path is None:
            raise KeywordListUnknown(f"The file of the list {name!r} is gone.")
        content = await asyncio.to_thread(files.read, path)
        problem = next((text for text in self.problems if text.startswith(f"{path}:")), "")
        return Present(one, path, content, problem)

    async def states(self) -> dict[tuple[str, str], RuleState]:
        """What people or the program set for single rules: (list, label) → state."""
        return await self.store.rule_states()

    async def history(self, name: str) -> list[ListVersion]:
        """Newest first. Raises KeywordListUnknown where there never was such a list."""
        found = await self.store.versions(name)
        if not found:
            self.find(name)
        return found

    async def version(self, name: str, version: str) -> str:
        """The text of a version, as it was put last."""
        content = await self.store.version(name, version)
        if content is None:
            raise KeywordListUnknown(f"The list {name!r} has no version {version!r}; `history` shows them.")
        return content

    async def difference(self, name: str, before: str = "", after: str = "") -> Difference:
        """Between two versions. `after` empty: the present file; `before` empty: the version before `after`."""
        new = await self.version(name, after) if after else (await self.show(name)).content
        label = after or self.find(name).version
        before = before or await self._earlier(name, label)
        old = await self.version(name, before) if before else ""
        names = f"{name}@{before or 'nothing'}", f"{name}@{label}"
        return await asyncio.to_thread(_difference, old, new, names)

    async def check(self, content: str, where: str = "the list", before: str = "") -> Checked:
        """What the service would make of a list, what lint says of it, and what is different from `before`."""
        others = [path for one in self.lists if (path := self._library.path(one.name)) and str(path) != where]
        texts = await asyncio.to_thread(_texts, others)
        today = datetime.fromtimestamp(self._clock(), UTC).date()
        return await self._checked(Question(content, where, before, texts, today))

    # changes

    async def begin(self) -> None:
        """Once, before the lists are used: what is in force is on the record, and rules are in their own states."""
        async with self._one:
            await self._look()
            for one in self.lists:
                await self._record(one.label)

    async def reload(self) -> Changes:
        """Look at the directory now, and at the states of rules; record what was changed by hand."""
        async with self._one:
            return await self._look()

    async def put(self, name: str, content: str, who: str, why: str, *, base: str = "", dry: bool = False) -> Written:
        """A new list, or a new version. `base`: etag of the content that it was made from, empty for a new list."""
        async with self._one:
            await self._look()
            return await self._put(name, content, who, why, base=base, dry=dry)

    async def change(
        self, name: str, edited: Callable[[str], str], who: str, why: str, *, dry: bool = False
    ) -> Written:
        """Put what `edited` makes of the present content. It may raise KeywordListInvalid."""
        async with self._one:
            await self._look()
            present = await self.show(name)
            if present.problem:
                raise KeywordListConflict(f"The file was changed by hand and can't be used: {present.problem}")
            content = await asyncio.to_thread(edited, present.content)
            return await self._put(name, content, who, why, base=present.etag, dry=dry)

    async def roll_back(self, name: str, who: str, why: str, to: str = "") -> Written:
        """Back to a version; without `to`, the one before the present one. It is one more entry of the history."""
        async with self._one:
            await self._look()
            present = await self.show(name)
            version = to or await self._earlier(name, present.list.version)
            if not version:
                raise KeywordListUnknown(f"The list {name!r} has no version before {present.list.version}.")
            content = await self.version(name, version)
            return await self._put(name, content, who, f"back to {version}: {why}", base=present.etag)

    async def set_list_state(self, name: str, state: RuleState, who: str, why: str) -> Written:
        """Written into the list's file: a new version."""
        return await self.change(name, lambda content: edit.set_state(content, state), who, why)

    async def set_rule_state(
        self, name: str, label: str, state: RuleState | None, who: str, why: str, *, automatic: bool = False
    ) -> RuleState:
        """Kept in the database, whatever versions of the list come. None: as the list says. Gives what it is now.

        A list that is draft or retired silences its rules. Bringing a list back to shadow brings its rules back, too.
        """
        async with self._one:
            one, rule, states = self.find(name), self.rule(name, label), await self.states()
            before = state_of(one, rule, states)
            changed = {key: value for key, value in states.items() if key != (name, label)}
            if state is not None:
                changed[name, label] = state
            after = state_of(one, rule, changed)
            tell = None
            if after is not before:
                tell = self._message(name, label, before, after, who, why, automatic)
            await self.note(who, "rule.state", name, rule=label, state=after.value, before=before.value, why=why)
            await self.store.set_rule_state(name, label, state, who, why, tell)
            self._library.states = changed
            await self._look()
            return after

    # inside

    async def _look(self, put: str = "") -> Changes:
        """`put`: name@version that is on the record already."""
        before = {one.name: one.state for one in self._library.matcher.lists}
        self._library.states = await self.states()
        changes = await asyncio.to_thread(self._library.poll)
        for label in changes.changed:
            if label == put:
                await self.store.add_list(label)
            else:
                await self._record(label)
            await self._hold_back(self.find(label.partition("@")[0]), before)
        if changes:
            self._told(changes)
        return changes

    async def _record(self, label: str, why: str = "found in the directory") -> None:
        """A version in force gets its entry, once: one that was put through here has it already."""
        name, _, version = label.partition("@")
        path = self._library.path(name)
        if path is not None:
            try:
                content = await asyncio.to_thread(files.read, path)
            except OperatorError:  # gone or broken again: the next look says so
                return
            now = await asyncio.to_thread(read_or_none, content)
            if now is not None and now.version == version:
                await self.note(BY_HAND, "list.found", name, version=version, why=why)
                await self.store.add_version(name, version, content, BY_HAND, why)
        await self.store.add_list(label)

    async def _hold_back(self, one: KeywordList, before: Mapping[str, RuleState]) -> None:
        """Rules that were live on their own go with a list that was live and is no more: that is an emergency brake."""
        if before.get(one.name) is not RuleState.LIVE or one.state is RuleState.LIVE:
            return
        for (name, label), state in (await self.states()).items():
            if name == one.name and state is RuleState.LIVE:
                await self.store.set_rule_state(name, label, None, PROGRAM, f"the list is {one.state.value} now")
        self._library.states = await self.states()

    async def _put(self, name: str, content: str, who: str, why: str, *, base: str, dry: bool = False) -> Written:
        version, path, text = await self._before(name, base)
        new = await self.check(content, str(path), text)
        if new.name != name:
            raise KeywordListInvalid(f"{path}:1: the content is of a list {new.name!r}, and was put as {name!r}")
        written = Written(version, name, new.version, new.state, content, new.difference, new.remarks)
        if dry or content == text:
            return written
        staged = await asyncio.to_thread(files.stage, path, content)
        try:
            await self.note(
                who, "list.saved", name, version=new.version, before=version, state=new.state.value, why=why
            )
            await self.store.add_version(name, new.version, content, who, why)
            await asyncio.to_thread(files.settle, staged, path)
        finally:
            files.discard(staged)
        await self._look(f"{name}@{new.version}")
        if new.before not in (None, new.state):
            tell = self._message(name, "", new.before or new.state, new.state, who, why)
            await self.store.set_rule_state(name, "", None, who, why, tell)
        return written

    async def note(self, who: str, action: str, name: str, room: str = "", **detail: str) -> None:
        """Into the audit log, before it is done."""
        if self._trail is not None:
            await self._trail.note(who, action, name, room, **detail)

    async def _before(self, name: str, base: str) -> tuple[str, Path, str]:
        """(version in force, file, content of the file); raises KeywordListConflict where `base` is another."""
        path = self._library.path(name) or self._directory / f"{name}.toml"
        text = await asyncio.to_thread(files.read, path) if path.exists() else ""
        if text and files.etag(text) != base:
            said = "was changed since you looked at it" if base else "is there already; say which content you saw"
            raise KeywordListConflict(f"{path} {said}. Its present content has the etag {files.etag(text)}.")
        version = next((one.version for one in self._library.matcher.lists if one.name == name), "")
        return version, path, text

    def _message(
        self, name: str, label: str, before: RuleState, after: RuleState, who: str, why: str, automatic: bool = False
    ) -> RuleStateChanged:
        return RuleStateChanged(
            seq=0,  # the store gives it
            at=self._clock(),
            list_name=name,
            rule=label,
            state=after.value,
            before=before.value,
            who=who,
            why=why,
            automatic=automatic,
        )

    async def _earlier(self, name: str, version: str) -> str:
        """The version that was there before this one came for the first time; empty where there was none.

        By its first time, so that rolling back twice goes two steps back instead of forth again.
        """
        entries = [entry.version for entry in reversed(await self.history(name))]
        first = entries.index(version) if version in entries else len(entries)
        return entries[first - 1] if first else ""


def _texts(paths: Sequence[Path]) -> tuple[str, ...]:
    """Of the files that can be read."""
    texts: list[str] = []
    for path in paths:
        with suppress(OperatorError):
            texts.append(files.read(path))
    return tuple(texts)


def _difference(old: str, new: str, names: tuple[str, str]) -> Difference:
    return replace(compare(read_or_none(old), read_or_none(new)), lines=lines(old, new, names))

"""A directory of keyword lists, in force at once and reloaded as they change.

What breaks, breaks alone: a list that can't be used is reported, and the version of it that was last good stays in
force. A broken list at start leaves the other lists working, and the problem visible. The matcher is swapped as a
whole, so a search sees either the old lists or the new ones, never some of each.

Synchronous and blocking (files, and about a second of work for 100,000 phrases): call `load` and `poll` from one thread
at a time, beside the event loop. `matcher` may be read, and `states` set, from any.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from monitor.errors import KeywordListInvalid
from monitor.keywords.garbage import let_go, resting, unwatch
from monitor.keywords.lists import MAX_BYTES, ListRefused, decoded, read, try_examples
from monitor.keywords.match import Matcher
from monitor.keywords.rules import KeywordList
from monitor.keywords.scope import States

_MOST_GONE = 2
"""Matchers that are kept for those who use them; what is more is given up by us, and goes with its last user."""
_IDLE = 3
"""References to a matcher that nobody uses: the list of those gone, the name in the loop, and the question."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What one look at the directory found. Lists as name@version."""

    changed: tuple[str, ...] = ()  # new or with new content, now in force
    removed: tuple[str, ...] = ()  # no longer in force
    problems: tuple[str, ...] = ()  # new ones, "file:line: reason"
    solved: tuple[str, ...] = ()  # problems told before that are no more

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed or self.problems or self.solved)


@dataclass(slots=True)
class _File:
    """What is known of one file."""

    stamp: tuple[int, int, int]  # modification time (ns), size, inode: when these stand still, nothing is read
    digest: bytes = b""  # of the content last read; empty where it could not be read
    good: KeywordList | None = None  # the last version that could be used
    problem: str = ""  # why the present content can't be
    fresh: KeywordList | None = None  # the present content, until its examples were tried
    text: str = ""  # of `fresh`, to say where an example is
    clash: str = ""  # another file has the same list name


class Library:
    """The lists in `directory/*.toml`. Two files may not carry the same name: the first in order of path wins."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: dict[Path, _File] = {}
        self._missing = ""
        self._matcher = Matcher(())
        self._states: States = {}
        self._gone: list[object] = []  # matchers that were in force and may be in use
        self._swap = Lock()  # held for a moment: states are set while new lists are compiled
        self._paths: dict[str, Path] = {}  # by name of the list in force

    @property
    def matcher(self) -> Matcher:
        """The lists in force; empty before `load`."""
        return self._matcher

    @property
    def problems(self) -> tuple[str, ...]:
        """All that is wrong now, told already or not."""
        present = (problem for _, file in sorted(self._files.items()) for problem in (file.problem, file.clash))
        return tuple(problem for problem in (self._missing, *present) if problem)

    @property
    def states(self) -> States:
        """What overrides the lists' own states."""
        return self._states

    @states.setter
    def states(self, states: States) -> None:
        with self._swap:
            if dict(states) != self._states:
                self._states = dict(states)
                self._matcher = self._matcher.with_states(self._states)

    def path(self, name: str) -> Path | None:
        """The file of a list in force."""
        return self._paths.get(name)

    def names(self) -> list[str]:
        """The lists in force, as name@version, in order of name."""
        return [one.label for one in self._matcher.lists]

    def load(self) -> Changes:
        """The first look. Raises KeywordListInvalid where not one list can be used; else problems are in the result."""
        changes = self.poll()
        if not self._matcher.lists:
            reasons = "\n  ".join(self.problems) or "there are no *.toml files"
            raise KeywordListInvalid(f"{self._directory}: no keyword list can be used:\n  {reasons}")
        return changes

    def poll(self) -> Changes:
        """Look for what changed since the last time. Cheap while nothing does: one stat a file. Never raises."""
        with resting():
            return self._poll()

    def _poll(self) -> Changes:
        told = self.problems
        try:
            paths = sorted(path for path in self._directory.iterdir() if _is_list(path))
        except OSError as error:  # unmounted, renamed: the lists stay in force until the directory is there again
            self._missing = f"{self._directory}: can't be read: {error.strerror}; the lists known before stay in force"
            return Changes(problems=tuple(p for p in self.problems if p not in told))
        self._missing = ""
        touched = bool(self._files.keys() - set(paths))
        self._files = {path: file for path, file in self._files.items() if path in set(paths)}
        for path in paths:
            touched |= self._look(path)
        before = {one.name: one.label for one in self._matcher.lists}
        after = {one.name: one.label for one in self._renew().values()} if touched else before
        self._clear_away()
        return Changes(
            changed=tuple(sorted(label for label in after.values() if label not in before.values())),
            removed=tuple(sorted(label for name, label in before.items() if name not in after)),
            problems=tuple(p for p in self.problems if p not in told),
            solved=tuple(p for p in told if p not in self.problems),
        )

    def _clear_away(self) -> None:
        """Free matchers that nobody uses any more, here: whoever lets one go last pays for all of it at once."""
        idle = [one for one in self._gone if sys.getrefcount(one) <= _IDLE or len(self._gone) > _MOST_GONE]
        self._gone = [one for one in self._gone if all(one is not other for other in idle)]
        let_go(idle, self._matcher.lists)

    def _renew(self) -> dict[str, KeywordList]:
        """Compile what is in the files now and put it in force; the lists in force after that, by name.

        The examples of changed lists are tried on the matcher that will serve, so big lists are compiled once. Where
        one fails, the list falls back to the version that was last good, and the rest is compiled again.
        """
        while True:
            lists = self._in_force()
            if all(self._has(one) for one in lists.values()) and len(lists) == len(self._matcher.lists):
                matcher = self._matcher
            else:
                matcher = Matcher(lists.values())
            if not self._fails(matcher):
                break
        unwatch(matcher)
        with self._swap:
            if matcher is not self._matcher:
                self._gone.append(self._matcher)
                self._matcher = matcher.with_states(self._states)
        return lists

    def _has(self, one: KeywordList) -> bool:
        return any(other is one for other in self._matcher.lists)

    def _fails(self, matcher: Matcher) -> bool:
        """Try the examples of what is fresh; True where a list does not keep its own."""
        failed = False
        for path, file in self._files.items():
            one, file.fresh = file.fresh, None
            if one is None:
                continue
            if any(one is other for other in matcher.lists):
                problems = try_examples(one, file.text, matcher.trial(one.name))
            else:  # another file has its name: it is out of force, and must be right all the same
                problems = try_examples(one, file.text)
            file.text = ""
            if problems:
                self._refuse(path, file.stamp, file.digest, str(ListRefused(str(path), problems)))
                failed = True
            else:
                file.good, file.problem = one, ""
        return failed

    def _look(self, path: Path) -> bool:
        """Read a file where it may have changed; True where it has."""
        file = self._files.get(path)
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if file and file.stamp == stamp:
                return False
            content = path.read_bytes() if stat.st_size <= MAX_BYTES else b"\n" * (MAX_BYTES + 1)
        except OSError as error:
            return self._refuse(path, (0, 0, 0), b"", f"{path}:1: can't be read: {error.strerror}")
        digest = hashlib.sha256(content).digest()
        if file and file.digest == digest:
            file.stamp = stamp
            return False
        try:
            text = decoded(content, path)
            fresh = read(text, path)
        except KeywordListInvalid as error:
            return self._refuse(path, stamp, digest, str(error))
        file = self._files.setdefault(path, _File(stamp))
        file.stamp, file.digest, file.fresh, file.text = stamp, digest, fresh, text
        return True

    def _refuse(self, path: Path, stamp: tuple[int, int, int], digest: bytes, problem: str) -> bool:
        file = self._files.setdefault(path, _File(stamp))
        file.stamp, file.digest = stamp, digest
        file.problem = f"{problem}; version {file.good.version} stays in force" if file.good else problem
        return True

    def _in_force(self) -> dict[str, KeywordList]:
        """By name. A name that two files carry is the first one's, and a problem of the second."""
        lists: dict[str, KeywordList] = {}
        owners: dict[str, Path] = {}
        for path, file in sorted(self._files.items()):
            file.clash = ""
            one = file.fresh or file.good
            if one is None:
                continue
            if one.name in lists:
                file.clash = f"{path}:1: the list {one.name!r} is in {owners[one.name]} already; rename this one"
                continue
            lists[one.name], owners[one.name] = one, path
        self._paths = owners
        return lists


def _is_list(path: Path) -> bool:
    """Hidden files are what editors and copy tools write before they rename."""
    return path.suffix == ".toml" and not path.name.startswith(".") and path.is_file()

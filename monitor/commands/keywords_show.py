"""Tables of the `room-monitor keywords` commands: from the API's answers to what a terminal shows."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from monitor.keywords.normalise import UNSPACED

Printer = Callable[[Console, Any], None]
"""Prints one kind of answer."""
STATES = {"draft": "dim", "shadow": "yellow", "live": "green", "retired": "dim strike"}
_UNSPACED = re.compile(f"[{UNSPACED}，。！？、；：（「]")
_SPACED = re.compile(rf"(?![{UNSPACED}])[\w\"'(]")  # what has a space before it, or after it, next to a word
GRADES = {"wrong": "bold red", "warning": "yellow", "hint": "blue"}
MOST_LABELS = 20
"""Rules named where a change has many; the count is told."""


def table(*columns: str) -> Table:
    made = Table(box=None, header_style="bold", show_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def lists(out: Console, found: Any) -> None:
    rows = table("List", "Version", "State", "Rules", "Exceptions", "Languages", "Title")
    for one in found["lists"]:
        rows.add_row(
            one["name"],
            one["version"],
            _state(one["state"]),
            str(one["rules"]),
            str(one["exceptions"]),
            ", ".join(one["languages"]) or "all",
            escape(one["title"]),
        )
    out.print(rows if found["lists"] else "No list is in force.")
    for problem in found["problems"]:
        out.print(f"[bold red]refused[/] {escape(problem)}", soft_wrap=True, highlight=False)


def one(out: Console, found: Any) -> None:
    head = found["summary"]
    out.print(f"[bold]{escape(head['title'])}[/]  {head['name']}@{head['version']}  {_state(head['state'])}")
    if found["problem"]:
        out.print(f"[bold red]the file can't be used as it is now[/]: {escape(found['problem'])}", soft_wrap=True)
    rows = table("Rule", "Kind", "State", "Severity", "Finds also", "Floor")
    for rule in found["rules"]:
        ways = [way for way in ("inflect", "disguise") if rule[way]]
        ways += [f"sound {rule['sound']:.2f}"] if rule["sound"] is not None else []
        rows.add_row(
            escape(rule["label"]),
            rule["kind"],
            _state(rule["state"]),
            rule["severity"],
            ", ".join(ways),
            _share(rule["floor"]),
        )
    out.print(rows)
    if found["exceptions"]:
        out.print(f"Exceptions: {escape(', '.join(found['exceptions']))}", highlight=False)


def history(out: Console, found: Any) -> None:
    rows = table("When", "What", "Who", "Why")
    entries = [(v["at"], f"version {v['version']}", v["who"], v["why"]) for v in found["versions"]]
    for entry in found["states"]:
        what = f"rule “{entry['rule']}”" if entry["rule"] else "the list"
        entries.append((entry["at"], f"{what}: {entry['state'] or 'as written'}", entry["who"], entry["why"]))
    for at, what, who, why in sorted(entries, key=lambda entry: -entry[0]):
        rows.add_row(moment(at), escape(what), escape(who), escape(why))
    out.print(rows)


def difference(out: Console, found: Any) -> None:
    for sign, colour, key, what in (
        ("+", "green", "added", "rule"),
        ("-", "red", "removed", "rule"),
        ("+", "green", "exceptions_added", "exception"),
        ("-", "red", "exceptions_removed", "exception"),
    ):
        for label in found[key][:MOST_LABELS]:
            out.print(f"[{colour}]{sign}[/] {what} {escape(label)}", highlight=False)
        if len(found[key]) > MOST_LABELS:
            out.print(f"[{colour}]{sign}[/] and {len(found[key]) - MOST_LABELS} more", highlight=False)
    for change in found["settings"] + found["changed"]:
        of = f"rule {change['rule']}: " if change["rule"] else ""
        values = f"{change['before'] or 'not set'} → {change['after'] or 'not set'}"
        out.print(f"[yellow]~[/] {escape(of)}{change['setting']}: {escape(values)}", highlight=False)
    for line in found["lines"].splitlines():
        colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "dim")
        out.print(f"[{colour}]{escape(line)}[/]", soft_wrap=True, highlight=False)
    if not any(found.values()):
        out.print("No difference.")


def written(out: Console, found: Any) -> None:
    before = f"{found['name']}@{found['before']}" if found["before"] else "a new list"
    out.print(f"{before} → {found['name']}@{found['version']}  {_state(found['state'])}", highlight=False)
    difference(out, {**found["difference"], "lines": ""})
    remarks(out, found["name"], found["remarks"])


def rule_state(out: Console, found: Any) -> None:
    out.print(f"{found['list_name']}, rule “{escape(found['rule'])}”: {_state(found['state'])}", highlight=False)


def remarks(out: Console, where: str, found: Any) -> None:
    for remark in found:
        place = f"{where}:{remark['line']}" if remark["line"] else where
        rule = f" {remark['rule']!r}" if remark["rule"] else ""
        colour = GRADES.get(remark["grade"], "yellow")
        text = f"{escape(place)}:{escape(rule)} {escape(remark['what'])}"
        out.print(f"[{colour}]{remark['grade']:7}[/] {text}", soft_wrap=True, highlight=False)
        if remark["mend"]:
            out.print(f"{'':8}→ {escape(remark['mend'])}", soft_wrap=True, highlight=False)


def precision(out: Console, found: Any) -> None:
    rows = table("List", "Rule", "Right", "Wrong", "Unsure", "Precision", "95 %", "Floor", "State")
    for one in found["rules"]:
        between = f"{one['low']:.0%} to {one['high']:.0%}" if one["value"] is not None else ""
        rows.add_row(
            one["list_name"],
            escape(one["rule"]),
            str(one["right"]),
            str(one["wrong"]),
            str(one["unsure"]),
            _share(one["value"]),
            between,
            _share(one["floor"]),
            _state(one["state"]) if one["state"] else "[dim]gone[/]",
        )
    out.print(rows if found["rules"] else "There are no verdicts yet.")


def near(out: Console, found: Any) -> None:
    rows = table("No.", "When", "List", "Rule", "Words", "Why it is none")
    for one in found["near_misses"]:
        words = quoted(one)
        when = moment(one["at"])
        rows.add_row(str(one["id"]), when, one["list_name"], escape(one["rule"]), words, escape(one["cause"]))
    out.print(rows if found["near_misses"] else "Nothing was nearly a hit.")


def counts(out: Console, found: Any) -> None:
    rows = table("List", "Rule", "State then", "Grade", "Hits", "In alerts")
    for one in found["counts"]:
        state = _state(one["state"])
        rows.add_row(one["list_name"], escape(one["rule"]), state, one["grade"], str(one["hits"]), str(one["alerted"]))
    out.print(rows if found["counts"] else "Nothing was found.")


def tested(out: Console, found: Any) -> None:
    rows = table("List", "Rule", "State", "Severity", "Grade", "How", "Words")
    for one in found["hits"]:
        hit = one["hit"]
        how = hit["way"] + (f" {hit['likeness']:.2f}" if hit["likeness"] < 1 else "")
        words = quoted(hit)
        label, state = escape(hit["phrase"]), _state(one["state"])
        rows.add_row(hit["list_name"], label, state, hit["severity"], hit["grade"], how, words)
    out.print(rows if found["hits"] else "Nothing is found in it.")


def suggestions(out: Console, found: Any) -> None:
    rows = table("Rule", "Exception", "Spares", "Of the wrong", "For example")
    for one in found["suggestions"]:
        example = escape(one["examples"][0]) if one["examples"] else ""
        rows.add_row(escape(one["rule"]), escape(one["exception"]), str(one["wrong"]), f"{one['share']:.0%}", example)
    out.print(rows if found["suggestions"] else "No exception would spare several wrong hits and no right one.")


def verdict(out: Console, found: Any) -> None:
    out.print(f"{found['subject']}: {found['verdict']} ({found['list_name']}, “{escape(found['rule'])}”)")


def quoted(hit: Any) -> str:
    """The matched words in what was said around them, with the spaces that were there as far as one can tell."""
    before, matched, after = hit["before"].rstrip(), hit["matched"].strip(), hit["after"].lstrip()
    left = " " if before and not _UNSPACED.match(before[-1]) and _SPACED.match(matched[:1]) else ""
    right = " " if after and _SPACED.match(after[0]) and not _UNSPACED.match(matched[-1:]) else ""
    return f"{escape(before)}{left}[bold]{escape(matched)}[/]{right}{escape(after)}"


def moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _state(state: str) -> str:
    return f"[{STATES.get(state, 'dim')}]{state}[/]"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def trial(out: Console, found: Any) -> None:
    """What a backtest found."""
    rows = table("Rule", "Hits", "Before", "Gained", "Lost", "Regraded", "Alerts", "Before")
    for rule in found["rules"][:MOST_LABELS]:
        numbers = ("hits", "hits_before", "gained", "lost", "regraded", "alerts", "alerts_before")
        rows.add_row(escape(rule["rule"]), *(str(rule[number]) for number in numbers))
    if found["rules"]:
        out.print(rows)
    if len(found["rules"]) > MOST_LABELS:
        out.print(f"and {len(found['rules']) - MOST_LABELS} more rules: --json has all", style="dim")
    examples = table("", "Rule", "Grade", "When", "Room", "Words", "Alert")
    for one in found["examples"][:MOST_LABELS]:
        sign = {"gained": "[green]+[/]", "lost": "[red]-[/]", "regraded": "[yellow]~[/]"}[one["change"]]
        grade = " → ".join(g for g in (one["old"], one["new"]) if g)
        words = quoted(one)
        when, heard = moment(one["spoken_at"]), one["clip"] or one["alert"]
        examples.add_row(sign, escape(one["rule"]), grade, when, escape(one["room"]), words, heard)
    if found["examples"]:
        out.print(examples)
    out.print(
        f"{found['name']}@{found['version']}: {found['gained']} hits gained, {found['lost']} lost, "
        f"{found['regraded']} regraded in {found['utterances']} utterances over {found['hours']:.1f} h; "
        f"alerts an hour: {found['alerts_an_hour_before']:.2f} before, {found['alerts_an_hour']:.2f} now "
        f"({found['took']:.1f} s)",
        highlight=False,
    )


@contextmanager
def utterance_progress(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Gives `tell(done, total)`, in utterances."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Utterances", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)

"""Keyword lists, their changes and what is known of their rules → answers."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.catalog.catalog import Present, Written
from monitor.catalog.difference import Change, Difference
from monitor.catalog.files import etag
from monitor.keywords.refusal import Problem
from monitor.keywords.remarks import Remark, Weight
from monitor.keywords.rules import Combination, KeywordList, Rule
from monitor.keywords.scope import state_of
from monitor.masking import hide
from monitor.model import RuleState
from monitor.store.records import HitCount, StoredHit, StoredMiss, Verdict
from monitor.views import hit_view
from monitor.web.evidence_answers import HitCountView, NearMissView, StoredHitView, VerdictView
from monitor.web.keyword_answers import (
    ChangeView,
    CombinationView,
    DifferenceView,
    ListSummary,
    ListView,
    OwnState,
    ProblemView,
    RemarkView,
    RuleView,
    WrittenView,
)

States = Mapping[tuple[str, str], RuleState]


def summary(one: KeywordList) -> ListSummary:
    return ListSummary(
        name=one.name,
        title=one.title,
        version=one.version,
        state=one.state,
        severity=one.severity,
        languages=list(one.languages),
        owner=one.owner,
        note=one.note,
        expires=one.expires,
        floor=one.floor,
        rules=len(one.rules),
        exceptions=len(one.exceptions),
    )


def list_view(present: Present, states: States, offset: int, limit: int) -> ListView:
    one = present.list
    return ListView(
        summary=summary(one),
        rules=[rule_view(one, rule, states) for rule in one.rules[offset : offset + limit]],
        own_states=[OwnState(rule=rule, state=state) for (name, rule), state in states.items() if name == one.name],
        exceptions=list(one.exceptions),
        hits=list(one.hits),
        misses=list(one.misses),
        content=present.content,
        etag=present.etag,
        problem=present.problem,
    )


def rule_view(one: KeywordList, rule: Rule, states: States) -> RuleView:
    return RuleView(
        label=rule.label,
        kind=rule.kind.value,
        text=rule.text,
        state=state_of(one, rule, states),
        own_state=states.get((one.name, rule.label)),
        severity=rule.severity,
        note=rule.note,
        inflect=rule.inflect,
        disguise=rule.disguise,
        sound=rule.sound,
        cool_down=rule.cool_down,
        languages=list(rule.languages or one.languages),
        rooms=list(rule.rooms or one.rooms),
        expires=rule.expires or one.expires,
        owner=rule.owner or one.owner,
        floor=one.floor if rule.floor is None else rule.floor,
        combination=_combination(rule.combination) if rule.combination else None,
    )


def _combination(found: Combination) -> CombinationView:
    return CombinationView(
        parts=list(found.parts),
        without=list(found.without),
        ordered=found.ordered,
        words=found.words,
        seconds=found.seconds,
        reach=found.reach.value,
    )


def written_view(written: Written) -> WrittenView:
    return WrittenView(
        name=written.name,
        before=written.before,
        version=written.version,
        etag=etag(written.content),
        state=written.state,
        difference=difference_view(written.difference),
        remarks=[remark_view(remark) for remark in written.remarks],
    )


def difference_view(found: Difference) -> DifferenceView:
    return DifferenceView(
        lines=found.lines,
        settings=[_change(one) for one in found.settings],
        added=list(found.added),
        removed=list(found.removed),
        changed=[_change(one) for one in found.changed],
        exceptions_added=list(found.exceptions_added),
        exceptions_removed=list(found.exceptions_removed),
    )


def _change(one: Change) -> ChangeView:
    return ChangeView(rule=one.rule, setting=one.setting, before=one.before, after=one.after)


def remark_view(remark: Remark) -> RemarkView:
    return RemarkView(
        grade=Weight(remark.grade), line=remark.line, rule=remark.rule, what=remark.what, mend=remark.mend
    )


def problem_view(problem: Problem) -> ProblemView:
    return ProblemView(line=problem.line, column=problem.column, reason=problem.reason, mend=problem.mend)


def stored_hit_view(stored: StoredHit) -> StoredHitView:
    return StoredHitView(
        id=stored.id,
        at=stored.at,
        alert=stored.alert,
        subject=stored.subject,
        room=stored.room,
        utterance=stored.utterance,
        language=stored.language,
        state=stored.hit.state,
        hit=hide.hit(hit_view(stored.hit)),
    )


def count_view(count: HitCount) -> HitCountView:
    return HitCountView(
        list_name=count.list_name,
        rule=count.rule,
        state=count.state,
        grade=count.grade,
        hits=count.hits,
        alerted=count.alerted,
    )


def near_miss_view(stored: StoredMiss) -> NearMissView:
    miss = stored.miss
    before, after, _ = hide.around(miss.before, miss.matched, miss.after)
    return NearMissView(
        id=stored.id,
        at=stored.at,
        room=stored.room,
        utterance=stored.utterance,
        language=stored.language,
        list_name=miss.list_name,
        list_version=miss.list_version,
        rule=miss.phrase,
        matched=miss.matched,
        before=before,
        after=after,
        likeness=miss.likeness,
        wanted=miss.wanted,
        cause=miss.cause,
    )


def verdict_view(verdict: Verdict) -> VerdictView:
    return VerdictView(
        subject=verdict.subject,
        list_name=verdict.list_name,
        version=verdict.version,
        rule=verdict.rule,
        grade=verdict.grade,
        verdict=verdict.verdict.value,
        who=verdict.who,
        note=verdict.note,
        at=verdict.at,
    )

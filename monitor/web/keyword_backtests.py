"""The part of the API that tells what a change of a list would have done."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, HTTPException

from monitor.access.roles import Permission
from monitor.catalog.backtests import Asked, Backtests, Running
from monitor.keywords.backtest import Report
from monitor.keywords.compare import Example
from monitor.masking import hide
from monitor.views import clip_address
from monitor.web.evidence_answers import StartTrial, TrialHit, TrialPage, TrialReport, TrialRule, TrialView
from monitor.web.permits import needs
from monitor.web.refusals import REFUSALS

ALL = "/api/keywords/backtests"


def backtests(made: Backtests) -> APIRouter:
    router = APIRouter(responses=REFUSALS, tags=["keyword backtests"])

    def found(trial: str) -> Running:
        one = made.trials.find(trial)
        if one is None:
            raise HTTPException(404, f"There is no backtest {trial!r}; only the last few are kept.")
        return one

    @router.post(ALL, status_code=202, dependencies=[needs(Permission.LISTS)])
    async def start(asked: StartTrial) -> TrialView:
        """Run a draft or a version over what was stored. One at a time; look at it until it is no more `running`."""
        until = asked.until
        wanted = Asked(asked.name, asked.since, until, asked.content, asked.version, asked.against)
        return trial_view(await made.start(wanted))

    @router.get(ALL, dependencies=[needs(Permission.LISTS)])
    async def all_trials() -> TrialPage:
        """The one that runs and the last few that ended, newest first."""
        return TrialPage(trials=[trial_view(trial) for trial in made.trials.all()])

    @router.get(f"{ALL}/{{trial}}", dependencies=[needs(Permission.LISTS)])
    async def one(trial: str) -> TrialView:
        """How far it is, and what it found once it is done."""
        return trial_view(found(trial))

    @router.delete(f"{ALL}/{{trial}}", dependencies=[needs(Permission.LISTS)])
    async def cancel(trial: str) -> TrialView:
        """It ends within a moment, with nothing found; one that is over stays as it is."""
        running = found(trial)
        made.trials.cancel(running)
        return trial_view(running)

    return router


def trial_view(trial: Running) -> TrialView:
    return TrialView(
        id=trial.id,
        name=trial.name,
        state=trial.state.value,
        done=trial.done,
        total=trial.total,
        began=trial.began,
        took=trial.took,
        detail=trial.detail,
        report=report_view(trial.result) if trial.result is not None else None,
    )


def report_view(report: Report) -> TrialReport:
    return TrialReport(
        utterances=report.utterances,
        hours=report.hours,
        speech_hours=report.speech_hours,
        gained=report.gained,
        lost=report.lost,
        regraded=report.regraded,
        alerts_an_hour=report.alerts_an_hour,
        alerts_an_hour_before=report.alerts_an_hour_before,
        rules=[TrialRule(**asdict(rule)) for rule in report.rules],
        examples=[_hit(example) for example in report.examples],
        took=report.took,
    )


def _hit(example: Example) -> TrialHit:
    before, after, _ = hide.around(example.before, example.matched, example.after)
    return TrialHit(
        change=example.change.value,
        rule=example.rule,
        utterance=example.utterance,
        room=example.room,
        spoken_at=example.spoken_at,
        before=before,
        matched=example.matched,
        after=after,
        old=example.old,
        new=example.new,
        alert=example.alert,
        clip=clip_address(example.alert) if example.clip else "",
    )

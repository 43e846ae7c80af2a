"""The keywords part of the HTTP API: lists, versions, states, trying a text. Enough for an editor.

Recorded as `who` is the account that asks; what is given only where nobody has an account (see access/roles.py).
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from monitor.access.roles import Permission, Person
from monitor.catalog.catalog import Catalog
from monitor.catalog.parts import Parts
from monitor.keywords.refusal import ListRefused
from monitor.views import hit_view
from monitor.web import keyword_views as views
from monitor.web.keyword_answers import (
    LINE,
    NAME,
    WHO,
    AddException,
    AddRule,
    DifferenceView,
    History,
    Import,
    LintReport,
    LintRequest,
    ListPage,
    ListView,
    PutList,
    RollBack,
    RuleStateEntry,
    RuleStateView,
    SetRuleState,
    SetState,
    TestHit,
    TestReport,
    TestRequest,
    VersionText,
    VersionView,
    WrittenView,
)
from monitor.web.permits import needs
from monitor.web.refusals import REFUSALS

Name = Annotated[str, Path(pattern=NAME, description="Name of a keyword list")]
Version = Annotated[str, Query(max_length=64, description="A version from the history")]
Label = Annotated[str, Query(min_length=1, max_length=2000, description="Label of a rule")]
Who = Annotated[str, Query(max_length=100, pattern=f"^$|{LINE}", description=WHO)]
Editor = Annotated[Person, needs(Permission.LISTS)]
Why = Annotated[str, Query(max_length=500, pattern=LINE, description="For the history")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="How many rules to pass over")]
Limit = Annotated[int, Query(ge=0, le=5000, description="How many rules at most")]
Format = Annotated[Literal["csv", "toml"], Query(description="Kind of file")]
ONE = "/api/keywords/lists/{name}"


def keywords(catalog: Catalog) -> APIRouter:
    router = APIRouter(responses=REFUSALS)
    _lists(router, catalog)
    _history(router, catalog)
    _parts(router, catalog)
    _exchange(router, catalog)
    _trying(router, catalog)
    return router


def _lists(router: APIRouter, catalog: Catalog) -> None:
    @router.get("/api/keywords/lists", tags=["keyword lists"], dependencies=[needs(Permission.SEE)])
    async def lists() -> ListPage:
        """The keyword lists in force, and why others are not."""
        return ListPage(lists=[views.summary(one) for one in catalog.lists], problems=list(catalog.problems))

    @router.get(ONE, tags=["keyword lists"], dependencies=[needs(Permission.SEE)])
    async def one_list(name: Name, offset: Offset = 0, limit: Limit = 1000) -> ListView:
        """A list with its rules, their states, and its file."""
        return views.list_view(await catalog.show(name), await catalog.states(), offset, limit)

    @router.put(ONE, tags=["keyword lists"])
    async def put(name: Name, asked: PutList, who: Editor) -> WrittenView:
        """Write a list. What can't be used is refused with its place, and nothing is changed."""
        return views.written_view(
            await catalog.put(name, asked.content, who.signed(asked.who), asked.why, base=asked.base, dry=asked.dry_run)
        )

    @router.put(f"{ONE}/state", tags=["keyword lists"])
    async def state(name: Name, asked: SetState, who: Editor) -> WrittenView:
        """draft → shadow → live → retired, or any other way. Written into the file."""
        return views.written_view(await catalog.set_list_state(name, asked.state, who.signed(asked.who), asked.why))

    @router.put(f"{ONE}/rules/state", tags=["keyword lists"])
    async def rule_state(name: Name, asked: SetRuleState, who: Editor) -> RuleStateView:
        """Hold one rule back, or let it be again as its list is."""
        now = await catalog.set_rule_state(name, asked.rule, asked.state, who.signed(asked.who), asked.why)
        return RuleStateView(list_name=name, rule=asked.rule, state=now)


def _history(router: APIRouter, catalog: Catalog) -> None:
    @router.get(f"{ONE}/history", tags=["keyword lists"], dependencies=[needs(Permission.SEE)])
    async def history(name: Name) -> History:
        """Every version that was ever put or in force, and every change of a state, with who and why."""
        versions = await catalog.history(name)
        states = await catalog.store.rule_state_log(name)
        return History(
            versions=[VersionView(version=v.version, who=v.who, why=v.why, at=v.at) for v in versions],
            states=[RuleStateEntry(rule=s.rule, state=s.state, who=s.who, why=s.why, at=s.at) for s in states],
        )

    @router.get(f"{ONE}/versions/{{version}}", tags=["keyword lists"], dependencies=[needs(Permission.SEE)])
    async def version(name: Name, version: str) -> VersionText:
        """The file as it was."""
        return VersionText(name=name, version=version, content=await catalog.version(name, version))

    @router.get(f"{ONE}/difference", tags=["keyword lists"], dependencies=[needs(Permission.SEE)])
    async def difference(name: Name, before: Version = "", after: Version = "") -> DifferenceView:
        """Between two versions; without `after`, up to the present file, without `before`, from the one before."""
        return views.difference_view(await catalog.difference(name, before, after))

    @router.post(f"{ONE}/rollback", tags=["keyword lists"])
    async def rollback(name: Name, asked: RollBack, who: Editor) -> WrittenView:
        """One step back, or to a version."""
        return views.written_view(await catalog.roll_back(name, who.signed(asked.who), asked.why, asked.to))


def _parts(router: APIRouter, catalog: Catalog) -> None:
    @router.post(f"{ONE}/rules", tags=["keyword lists"])
    async def add_rule(name: Name, asked: AddRule, who: Editor) -> WrittenView:
        """Add a rule to the file; its comments stay."""
        table = asked.rule.model_dump(exclude_none=True, by_alias=True)
        return views.written_view(await Parts(catalog).add_rule(name, table, who.signed(asked.who), asked.why))

    @router.delete(f"{ONE}/rules", tags=["keyword lists"])
    async def remove_rule(name: Name, rule: Label, why: Why, person: Editor, who: Who = "") -> WrittenView:
        """Take a rule out of the file. What was said of it stays on the record."""
        return views.written_view(await Parts(catalog).remove_rule(name, rule, person.signed(who), why))

    @router.post(f"{ONE}/exceptions", tags=["keyword lists"])
    async def add_exception(name: Name, asked: AddException, who: Editor) -> WrittenView:
        """What covers a hit cancels it."""
        return views.written_view(
            await Parts(catalog).add_exception(name, asked.text, who.signed(asked.who), asked.why)
        )

    @router.delete(f"{ONE}/exceptions", tags=["keyword lists"])
    async def remove_exception(name: Name, text: Label, why: Why, person: Editor, who: Who = "") -> WrittenView:
        """Take an exception out of the file."""
        return views.written_view(await Parts(catalog).remove_exception(name, text, person.signed(who), why))


def _exchange(router: APIRouter, catalog: Catalog) -> None:
    @router.post(f"{ONE}/import", tags=["keyword lists"])
    async def import_list(name: Name, asked: Import, who: Editor) -> WrittenView:
        """Make the list from a file of another program. All of it, or nothing where a line can't be used."""
        content = await Parts(catalog).imported(name, asked.content, asked.format)
        return views.written_view(
            await catalog.put(name, content, who.signed(asked.who), asked.why, base=asked.base, dry=asked.dry_run)
        )

    @router.get(
        f"{ONE}/export",
        dependencies=[needs(Permission.SEE)],
        response_class=Response,
        responses={200: {"content": {"text/csv": {}, "application/toml": {}}}},
        tags=["keyword lists"],
    )
    async def export(name: Name, format: Format = "toml") -> Response:
        """The list as a file that `import` takes."""
        text = await Parts(catalog).exported(name, format)
        kind = "text/csv" if format == "csv" else "application/toml"
        headers = {"Content-Disposition": f'attachment; filename="{name}.{format}"'}
        return Response(text, media_type=kind, headers=headers)


def _trying(router: APIRouter, catalog: Catalog) -> None:
    @router.post("/api/keywords/lint", tags=["keyword lists"], dependencies=[needs(Permission.LISTS)])
    async def lint(asked: LintRequest) -> LintReport:
        """What is wrong with a list, and what could be better. Nothing is written."""
        try:
            found = await catalog.check(asked.content)
        except ListRefused as refused:
            problems = [views.problem_view(problem) for problem in refused.problems]
            return LintReport(name="", version="", rules=0, problems=problems, remarks=[])
        remarks = [views.remark_view(remark) for remark in found.remarks]
        return LintReport(name=found.name, version=found.version, rules=found.rules, problems=[], remarks=remarks)

    @router.post("/api/keywords/test", tags=["keyword lists"], dependencies=[needs(Permission.LISTS)])
    async def test(asked: TestRequest) -> TestReport:
        """What would be found in a sentence, with the lists in force or with a draft."""
        hits = await Parts(catalog).test(asked.text, asked.language, asked.content)
        return TestReport(hits=[TestHit(state=hit.state, hit=hit_view(hit)) for hit in hits])

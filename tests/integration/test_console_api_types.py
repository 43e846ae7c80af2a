"""The console's types of what the API answers: compared with the OpenAPI document by the TypeScript compiler."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from runpy import run_path

import pytest

from monitor.web.app import create_app
from monitor.web.build_console import node_and_npm, npm

CONSOLE = Path(__file__).parents[2] / "monitor" / "web" / "console"
"""Where the types are written, and the API's name of each that has another one there."""
FILES = {
    "lib/ops/types.ts": {
        "Span": "SpanView",
        "Mark": "MarkView",
        "Status": "ServiceStatus",
        "Probe": "ProbeView",
        "Problem": "ProblemView",
        "Remark": "RemarkView",
        "Change": "ChangeView",
        "Difference": "DifferenceView",
        "Written": "WrittenView",
        "Precision": "PrecisionView",
        "HitCount": "HitCountView",
        "NearMiss": "NearMissView",
        "Suggestion": "SuggestionView",
        "Trial": "TrialView",
    },
    "lib/review/types.ts": {
        "Plan": "PlanView",
        "Revision": "RevisionView",
        "SavedView": "SavedViewView",
        "ClipInfo": "ClipView",
        "Precision": "PrecisionView",
    },
}
STRICT = ["--ignoreConfig", "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "esnext"]
RESOLVE = ["--moduleResolution", "bundler", "--allowImportingTsExtensions"]


def node(*arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    program, _ = node_and_npm()
    return subprocess.run(
        [str(program), *arguments], cwd=CONSOLE, capture_output=True, text=True, check=False, input=given
    )


def declared(file: str) -> list[str]:
    return re.findall(r"^export interface (\w+)", (CONSOLE / "src" / file).read_text("utf-8"), re.MULTILINE)


def check(document: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """The compiler's word on whether each answer can be taken for the type that the console takes it for."""
    pairs = [(file, name, other.get(name, name)) for file, other in FILES.items() for name in declared(file)]
    types = node("scripts/api-types.mjs", *sorted({theirs for _, _, theirs in pairs}), given=document)
    assert types.returncode == 0, types.stderr
    (directory / "api.d.ts").write_text(types.stdout, "utf-8")
    lines = [
        f"export const fits{number}: import('{CONSOLE / 'src' / file}').{ours} = {{}} as import('./api').{theirs}"
        for number, (file, ours, theirs) in enumerate(pairs)
    ]
    (directory / "check.ts").write_text("\n".join(lines) + "\n", "utf-8")
    if not (CONSOLE / "node_modules" / "typescript").is_dir():
        npm(CONSOLE, "ci")
    return node("node_modules/typescript/bin/tsc", *STRICT, *RESOLVE, str(directory / "check.ts"))


@pytest.fixture(scope="module")
def document() -> str:
    found = run_path(str(CONSOLE.parents[2] / "docs" / "make_reference.py"))
    return json.dumps(create_app(found["_without_parts"]()).openapi())


def test_what_the_api_answers_fits_the_types_that_the_pages_are_written_with(tmp_path: Path, document: str) -> None:
    done = check(document, tmp_path)
    assert done.returncode == 0, done.stdout


def test_a_field_that_the_api_has_no_longer_is_found(tmp_path: Path, document: str) -> None:
    done = check(document.replace('"speakers"', '"people"'), tmp_path)
    assert "Property 'speakers' is missing" in done.stdout

"""`room-monitor verify FILE`: whether an export is what was signed. Needs no service, no data and no network."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from monitor.commands.common import out


def verify(
    file: Annotated[Path, typer.Argument(help="An archive of `room-monitor export`, or of the console")],
    key: Annotated[
        str | None, typer.Option(help="The service's public key, or a file with it (`room-monitor export key`)")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text")] = False,
) -> None:
    """Check an export offline: the signature, and each file against the signed manifest. Says what fails.

    Without **--key** it shows that nothing was changed since the archive was made, and not by whom it was made. Exit
    code 1 when something is wrong.
    """
    from monitor.audit.bundle import check, trusted_key
    from monitor.audit.signing import fingerprint, written

    checked = check(file, trusted_key(key))
    manifest, public = checked.manifest, written(checked.public) if checked.public else ""
    if as_json:
        said = {"good": checked.good, "key": public, "findings": [asdict(finding) for finding in checked.findings]}
        print(json.dumps(said | {"manifest": dict(manifest)}, ensure_ascii=False))
        raise typer.Exit(0 if checked.good else 1)
    for finding in checked.findings:
        out.print("[green]good[/] " if finding.good else "[bold red]WRONG[/]", end=" ")
        out.print(f"{finding.name}: {finding.what}", markup=False, highlight=False, soft_wrap=True)
    if manifest:
        subject, made = manifest.get("subject", {}), datetime.fromtimestamp(float(manifest.get("made_at", 0)), UTC)
        about = f"{subject.get('kind', '?')} {subject.get('id', '?')}, made {made:%Y-%m-%d %H:%M:%S} UTC"
        out.print(f"{about} by {manifest.get('made_by', '?')}", markup=False, highlight=False, soft_wrap=True)
        for reason in manifest.get("left_out", []):
            out.print(f"left out: {reason}", markup=False, highlight=False, soft_wrap=True)
    if checked.public:
        out.print(f"key {public} ({fingerprint(checked.public)})", highlight=False, soft_wrap=True)
    if checked.good and key is None:
        out.print("Nothing was changed since it was signed. Whether the service signed it, only --key can say.")
    raise typer.Exit(0 if checked.good else 1)

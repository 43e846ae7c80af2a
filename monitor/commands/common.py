"""What several parts of the command line do first: the log, the model, the recordings."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from monitor.config import Settings
from monitor.show import download_progress

if TYPE_CHECKING:
    from monitor.fetch.prompts import Prompt
    from monitor.fetch.recordings import Recording

out = Console()
err = Console(stderr=True)

Config = Annotated[Path | None, typer.Option("--config", "-c", help="Settings file (TOML); without it: the defaults")]


def start_log(settings: Settings, level: int = logging.INFO) -> None:
    from monitor.telemetry.logs import configure

    configure(settings.log, level=level)


def fetch_model(name: str, trust: bool = False) -> Path:
    """The model's directory, fetched with a progress bar if it isn't here."""
    from monitor.speech.weights import obtain

    with download_progress(err) as progress:
        return obtain(name, progress, trust=trust).path


def fetch_recordings() -> list[Recording]:
    from monitor.fetch.recordings import recordings

    with download_progress(err) as progress:
        return recordings(progress)


def fetch_prompts(texts: Path) -> list[Prompt]:
    """More English speech; none, said loudly, where it can't be had: not every machine has Debian's packages.

    Raises what prompts() does of `texts`.
    """
    from monitor.errors import DownloadFailed
    from monitor.fetch.prompts import prompts

    try:
        with download_progress(err) as progress:
            return prompts(texts, progress)
    except DownloadFailed as error:
        err.print(f"Measured without Asterisk's prompts. {error}", style="yellow", markup=False, highlight=False)
        return []

"""The model hub: the last place to ask. The revision is pinned; the digest is checked by the caller."""

from __future__ import annotations

from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError

from monitor.errors import DownloadFailed
from monitor.speech.known import KnownModel

_FILES = ["config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*"]
# The hub's own errors are subclasses of these; its bases hold the root of the HTTP client that it uses these days.
_FAILURES: tuple[type[BaseException], ...] = (OSError, ValueError, RuntimeError, *HfHubHTTPError.__bases__)


def cached(model: KnownModel) -> Path | None:
    """Where the hub's client has put this model before; no network."""
    try:
        return Path(
            huggingface_hub.snapshot_download(
                model.hub, revision=model.revision, allow_patterns=_FILES, local_files_only=True
            )
        )
    except _FAILURES:
        return None


def download(model: KnownModel, folder: Path) -> None:
    """The model's files into `folder`. Raises DownloadFailed."""
    try:
        huggingface_hub.snapshot_download(
            model.hub, revision=model.revision, allow_patterns=_FILES, local_dir=folder, etag_timeout=10
        )
    except _FAILURES as error:
        reason = str(error).strip().split("\n", 1)[0]
        raise DownloadFailed(
            f"The model hub ({model.hub} at {model.revision[:8]}) can't be reached: {reason}"
        ) from error

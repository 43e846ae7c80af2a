"""The real service, but for its recogniser: one that hears the same words in everything, and takes no time for it.

What is killed by `tests.bench.crash` is about storing, not about hearing: so there are many alerts even on a small
machine that does other things as well. `--real` there runs the service as it is.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from monitor import house as houses
from monitor.app import Service
from monitor.config import load
from monitor.rooms.ice import allow_loopback
from tests.helpers.floor import Typist

SAYS = "so my fellow americans ask not what your country can do for you call 202 456 1414 now"


async def main(config: Path) -> None:
    settings = load(config)
    settings = settings.model_copy(update={"voices": settings.voices.model_copy(update={"model": ""})})
    allow_loopback()
    service = Service(settings)

    async def beside(url: str) -> None:
        print(f"Room Monitor is running: {url}/", flush=True)
        await asyncio.Event().wait()

    data = settings.storage.data
    async with houses.build(settings, data, service.told, hears=Typist(lambda _: SAYS)) as house:
        await service.serve(house, beside)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[sys.argv.index("--config") + 1])))

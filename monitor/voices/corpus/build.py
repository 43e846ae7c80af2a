"""The corpus, from recordings on this machine and engines that speak their texts again. Can be broken off and taken up.

A text that a person spoke is spoken again by machines, so that both classes say the same: a detector that reads the
text instead of the voice then gains nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from monitor.errors import MediaUnreadable
from monitor.model import RATE, Samples
from monitor.voices.corpus import rows as table
from monitor.voices.corpus import splits
from monitor.voices.corpus.copies import Copier
from monitor.voices.corpus.engines import BY_HAND, Engine, Failed, Job
from monitor.voices.corpus.rows import Label, Row, Split, file_name
from monitor.voices.corpus.sources import Found
from monitor.voices.corpus.wav import read_wav, seconds_of, write_wav

SHORTEST, LONGEST = 1.5, 20.0
"""Seconds of a recording: shorter ones are left out, longer ones cut."""
FEW = 40
"""Texts of a collection with more texts than EVERY that are spoken again, for each speaker."""
EVERY = 300

Tell = Callable[[str, int, int], None]
"""Called with (what is being done, pieces done, pieces in all)."""
Read = Callable[[Path], Samples]
"""Any audio file as 16 kHz mono. Raises MediaUnreadable."""


@dataclass(slots=True)
class Left:
    """What didn't get into the corpus, and why."""

    short: int = 0
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make."""

    out: Path
    engines: Sequence[Engine]
    copiers: Sequence[Copier]
    voices_a_text: int = 2  # of engines with many voices
    seed: int = 0


def build(found: Iterable[Found], plan: Plan, read: Read, tell: Tell) -> tuple[list[Row], Left]:
    """Make what isn't there yet, write the manifest, give its rows.

    Raises CorpusInvalid, OSError. A recording that can't be read and a text that an engine can't speak are left out and
    listed.
    """
    left = Left()
    recorded = _recordings(list(found), plan.out, read, tell, left)
    people = splits.assign([row for _, row in recorded], BY_HAND, plan.seed)
    texts = _texts([(f, row) for (f, _), row in zip(recorded, people, strict=True)])
    before = _before(plan, {row.path for row in people})
    made: list[Row] = []
    for engine in plan.engines:
        made += _spoken(engine, texts, plan, read, tell, left)
        before.pop(engine.generator, None)
        _save(plan, [*people, *made, *(row for rows in before.values() for row in rows)])
    for copier in plan.copiers:
        made += _copied(copier, people, plan, tell, left)
        before.pop(copier.generator, None)
        _save(plan, [*people, *made, *(row for rows in before.values() for row in rows)])
    return _save(plan, people + made), left


def _before(plan: Plan, people: set[str]) -> dict[str, list[Row]]:
    """What an earlier run made and this one hasn't come to yet, by generator: it stays in the table meanwhile."""
    names = [engine.generator for engine in plan.engines] + [copier.generator for copier in plan.copiers]
    waiting: dict[str, list[Row]] = {name: [] for name in names}
    for row in table.read(plan.out) if (plan.out / table.MANIFEST).is_file() else []:
        if row.generator in waiting and row.path not in people:
            waiting[row.generator].append(row)
    return waiting


def _save(plan: Plan, rows: list[Row]) -> list[Row]:
    """Splits again with everything in, checked, so that a corpus broken off is a good one."""
    done = splits.assign(rows, BY_HAND, plan.seed)
    splits.check(done)
    table.write(plan.out, done)
    return done


def _recordings(found: list[Found], out: Path, read: Read, tell: Tell, left: Left) -> list[tuple[Found, Row]]:
    done = []
    seen: set[Path] = set()
    for number, one in enumerate(found):
        tell("recordings", number, len(found))
        mark = hashlib.sha256(str(one.path).encode()).hexdigest()[:6]
        path = Path("audio", one.source, f"{file_name(one.path.stem)}-{mark}.wav")
        if path in seen:
            continue
        seen.add(path)
        seconds = _kept(one.path, out / path, read, left)
        if seconds >= SHORTEST:
            done.append((one, _row(one, path, seconds)))
        else:
            left.short += 1
    tell("recordings", len(found), len(found))
    return done


def _row(one: Found, path: Path, seconds: float) -> Row:
    pair = one.pair_id or (path.stem if one.label is Label.GENUINE else "")
    return Row(
        path=path.as_posix(),
        label=one.label,
        source=one.source,
        speaker=one.speaker,
        generator=one.generator,
        text_id=one.text_id,
        pair_id=pair,
        language=one.language,
        licence=one.licence,
        weights_ok=one.weights_ok,
        split=Split.NONE,
        seconds=seconds,
    )


@dataclass(frozen=True, slots=True)
class _Text:
    id: str
    text: str
    language: str
    source: str
    split: Split


def _texts(people: list[tuple[Found, Row]]) -> list[_Text]:
    """What was said, each once; of a collection with very many only some."""
    texts: dict[str, _Text] = {}
    of_source: dict[str, int] = {}
    of_speaker: dict[str, int] = {}
    for one, row in people:
        if one.label is Label.GENUINE and one.text:
            of_source[row.source] = of_source.get(row.source, 0) + 1
    for one, row in sorted(people, key=lambda p: hashlib.sha256(p[1].path.encode()).digest()):
        if one.label is not Label.GENUINE or not one.text or row.text_id in texts:
            continue
        of_speaker[row.speaker] = of_speaker.get(row.speaker, 0) + 1
        if of_source[row.source] > EVERY and of_speaker[row.speaker] > FEW:
            continue
        texts[row.text_id] = _Text(row.text_id, one.text, row.language, row.source, row.split)
    return list(texts.values())


def _spoken(engine: Engine, texts: list[_Text], plan: Plan, read: Read, tell: Tell, left: Left) -> list[Row]:
    """Each text by voices of its own split."""
    wanted: dict[Path, tuple[_Text, Job]] = {}
    for text in texts:
        for voice in _chosen(engine, text, plan):
            path = Path("audio", engine.generator, f"{file_name(voice)}-{text.id}.wav")
            wanted[path] = (text, Job(voice, text.language, text.text, plan.out / "raw" / engine.generator / path.name))
    if engine.limit:
        first = sorted(wanted.items(), key=lambda w: (w[1][0].split is not Split.TEST, w[1][0].id))
        wanted = dict(first[: engine.limit])
    todo = {job.path: path for path, (_, job) in wanted.items() if not (plan.out / path).is_file()}
    jobs = [job for _, job in wanted.values() if job.path in todo]
    if jobs:
        jobs[0].path.parent.mkdir(parents=True, exist_ok=True)
    for number, spoken in enumerate(engine.speak(jobs)):
        tell(engine.generator, number, len(jobs))
        if isinstance(spoken, Failed):
            left.failed.append(f"{engine.generator}, {spoken.job.voice}, {spoken.job.language}: {spoken.reason}")
            continue
        _kept(spoken.path, plan.out / todo[spoken.path], read, left)
        spoken.path.unlink(missing_ok=True)
    tell(engine.generator, len(jobs), len(jobs))
    made = []
    for path, (text, job) in wanted.items():
        seconds = seconds_of(plan.out / path)
        if seconds >= SHORTEST:
            made.append(_synthetic(engine.generator, engine.licence, engine.weights_ok, path, text, job.voice, seconds))
    return made


def _synthetic(
    generator: str, licence: str, weights_ok: bool, path: Path, text: _Text, voice: str, seconds: float
) -> Row:
    return Row(
        path=path.as_posix(),
        label=Label.SYNTHETIC,
        source=text.source,
        speaker=voice,
        generator=generator,
        text_id=text.id,
        pair_id="",
        language=text.language,
        licence=licence,
        weights_ok=weights_ok,
        split=text.split,
        seconds=seconds,
    )


def _chosen(engine: Engine, text: _Text, plan: Plan) -> list[str]:
    able = [v for v in engine.voices(text.language) if splits.split_of(v, BY_HAND, plan.seed) is text.split]
    if not able:
        return []
    start = int(hashlib.sha256(f"{engine.generator}{text.id}".encode()).hexdigest()[:8], 16)
    return [able[(start + k * 7) % len(able)] for k in range(min(plan.voices_a_text, len(able)))]


def _copied(copier: Copier, people: list[Row], plan: Plan, tell: Tell, left: Left) -> list[Row]:
    """People's recordings taken apart and put together again: same speaker, same text, same room."""
    mine = [row for row in people if row.label is Label.GENUINE and copier.wants(row)]
    todo = [row for row in mine if not (plan.out / _copy_of(row, copier)).is_file()]
    if todo:
        with copier.ready():
            for number, row in enumerate(todo):
                tell(copier.generator, number, len(todo))
                try:
                    write_wav(plan.out / _copy_of(row, copier), copier.copy(read_wav(plan.out / row.path)))
                except ValueError as error:
                    left.failed.append(f"{copier.generator}, {row.path}: {error}")
    tell(copier.generator, len(todo), len(todo))
    copies = [(row, _copy_of(row, copier)) for row in mine]
    return [
        replace(row, path=path.as_posix(), label=Label.SYNTHETIC, generator=copier.generator, seconds=seconds)
        for row, path in copies
        if (seconds := seconds_of(plan.out / path)) >= SHORTEST
    ]


def _copy_of(row: Row, copier: Copier) -> Path:
    return Path("audio", copier.generator, Path(row.path).name)


def _kept(source: Path, target: Path, read: Read, left: Left) -> float:
    """The recording as 16 kHz mono WAV in the corpus; its seconds, 0 where it can't be read."""
    if not target.is_file():
        try:
            samples = read(source)[: int(LONGEST * RATE)]
        except MediaUnreadable as error:
            left.failed.append(str(error))
            return 0.0
        write_wav(target, samples)
    return seconds_of(target)

"""What a detector's scores on unseen recordings amount to: the figures of the model card. Pure.

All recordings are of the test part: no speaker, voice or text of theirs was trained or calibrated on. Intervals (95 %)
come from drawing whole speakers and voices anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from monitor.voices.calibrate import Set
from monitor.voices.card import Table, between, number, percent
from monitor.voices.metrics import (
    Cost,
    Interval,
    Scores,
    Statistic,
    actual_cost,
    bootstrap,
    cllr,
    eer,
    found_at_1_in_1000,
    found_at_1_percent,
    min_cllr,
    min_cost,
    ordered,
    wilson,
)
from monitor.voices.trial import Heard

FEW = 5
"""Recordings below which no error rate is given."""
OPERATING = Cost(prior=0.01)
"""One speaker in a hundred synthetic, both mistakes equally bad."""
COPIES = "copy"
"""Family of recordings of people that were only taken apart and put together again: reported apart."""


def windows_table(heard: Sequence[Heard], calibration: Set, seen: frozenset[str]) -> Table:
    """Error rates of single windows, for generators that training knew, those it didn't, and all."""
    people = _by_speaker(h for h in heard if not h.synthetic)
    machines = [h for h in heard if h.synthetic and h.row.family != COPIES]
    groups = {
        "generators of the training, other voices": [h for h in machines if h.row.generator in seen],
        "other generators": [h for h in machines if h.row.generator not in seen],
        "all": machines,
    }
    rows = []
    for name, of in groups.items():
        voices = _by_speaker(of)
        if not voices or not people:
            continue
        llrs = [[calibration.llrs(s) for s in side] for side in (people, voices)]
        raw: list[Statistic] = [eer, found_at_1_percent, found_at_1_in_1000]
        ratio: list[Statistic] = [cllr, min_cllr, _actual, _least]
        rows.append(
            (
                name,
                f"{len(voices)}",
                *(between(bootstrap(s, people, voices, 200)) for s in raw),
                *(number(bootstrap(s, llrs[0], llrs[1], 100)) for s in ratio),
            )
        )
    head = ("synthetic speech", "voices", "EER %", "found at 1 % false %", "at 0.1 % false %")
    return Table(
        "Single windows",
        f"One window of {calibration.window:g} s of speech, through the room chain, against {len(people)} people. Cllr "
        f"in bits (1 says nothing); detection cost at a prior of {OPERATING.prior:g}, 1 = as dear as never flagging: "
        f"{_reach(calibration)}.",
        (*head, "Cllr", "least Cllr", "cost", "least cost"),
        tuple(rows),
    )


def pairs_table(heard: Sequence[Heard]) -> Table:
    """Matched pairs: a person's recording and a machine that says the same in the same person's voice."""
    genuine = {h.row.pair_id: h for h in heard if not h.synthetic and h.row.pair_id and len(h.scores)}
    found: dict[str, list[tuple[Heard, Heard]]] = defaultdict(list)
    for h in heard:
        if h.synthetic and len(h.scores) and h.row.pair_id in genuine:
            found[h.row.generator].append((genuine[h.row.pair_id], h))
    rows = []
    neural = [pair for name, of in found.items() if not name.startswith(COPIES) for pair in of]
    listed = [*(("all synthesis", neural),) * bool(neural), *sorted(found.items())]
    for name, of in listed:
        if len(of) >= FEW:
            people, machines = (np.array([pair[i].mean for pair in of]) for i in (0, 1))
            speakers = len({pair[0].row.speaker for pair in of})
            right = float(ordered(people, machines) * len(of))
            share = wilson(round(right), len(of))
            apart = percent(eer(people, machines))
            rows.append((name, f"{len(of)}", f"{speakers}", between(share), apart))
    return Table(
        "Matched pairs: the headline",
        "The same words in the same person's voice, once by the person and once by a machine (systems' demonstration "
        "recordings beside the recordings that they learnt from), both through the same chain. Nothing but the "
        "synthesis itself tells them apart here, so this is the test that counts for modern synthesis; 50 is chance in "
        "both columns. Copies (`copy-…`) are people's recordings, taken apart by a vocoder and put together again.",
        ("generator", "pairs", "people", "in order %", "EER %"),
        tuple(rows),
    )


def generators_table(
    heard: Sequence[Heard], calibration: Set, seen: frozenset[str], without: Mapping[str, float]
) -> Table:
    """Each generator against people who say the same texts, and against all people.

    `without`: family → EER of a network that was trained without that family.
    """
    people = [h for h in heard if not h.synthetic]
    everyone = _joined(people)
    groups: dict[str, list[Heard]] = defaultdict(list)
    for h in heard:
        if h.synthetic:
            groups[h.row.generator].append(h)
    rows = []
    for name, of in sorted(groups.items()):
        scores = _joined(of)
        if len(scores) < FEW:
            continue
        texts = {h.row.text_id for h in of}
        matched = _joined(h for h in people if h.row.text_id in texts)
        same = percent(eer(matched, scores)) if len(matched) >= FEW else "–"
        voices = len({h.row.speaker for h in of})
        left = without.get(of[0].row.family)
        rows.append(
            (
                name,
                "yes" if name in seen else "no",
                f"{voices}",
                f"{len(of)}",
                same,
                percent(eer(everyone, scores)),
                percent(found_at_1_percent(everyone, scores)),
                f"{float(np.mean(calibration.llrs(scores))):+.1f}",
                "–" if left is None else percent(left),
            )
        )
    return Table(
        "By generator, and with its family left out of training",
        "EER of windows against people saying the same texts (–: nobody of the test part does) and against all people; "
        "mean LLR, in nats. The last column is of another network, trained without any generator of the family, and "
        "for fewer rounds: what to expect of synthesis that nobody trained on.",
        ("generator", "in training", "voices", "recordings", "EER %, same texts", "EER %, all", "found at 1 % false %",
         "mean LLR", "EER %, family left out"),
        tuple(rows),
    )  # fmt: skip


def sources_table(heard: Sequence[Heard], calibration: Set) -> Table:
    """Where people are taken for machines."""
    groups: dict[str, list[Heard]] = defaultdict(list)
    for h in heard:
        if not h.synthetic:
            groups[h.row.source].append(h)
            groups[f"language {h.row.language}"].append(h)
    rows = []
    for name, of in sorted(groups.items()):
        scores = _joined(of)
        if not len(scores):
            continue
        llrs = calibration.llrs(scores)
        speakers = _means(of, calibration)
        wrong = sum(mean > 0 for mean in speakers.values())
        left_out = sum(bool(h.abstained) for h in of) / len(of)
        rows.append(
            (
                name,
                f"{len(speakers)}",
                f"{len(scores)}",
                percent(float(np.mean(llrs > 0))),
                percent(float(np.mean(llrs > 2)), 1),
                f"{wrong} of {len(speakers)}",
                percent(left_out),
            )
        )
    return Table(
        "By genuine source",
        "How often people are taken for machines: windows with an LLR above 0 (more like a machine) and above 2 (over "
        "seven times likelier), people whose mean LLR is above 0, and the share of recordings on which it abstains.",
        ("source", "people", "windows", "LLR > 0 %", "LLR > 2 %", "people above 0", "abstained %"),
        tuple(rows),
    )


def conditions_table(title: str, text: str, found: Mapping[str, Sequence[Heard]], calibration: Set) -> Table:
    """The same recordings under several conditions."""
    rows = []
    for name, heard in found.items():
        people, machines = (_joined(h for h in heard if h.synthetic is side) for side in (False, True))
        abstained = sum(bool(h.abstained) for h in heard) / max(1, len(heard))
        if min(len(people), len(machines)) < FEW:
            rows.append((name, "–", "–", "–", "–", percent(abstained)))
            continue
        llrs = calibration.llrs(people), calibration.llrs(machines)
        figures = percent(eer(people, machines)), f"{cllr(*llrs):.2f}"
        shares = percent(float(np.mean(llrs[0] > 0))), percent(float(np.mean(llrs[1] > 0)))
        rows.append((name, *figures, *shares, percent(abstained)))
    return Table(title, text, ("condition", "EER %", "Cllr", "people above 0 %", "machines above 0 %", "abstained %"),
                 tuple(rows))  # fmt: skip


def lengths_table(heard: Sequence[Heard], window: float, seconds: Sequence[float]) -> Table:
    """By how much speech there is: the mean of the windows that fit into it."""
    rows = []
    for length in seconds:
        count = 1 + int((length - window) / (window / 2)) if length >= window else 0
        long_enough = [h for h in heard if count and len(h.scores) >= count]
        people, machines = (
            np.array([float(np.mean(h.scores[:count])) for h in long_enough if h.synthetic is side])
            for side in (False, True)
        )
        if not count:
            rows.append((f"{length:g}", "abstains", "–", "–"))
        elif min(len(people), len(machines)) >= FEW:
            rows.append((f"{length:g}", percent(eer(people, machines)), f"{len(people)}", f"{len(machines)}"))
    return Table(
        "By length",
        "Mean score over the first seconds of speech of a recording, generators of the training only. Not the same "
        "recordings in each row: short ones drop out.",
        ("seconds of speech", "EER %", "genuine", "synthetic"),
        tuple(rows),
    )


def people_table(heard: Sequence[Heard], calibration: Set, least: float = 6.0) -> Table:
    """Errors on speakers instead of windows: a persistent error is one error."""
    people = _means([h for h in heard if not h.synthetic], calibration, least)
    machines = _means([h for h in heard if h.synthetic and h.row.family != COPIES], calibration, least)
    rows = [
        (f"{limit:g}", between(_share(people.values(), limit)), between(_share(machines.values(), limit)))
        for limit in (0.0, 1.0, 2.0)
    ]
    return Table(
        "Speakers",
        f"Mean LLR of all windows of a speaker with at least {least:g} s of speech: {len(people)} people, "
        f"{len(machines)} synthetic voices of all generators.",
        ("mean LLR above", "people %", "synthetic voices %"),
        tuple(rows),
    )


def _reach(calibration: Set) -> str:
    if calibration.high > OPERATING.threshold:
        return f"a flag pays above an LLR of {OPERATING.threshold:.1f}"
    return (
        f"a flag would pay above an LLR of {OPERATING.threshold:.1f}, and this calibration never says more than "
        f"{calibration.high:.1f} of one window"
    )


def _by_speaker(heard: Iterable[Heard]) -> list[Scores]:
    groups: dict[str, list[Scores]] = defaultdict(list)
    for h in heard:
        if len(h.scores):
            groups[f"{h.row.generator} {h.row.speaker}"].append(h.scores)
    return [np.concatenate(g) for g in groups.values()]


def _joined(heard: Iterable[Heard]) -> Scores:
    return np.concatenate([np.zeros(0), *(h.scores for h in heard)])


def _means(heard: Sequence[Heard], calibration: Set, least: float = 0.0) -> dict[str, float]:
    """Speaker and generator → mean LLR, of those with so many seconds of speech."""
    groups: dict[str, list[Heard]] = defaultdict(list)
    for h in heard:
        if len(h.scores):
            groups[f"{h.row.generator} {h.row.speaker}"].append(h)
    enough = {name: of for name, of in groups.items() if sum(h.speech for h in of) >= least}
    return {name: float(np.mean(calibration.llrs(_joined(of)))) for name, of in enough.items()}


def _share(values: Iterable[float], limit: float) -> Interval:
    listed = list(values)
    return wilson(sum(value > limit for value in listed), len(listed)) if listed else Interval(*[float("nan")] * 3)


def _actual(genuine: Scores, synthetic: Scores) -> float:
    return actual_cost(genuine, synthetic, OPERATING)


def _least(genuine: Scores, synthetic: Scores) -> float:
    return min_cost(genuine, synthetic, OPERATING)

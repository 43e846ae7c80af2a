"""Trains the bundled detector on a corpus: seeded, resumable, on a CPU in minutes. Needs the extra `train`.

Every batch has as many genuine as synthetic windows. Within a class each group (a collection of people's speech, a
generator) is drawn by the root of its length, so that the largest doesn't rule and the smallest isn't learnt by heart.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from monitor.voices import net
from monitor.voices.augment import Strength, augmented
from monitor.voices.examples import FRAMES, Example, crops
from monitor.voices.metrics import eer

Told = Callable[[int, int, float], None]
"""Epoch, of how many, mean loss."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What decides the weights, besides the examples and the versions of the libraries."""

    seed: int = 0
    window: float = 2.0  # seconds of speech
    epochs: int = 16
    steps: int = 150  # batches in an epoch
    batch: int = 64
    rate: float = 2e-3  # peak, falling on a cosine
    decay: float = 1e-3  # of weights
    drop: float = 0.3
    smoothing: float = 0.05  # of labels
    average: float = 0.995  # of the weights that are kept: a moving mean
    strength: Strength = field(default_factory=Strength)

    @property
    def frames(self) -> int:
        """Of a window's filterbanks: those that lie wholly within it."""
        return round(self.window * FRAMES) - 2


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A network, and what it cost."""

    params: net.Params
    running: net.Running
    losses: tuple[float, ...]  # mean of each epoch


class Pool:
    """Windows drawn from examples."""

    def __init__(self, examples: Sequence[Example], frames: int) -> None:
        """Raises ValueError where a class has no example as long as a window."""
        self._frames = frames
        self._groups: dict[bool, list[list[Example]]] = {}
        self._shares: dict[bool, NDArray[np.float64]] = {}
        for synthetic in (False, True):
            groups: dict[str, list[Example]] = defaultdict(list)
            for example in examples:
                if example.synthetic is synthetic and len(example.bank) >= frames:
                    groups[example.row.generator or example.row.source].append(example)
            if not groups:
                raise ValueError(f"no {'synthetic' if synthetic else 'genuine'} speech as long as a window")
            self._groups[synthetic] = list(groups.values())
            roots = np.sqrt([sum(len(e.bank) for e in group) for group in groups.values()])
            self._shares[synthetic] = roots / roots.sum()

    def draw(self, count: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """`count` windows, half of each class, and their labels (1 = synthetic)."""
        labels = np.arange(count, dtype=np.int32) % 2
        windows = [self._one(bool(label), rng) for label in labels]
        return np.stack(windows).astype(np.float32), labels

    def _one(self, synthetic: bool, rng: np.random.Generator) -> NDArray[np.float16]:
        groups = self._groups[synthetic]
        group = groups[int(rng.choice(len(groups), p=self._shares[synthetic]))]
        example = group[int(rng.integers(len(group)))]
        start = int(rng.integers(len(example.bank) - self._frames + 1))
        return example.bank[start : start + self._frames]


def train(examples: Sequence[Example], plan: Plan, checkpoint: Path | None = None, told: Told | None = None) -> Trained:
    """A network trained by the plan. With `checkpoint` it goes on where an earlier run of the same plan stopped.

    Raises ValueError where a class has no example, or the loss is no number any more.
    """
    pool = Pool(examples, plan.frames)
    params, running = net.initial(plan.seed)
    optimiser, step = _made(plan.epochs * plan.steps, plan.rate, plan.decay, plan.drop, plan.smoothing, plan.average)
    state = _State(params, running, params, optimiser.init(params), [])
    if checkpoint is not None and checkpoint.exists():
        state = _restored(checkpoint, plan, state)
    for epoch in range(len(state.losses), plan.epochs):
        rng = np.random.default_rng((plan.seed, epoch))
        total = 0.0
        for number in range(plan.steps):
            features, labels = pool.draw(plan.batch, rng)
            features = augmented(features, plan.strength, rng)
            key = jax.random.fold_in(jax.random.key(plan.seed), epoch * plan.steps + number)
            moved, loss = step(state.arrays, jnp.asarray(features), jnp.asarray(labels), key)
            state.params, state.running, state.mean, state.optimiser = moved
            total += float(loss)
        if not np.isfinite(total):
            raise ValueError(f"the loss is no number any more in epoch {epoch + 1}")
        state.losses.append(total / plan.steps)
        if checkpoint is not None:
            _write(checkpoint, plan, state)
        if told is not None:
            told(epoch + 1, plan.epochs, state.losses[-1])
    return Trained(state.mean, state.running, tuple(state.losses))


def scores(trained: Trained, banks: Sequence[NDArray[np.float16]], frames: int) -> list[NDArray[np.float64]]:
    """Raw scores (higher = more synthetic) of each bank's windows, half overlapping; empty where it is too short."""
    forward = jax.jit(net.forward)
    done = []
    for bank in banks:
        starts = crops(len(bank), frames, frames // 2)
        if not starts:
            done.append(np.zeros(0))
            continue
        padded = starts + [starts[-1]] * (-len(starts) % 8)  # few shapes: each is compiled
        windows = np.stack([bank[s : s + frames] for s in padded]).astype(np.float32)
        logits = np.asarray(forward(trained.params, trained.running, jnp.asarray(windows)), np.float64)
        done.append(logits[: len(starts), 1] - logits[: len(starts), 0])
    return done


def error_rate(trained: Trained, examples: Sequence[Example], frames: int) -> float:
    """Equal error rate over all windows."""
    judged = scores(trained, [e.bank for e in examples], frames)
    labels = [np.full(len(s), e.synthetic) for s, e in zip(judged, examples, strict=True)]
    every, synthetic = np.concatenate(judged), np.concatenate(labels)
    return eer(every[~synthetic], every[synthetic])


# state and step

_Arrays = tuple[net.Params, net.Running, net.Params, optax.OptState]


@dataclass(slots=True, eq=False)
class _State:
    params: net.Params
    running: net.Running
    mean: net.Params  # moving mean of the parameters
    optimiser: optax.OptState
    losses: list[float]

    @property
    def arrays(self) -> _Arrays:
        return self.params, self.running, self.mean, self.optimiser


@cache  # compiling takes longer than many a training
def _made(
    steps: int, rate: float, decay: float, drop: float, smoothing: float, average: float
) -> tuple[optax.GradientTransformation, Callable[..., tuple[_Arrays, jax.Array]]]:
    """The optimiser, and one step of it: arrays, features, labels and a key to arrays and the loss."""
    rates = optax.warmup_cosine_decay_schedule(rate / 20, rate, min(100, steps // 4 + 1), steps)
    optimiser = optax.chain(optax.clip_by_global_norm(5.0), optax.adamw(rates, weight_decay=decay))

    def cost(params, running, features, labels, key):  # type: ignore[no-untyped-def]
        logits, moved = net.training(params, running, features, key, drop)
        wanted = optax.smooth_labels(jax.nn.one_hot(labels, net.OUTPUTS), smoothing)
        return optax.softmax_cross_entropy(logits, wanted).mean(), moved

    @jax.jit
    def step(arrays, features, labels, key):  # type: ignore[no-untyped-def]
        params, running, mean, state = arrays
        (loss, running), slopes = jax.value_and_grad(cost, has_aux=True)(params, running, features, labels, key)
        changes, state = optimiser.update(slopes, state, params)
        params = optax.apply_updates(params, changes)
        mean = jax.tree.map(lambda m, p: average * m + (1 - average) * p, mean, params)
        return (params, running, mean, state), loss

    return optimiser, step


def _write(path: Path, plan: Plan, state: _State) -> None:
    leaves = {f"leaf{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(state.arrays))}
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, plan=json.dumps(asdict(plan)), losses=np.array(state.losses), **leaves)  # type: ignore[arg-type]
    part.replace(path)


def _restored(path: Path, plan: Plan, fresh: _State) -> _State:
    """Where the checkpoint stopped; `fresh` where it is of another plan. Raises ValueError for a damaged file."""
    with np.load(path) as kept:
        if str(kept["plan"]) != json.dumps(asdict(plan)):
            return fresh
        shape = jax.tree.structure(fresh.arrays)
        leaves = [jnp.asarray(kept[f"leaf{i}"]) for i in range(len(jax.tree.leaves(fresh.arrays)))]
        losses = [float(loss) for loss in kept["losses"]]
    params, running, mean, optimiser = jax.tree.unflatten(shape, leaves)
    return _State(params, running, mean, optimiser, losses)

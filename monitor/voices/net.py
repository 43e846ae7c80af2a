"""The bundled detector's network: a small light CNN on log filterbanks, in JAX. Needs the extra `train`.

Light CNN: each convolution makes twice the maps and the larger of each two goes on (max-feature-map; Wu et al., "A
Light CNN for Deep Face Representation", 2018; for synthetic speech: Lavrentyeva et al., Interspeech 2019). Mean and
standard deviation over time follow, so that a window may be of any length from MINIMUM frames on; thresholds hold for
one length alone.

Each band's mean over the window is taken away first: it is the microphone's and the codec's as much as the voice's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

BANDS = 80
MINIMUM = 32
"""Frames that survive three poolings after the first stride."""
SCALE = 0.5
"""Log energies of speech, their bands' means taken away, spread by about 2."""
MOMENTUM = 0.98
"""Of the running means that the batch normalisation uses after training."""
TINY = 1e-4

Params = dict[str, dict[str, jax.Array]]
"""Layer → array. "kernel" (height, width, in, out) or (in, out), "bias" (out,)."""
Running = dict[str, dict[str, jax.Array]]
"""Layer → "mean" and "variance" of its outputs."""


@dataclass(frozen=True, slots=True)
class Convolution:
    name: str
    size: int  # of the kernel, both ways
    stride: int
    maps: int  # that go on: half of what the convolution makes
    pool: bool  # halved in both directions afterwards


CONVOLUTIONS = (
    Convolution("c1", 5, 2, 16, True),
    Convolution("c2", 1, 1, 16, False),
    Convolution("c3", 3, 1, 24, True),
    Convolution("c4", 1, 1, 24, False),
    Convolution("c5", 3, 1, 32, True),
    Convolution("c6", 1, 1, 32, False),
    Convolution("c7", 3, 1, 16, False),
)
HIDDEN = 32
OUTPUTS = 2  # 0 genuine, 1 synthetic


def initial(seed: int, bands: int = BANDS) -> tuple[Params, Running]:
    """He initialisation (2015)."""
    rng = np.random.default_rng(seed)
    params: Params = {}
    running: Running = {}
    maps, width = 1, bands
    for layer in CONVOLUTIONS:
        shape = (layer.size, layer.size, maps, 2 * layer.maps)
        params[layer.name] = _dense(rng, shape, layer.size**2 * maps)
        running[layer.name] = {"mean": jnp.zeros(shape[-1]), "variance": jnp.ones(shape[-1])}
        maps = layer.maps
        width = -(-width // layer.stride) // (2 if layer.pool else 1)
    flat = 2 * width * maps
    params["hidden"] = _dense(rng, (flat, 2 * HIDDEN), flat)
    params["out"] = _dense(rng, (HIDDEN, OUTPUTS), HIDDEN)
    return params, running


def forward(params: Params, running: Running, features: jax.Array) -> jax.Array:
    """Logits (n, 2) of filterbanks (n, frames, bands), as the exported model computes them."""
    return _through(params, running, features, None)[0]


def training(
    params: Params, running: Running, features: jax.Array, key: jax.Array, drop: float
) -> tuple[jax.Array, Running]:
    """Logits with batch statistics and dropout, and the running statistics moved on."""
    return _through(params, running, features, (key, drop))


def folded(params: Params, running: Running) -> dict[str, dict[str, NDArray[np.float32]]]:
    """The same network without normalisation: it goes into the kernels. "bias" is there for every layer."""
    plain: dict[str, dict[str, NDArray[np.float32]]] = {}
    for name, layer in params.items():
        kernel, bias = np.asarray(layer["kernel"], np.float64), np.asarray(layer["bias"], np.float64)
        if name in running:
            gain = 1 / np.sqrt(np.asarray(running[name]["variance"], np.float64) + TINY)
            kernel, bias = kernel * gain, bias - np.asarray(running[name]["mean"], np.float64) * gain
        plain[name] = {"kernel": kernel.astype(np.float32), "bias": bias.astype(np.float32)}
    return plain


def parameters(params: Params) -> int:
    return sum(int(array.size) for layer in params.values() for array in layer.values())


def _through(params: Params, running: Running, features: jax.Array, learn: Any) -> tuple[jax.Array, Running]:
    x = features - features.mean(axis=1, keepdims=True)
    x = (x * SCALE)[..., None]
    moved: Running = {}
    for layer in CONVOLUTIONS:
        kernel = params[layer.name]["kernel"]
        strides = (layer.stride, layer.stride)
        x = lax.conv_general_dilated(x, kernel, strides, "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        x, moved[layer.name] = _normal(x, running[layer.name], learn is not None)
        x = _larger(x + params[layer.name]["bias"])
        x = _halved(x) if layer.pool else x
    x = jnp.concatenate((x.mean(axis=1), jnp.sqrt(x.var(axis=1) + TINY)), axis=1).reshape(x.shape[0], -1)
    if learn is not None:
        key, drop = learn
        x = jnp.where(jax.random.bernoulli(key, 1 - drop, x.shape), x / (1 - drop), 0)
    x = _larger(x @ params["hidden"]["kernel"] + params["hidden"]["bias"])
    return x @ params["out"]["kernel"] + params["out"]["bias"], moved


def _normal(x: jax.Array, running: dict[str, jax.Array], learn: bool) -> tuple[jax.Array, dict[str, jax.Array]]:
    if not learn:
        return (x - running["mean"]) / jnp.sqrt(running["variance"] + TINY), running
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    moved = {
        "mean": MOMENTUM * running["mean"] + (1 - MOMENTUM) * lax.stop_gradient(mean),
        "variance": MOMENTUM * running["variance"] + (1 - MOMENTUM) * lax.stop_gradient(variance),
    }
    return (x - mean) / jnp.sqrt(variance + TINY), moved


def _larger(x: jax.Array) -> jax.Array:
    first, second = jnp.split(x, 2, axis=-1)
    return jnp.maximum(first, second)


def _halved(x: jax.Array) -> jax.Array:
    n, height, width, maps = x.shape
    x = x[:, : height // 2 * 2, : width // 2 * 2]
    return x.reshape(n, height // 2, 2, width // 2, 2, maps).max((2, 4))


def _dense(rng: np.random.Generator, shape: tuple[int, ...], inputs: int) -> dict[str, jax.Array]:
    kernel = rng.normal(0, np.sqrt(2 / inputs), shape)
    return {"kernel": jnp.asarray(kernel, jnp.float32), "bias": jnp.zeros(shape[-1], jnp.float32)}

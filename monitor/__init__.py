"""Room Monitor: hears live audio rooms as a visible listener and shows what matters, with its evidence."""

import os

from monitor.processor import instructions

__version__ = "0.1.0"

# Before numpy is loaded. OpenBLAS would share out each small product among threads that wait for the next one in a busy
# loop: the features of an utterance of 6 s took 13 ms of CPU instead of 3, on cores that the recogniser needs.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Before a model is loaded: an utterance takes 4 to 8 % less (decisions 42 and 45).
for _name, _value in instructions().items():
    os.environ.setdefault(_name, _value)

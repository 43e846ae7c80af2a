"""Room Monitor: hears live audio rooms as a visible listener and shows what matters, with its evidence."""

__version__ = "0.1.0"

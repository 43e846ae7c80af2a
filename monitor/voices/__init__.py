"""Synthetic-voice signatures: features, detectors, calibration, evidence over time, training and evaluation."""

"""Evidence: the audio behind an alert."""

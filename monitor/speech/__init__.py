"""Speech recognition: model files, the recogniser, its guards and its thread."""

"""Rooms of a Janus server: VideoRoom (a stream for each speaker) and AudioBridge (one mix)."""

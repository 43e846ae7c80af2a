"""A small audio room inside the process: a WebRTC SFU, the monitor's way into it, and speakers for demo and tests."""

"""`room-monitor top`: a running service in the terminal."""

"""HTTP, websocket and console."""

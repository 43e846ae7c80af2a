"""Rooms: joining, staying, leaving; receiving each speaker."""

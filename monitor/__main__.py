"""`python -m monitor` is `room-monitor`."""

from monitor.cli import main

main()

"""`python -m monitor` is `room-monitor`."""

from monitor.cli import main

if __name__ == "__main__":  # a worker process imports this file again
    main()

"""The command line: one module a group of commands; `monitor.cli` puts them together."""

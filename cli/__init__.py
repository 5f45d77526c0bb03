"""The command line: arguments, progress, and which functions to call in which order.

One file per command; each imports what it needs inside the command, so that ``asyconv --help`` stays fast.
"""

"""Throughput of built NFs, measured so that it can be believed on a busy machine."""

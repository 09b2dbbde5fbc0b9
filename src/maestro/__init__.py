"""Maestro: parallelizes sequential software network functions and configures RSS for them."""

__version__ = "0.1.0"

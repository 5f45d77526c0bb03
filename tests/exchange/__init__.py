"""Tests of the room `asyconv/exchange`."""

"""Fixtures that several files of these tests use."""

from aftersales.tests.refusals import built, world

__all__ = ["built", "world"]

"""Fixtures that several files of these tests use."""

from aftersales.tests.refusals import world

__all__ = ["world"]

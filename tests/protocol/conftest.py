"""Hypothesis for this folder: the same examples in every run, no files left behind."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("protocol", max_examples=150, deadline=None, database=None, derandomize=True)
settings.load_profile("protocol")

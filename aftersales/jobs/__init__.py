"""Work that takes longer than a person waits for: rows that a worker carries out in batches, with progress and results.

An app describes such work as a Kind (kinds.py) and registers it when it is ready. Pages plan a job and release it
(verbs.py); the worker takes it up (work.py), after a restart where it was left.
"""

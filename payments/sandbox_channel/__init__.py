"""A payment channel to develop and test against: a process of its own, with its own books.

It stands for a stranger. It imports nothing of this project and not Django, and knows only what it is told over HTTP.
"""

"""Orders of another system, from a CSV file: read, staged, checked, written in batches. docs/import.md is its manual.

rows reads lines, staging keeps them in the database, checks judges whole orders, writing is the verb, run the story.
"""

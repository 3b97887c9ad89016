"""Signing up, logging in, and what a person may change about themselves: django-allauth in our words and looks."""

"""The project package: users, actors and the lifecycle engine below; settings, URLs and workers above."""

from aftersales.celery import app as celery_app

__all__ = ["celery_app"]

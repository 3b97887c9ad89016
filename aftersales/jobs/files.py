"""What jobs make: private files under a folder of each job, given away for a time."""

from __future__ import annotations

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils import timezone

from aftersales.jobs.models import Job

FOLDER = "jobs"


def folder(job: Job) -> str:
    return f"{FOLDER}/{job.token}"


def keep(job: Job, part: str, content: File[bytes]) -> str:
    """Write a file of a job, over the one that a step which was undone has left; returns its name."""
    name = f"{folder(job)}/{part}"
    default_storage.delete(name)
    return default_storage.save(name, content)


def offer(job: Job, name: str, file_name: str) -> None:
    """Let the person who asked have a file that was kept, as `file_name`, for a time. Saved with the step."""
    job.file, job.file_name = name, file_name
    job.expires_at = timezone.now() + settings.JOB_FILES_LAST


def tidy() -> None:
    """Delete plans that nobody confirmed and files whose time is over or whose job has gone. Safe to run twice."""
    now = timezone.now()
    Job.objects.filter(ready_at__isnull=True, created_at__lt=now - settings.JOB_PLANS_LAST).delete()
    Job.objects.filter(expires_at__lte=now).exclude(file="").update(file="")
    try:
        folders = set(default_storage.listdir(FOLDER)[0])
    except FileNotFoundError:
        return
    for token in folders - _wanted():
        _delete(f"{FOLDER}/{token}")


def _wanted() -> set[str]:
    """The folders of jobs that are at work or have something to give away."""
    at_work = Job.objects.filter(ended_at__isnull=True) | Job.objects.exclude(file="")
    return {str(token) for token in at_work.values_list("token", flat=True)}


def _delete(path: str) -> None:
    for name in default_storage.listdir(path)[1]:
        default_storage.delete(f"{path}/{name}")
    default_storage.delete(path)

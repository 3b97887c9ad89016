"""Background jobs: every row once, whatever happens to the worker, and seen by those whom they concern."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DataError
from django.db.models.functions import Now
from django.urls import reverse

from aftersales.jobs import files, kinds, work
from aftersales.jobs.models import TRIES, Job, JobRow
from aftersales.jobs.verbs import cancel, release
from aftersales.lifecycle.errors import Conflict
from aftersales.models import Heartbeat
from aftersales.testing import one


class Naming(kinds.RowByRow):
    """Writes one heartbeat a row; `poor` and `dead` are rows that cannot be done."""

    name, label, batch = "naming", "Naming", 4

    def __init__(self):
        self.dies_at = -1
        self.poor: set[int] = set()

    def do(self, job, rows):
        for row in rows:
            Heartbeat.objects.create(name=f"{job.pk}-{row.key}", at=Now())
            if row.key in self.poor:
                raise DataError("poor")
            if row.key == self.dies_at:
                raise RuntimeError("power cut")
            row.succeed()


@pytest.fixture
def naming(monkeypatch):
    kind = Naming()
    monkeypatch.setitem(kinds.KINDS, kind.name, kind)
    return kind


@pytest.fixture
def job(cast, naming):
    return planned(cast)


def planned(cast, number=10):
    job = Job.objects.create(kind="naming", by=cast.bob, shop=cast.shop, planned=number)
    JobRow.objects.bulk_create(JobRow(job=job, key=key, label=f"row {key}") for key in range(number))
    return job


def written():
    return Heartbeat.objects.count()


def test_nothing_is_done_before_it_is_released(job):
    work.work()

    assert not written()


def test_every_row_is_done_once(job, cast, woken, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        release(one(job), cast.bob)
    assert woken == ["aftersales.tasks.work_jobs"]

    work.work()
    work.work()

    job.refresh_from_db()
    assert (job.outcome, job.done, job.failed) == ("finished", 10, 0)
    assert written() == job.rows.filter(ok=True).count() == 10


def test_released_twice_is_released_once(job, cast):
    release(one(job), cast.bob)

    with pytest.raises(Conflict):
        release(one(job), cast.bob)


def test_a_step_that_dies_is_undone_and_done_again(job, cast, monkeypatch):
    release(one(job), cast.bob)
    work.step()
    whole = kinds.write_results
    # The rows were moved, their results not yet written: the worst moment.
    monkeypatch.setattr(kinds, "write_results", lambda rows: [][0])
    work.step()
    assert (written(), job.rows.filter(ok=True).count()) == (4, 4)

    monkeypatch.setattr(kinds, "write_results", whole)
    assert not work.step()  # a job that stumbled rests
    one(job).update(worked_at=Now() - timedelta(minutes=1))
    work.work()

    job.refresh_from_db()
    assert (job.outcome, job.done, job.tries, job.trouble) == ("finished", 10, 0, "")
    assert written() == 10


def test_rows_to_blame_do_not_stop_the_others(job, cast, naming):
    naming.poor, naming.dies_at = {1, 6}, 9
    release(one(job), cast.bob)

    work.work()

    job.refresh_from_db()
    assert (job.outcome, job.done, job.failed) == ("finished", 7, 3)
    assert written() == 7
    assert set(job.rows.filter(ok=False).values_list("key", "code")) == {(1, "broken"), (6, "broken"), (9, "broken")}


def test_a_job_that_always_fails_is_given_up_without_stopping_others(job, cast, naming, monkeypatch):
    other = planned(cast, 3)
    for each in (job, other):
        release(one(each), cast.bob)
    step = naming.step
    monkeypatch.setattr(naming, "step", lambda each: [][0] if each.pk == job.pk else step(each))

    for _ in range(TRIES):
        work.work()
        one(job).update(worked_at=Now() - timedelta(minutes=1))

    job.refresh_from_db()
    other.refresh_from_db()
    assert (job.outcome, job.tries) == ("failed", TRIES)
    assert (other.outcome, other.done) == ("finished", 3)


def test_cancelled_does_no_more(job, cast):
    release(one(job), cast.bob)
    work.step()
    cancel(one(job))
    work.work()

    job.refresh_from_db()
    assert (job.outcome, job.done, written()) == ("cancelled", 4, 4)
    with pytest.raises(Conflict):
        cancel(one(job))


def test_nothing_is_done_for_who_has_left(job, cast):
    release(one(job), cast.bob)
    cast.bob.is_active = False
    cast.bob.save(update_fields=["is_active"])

    work.work()

    job.refresh_from_db()
    assert (job.outcome, job.trouble, written()) == ("failed", "no_rights", 0)


def test_a_step_takes_a_fixed_number_of_queries(job, cast, django_assert_max_num_queries):
    release(one(job), cast.bob)

    # Of which one is written by each row of this kind.
    with django_assert_max_num_queries(4 + 8):
        work.step()


# --- pages and files --------------------------------------------------------------------------------------------------


def page(job, name="change"):
    return reverse(f"admin:aftersales_job_{name}", args=[job.pk])


def test_a_page_shows_progress_and_results(client, job, cast, naming, django_assert_max_num_queries):
    naming.poor = {2}
    release(one(job), cast.bob)
    work.work()
    client.force_login(cast.bob)

    with django_assert_max_num_queries(12):
        body = client.get(page(job)).content.decode()

    assert "10 of 10 rows" in body
    assert "row 2" in body
    assert "A mistake on our side; this one was not changed" in body
    part = client.get(page(job), headers={"hx-request": "true"})
    assert (part.headers["HX-Refresh"], b"<html" in part.content) == ("true", False)


def test_strangers_find_nothing(client, job, cast):
    release(one(job), cast.bob)
    client.force_login(cast.dave)

    answers = [client.get(page(job)), client.post(page(job, "cancel")), client.get(page(job, "file"))]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert "Naming" not in client.get(reverse("admin:aftersales_job_changelist")).content.decode()
    job.refresh_from_db()
    assert job.ended_at is None


def test_who_asked_cancels_it(client, job, cast):
    release(one(job), cast.bob)
    client.force_login(cast.bob)

    assert client.get(page(job, "cancel")).status_code == 405
    client.post(page(job, "cancel"))

    job.refresh_from_db()
    assert job.outcome == "cancelled"


@pytest.fixture
def made(job, cast):
    name = files.keep(job, "all.csv", ContentFile(b"a,b"))
    files.offer(job, name, "rows.csv")
    job.save(update_fields=["file", "file_name", "expires_at"])
    release(one(job), cast.bob)
    work.work()
    job.refresh_from_db()
    return job


def test_a_file_goes_to_who_asked_and_expires(client, made, cast):
    client.force_login(cast.operator)
    assert client.get(page(made, "file")).status_code == 404
    client.force_login(cast.bob)
    answer = client.get(page(made, "file"))
    assert (b"".join(answer), "no-store" in answer["Cache-Control"]) == (b"a,b", True)
    assert 'filename="rows.csv"' in answer["Content-Disposition"]

    files.tidy()
    assert default_storage.exists(made.file)
    one(made).update(expires_at=Now() - timedelta(seconds=1))
    assert client.get(page(made, "file")).status_code == 404
    files.tidy()

    assert not default_storage.exists(files.folder(made))
    assert one(made).get().file == ""


def test_plans_that_nobody_confirms_go(job, cast):
    one(job).update(created_at=Now() - timedelta(days=2))
    kept = planned(cast, 1)

    files.tidy()

    assert list(Job.objects.all()) == [kept]

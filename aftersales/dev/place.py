"""Where the embedded services keep their data, and as whom they run.

An ordinary user: in `.dev` of the project, as that user. PostgreSQL refuses to run as root, so root starts both
services as the owner of the data or of the project folder, else as `nobody`; no system user is created and no
permission outside `.dev` is widened. Where that user cannot reach the project (say, it lies in /root), root keeps
data and copies of the programs in /var/lib/aftersales-dev/<hash of the project's path>. `.dev/elsewhere` names that
folder: when it is gone, the data there are of a deleted `.dev`, and are dropped. Such a project loses its
development data when it is moved.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from django.core.exceptions import ImproperlyConfigured

ELSEWHERE = Path("/var/lib/aftersales-dev")


class RunAs(TypedDict, total=False):
    """subprocess's arguments that drop root."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Place:
    root: Path
    folder: Path
    user: pwd.struct_passwd | None

    @property
    def run_as(self) -> RunAs:
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    @property
    def is_elsewhere(self) -> bool:
        return self.folder != self.root / ".dev"

    @property
    def is_forgotten(self) -> bool:
        """Whether the data elsewhere outlived the `.dev` that they belonged to."""
        return self.is_elsewhere and self.folder.exists() and not (self.root / ".dev" / "elsewhere").exists()

    def prepare(self) -> None:
        """Make the folders. Root lets others pass through, and only through, those that lead to the data."""
        (self.root / ".dev").mkdir(mode=0o700, exist_ok=True)
        if self.is_elsewhere:
            ELSEWHERE.mkdir(mode=0o711, exist_ok=True)
            self.folder.mkdir(mode=0o711, exist_ok=True)
            (self.root / ".dev" / "elsewhere").write_text(str(self.folder), encoding="utf-8")
        if self.user:
            self.folder.chmod(0o711)
        if self.user and self.user.pw_uid == self.root.stat().st_uid:
            # Root in somebody's project must not lock them out of it.
            self.give(self.root / ".dev")

    def give(self, path: Path) -> None:
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def take_over(self, folder: Path) -> None:
        """Make data usable that were copied: `cp -r` keeps neither owner nor mode, and postgres insists on both."""
        folder.chmod(0o700)
        if self.user and folder.stat().st_uid != self.user.pw_uid:
            for path in (folder, *folder.rglob("*")):
                self.give(path)

    def new_folder(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir(mode=0o700)
        self.give(path)
        return path

    def private_file(self, path: Path, text: str) -> Path:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        self.give(path)
        return path

    def log(self, name: str) -> Path:
        path = self.folder / f"{name}.log"
        path.touch(mode=0o600)
        self.give(path)
        return path

    def program(self, package: str, pattern: str) -> Path:
        """A program out of a wheel: in place when the user can run it, else from a copy in our folder."""
        shipped = _shipped(package, pattern)
        if self.user is None or (_passable(shipped, self.user) and self._runs(shipped)):
            return shipped
        copy = self.folder / "programs" / shipped.relative_to(_packages(package))
        if not self._runs(copy):
            _copy(package, self.folder / "programs")
        return copy

    def _runs(self, program: Path) -> bool:
        try:
            return (
                subprocess.run([program, "--version"], capture_output=True, check=False, **self.run_as).returncode == 0
            )
        except OSError:
            return False


def find(root: Path) -> Place:
    """The place of a project's services. Creates nothing."""
    root = root.resolve()
    if os.geteuid() != 0:
        return Place(root, root / ".dev", None)
    user = _unprivileged(root)
    if _passable(root / ".dev" / "postgres", user):
        return Place(root, root / ".dev", user)
    return Place(root, ELSEWHERE / hashlib.sha256(os.fsencode(root)).hexdigest()[:12], user)


def _unprivileged(root: Path) -> pwd.struct_passwd:
    for path in (root / ".dev" / "postgres", root):
        try:
            user = pwd.getpwuid(path.stat().st_uid)
        except (OSError, KeyError):
            continue
        if user.pw_uid != 0:
            return user
    return pwd.getpwnam("nobody")


def _passable(path: Path, user: pwd.struct_passwd) -> bool:
    # `.dev` itself is ours to open, so it does not count.
    return all(_may_enter(parent, user) for parent in path.parents if parent.name != ".dev")


def _may_enter(folder: Path, user: pwd.struct_passwd) -> bool:
    try:
        status = folder.stat()
    except OSError:
        return False
    if status.st_uid == user.pw_uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == user.pw_gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _packages(package: str) -> Path:
    # Looked up, not imported: the wheels' own modules start locks and logging that are not wanted here.
    spec = find_spec(package)
    if spec is None or not spec.origin:
        raise ImproperlyConfigured(
            f"The package {package} is not installed. Run `make setup`, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).parent.parent


def _shipped(package: str, pattern: str) -> Path:
    found = next((_packages(package) / package).glob(pattern), None)
    if found is None:
        raise ImproperlyConfigured(f"The package {package} has no {pattern} for this kind of machine.")
    return found


def _copy(package: str, target: Path) -> None:
    source = _packages(package)
    for folder in source.glob(f"{package}*"):
        if folder.is_dir() and folder.suffix != ".dist-info":
            shutil.copytree(folder, target / folder.name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("include"))
    for path in [target, *target.rglob("*")]:
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644))

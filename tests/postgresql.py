"""A PostgreSQL server of the tests' own: in a temporary folder, on a socket in it, under a user that is not root."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

WHY_NOT = "PostgreSQL's server is not installed (Debian: apt-get install postgresql)"


def binaries() -> Path | None:
    """The folder with initdb and pg_ctl."""
    folders = [Path(found).resolve().parent for name in ("initdb", "pg_ctl") if (found := shutil.which(name))]
    if config := shutil.which("pg_config"):
        said = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(said.stdout.strip()))
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


def unprivileged() -> Mapping[str, Any]:
    """How to run a command as somebody else, where we are root: the server refuses to run as root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("there is no user `postgres` or `nobody` to run PostgreSQL as")


@attrs.define
class Server:
    """A server, running or not; its data are gone when it is removed."""

    bin: Path
    folder: Path
    databases: int = 0

    @classmethod
    def begin(cls, bin_: Path) -> "Server":
        """Make the data and start the server."""
        # Not in pytest's folder, which only its owner may enter; and a socket's path has to be short.
        folder = Path(tempfile.mkdtemp(prefix="pg-"))
        as_whom = unprivileged()
        if as_whom:
            os.chown(folder, as_whom["user"], as_whom["group"])
        server = cls(bin_, folder)
        server._run("initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        server.start()
        return server

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        # Nothing but the whole machine's crash needs fsync, and no test crashes the machine.
        options = f"-c listen_addresses='' -k {self.folder} -c fsync=off -c autovacuum=off -c max_connections=100"
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self, how: str = "fast") -> None:
        """Stop the server: `fast` ends its sessions, `immediate` is a crash."""
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-m", how, "stop")

    def restart(self, how: str = "fast") -> None:
        """Stop and start the server."""
        self.stop(how)
        self.start()

    def remove(self) -> None:
        """Stop the server and remove its data."""
        try:
            self.stop("immediate")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [str(self.bin / program), *map(str, arguments)]
        # The server inherits what it is started with; a pipe that it kept open would never end.
        with (self.folder / "commands.log").open("ab") as log:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                check=False,
                timeout=120,
                **unprivileged(),
            )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}\n{(self.folder / 'commands.log').read_text()}")

    def url(self, database: str = "postgres") -> str:
        """The address of a database."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """Make a database, and return its address."""
        import psycopg

        self.databases += 1
        name = f"test_{os.getpid()}_{self.databases}_{time.monotonic_ns()}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'create database "{name}"')
        return self.url(name)


def running() -> Iterator[Server]:
    """Have a server run for a test, or for all of them; skip where there is none to run."""
    found = binaries()
    if found is None:
        pytest.skip(WHY_NOT)
    server = Server.begin(found)
    yield server
    server.remove()

"""A real IMAP server for the tests: Dovecot, as an ordinary user, on a free loopback port, with a folder of its own."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from imapclient import IMAPClient

PASSWORD = "secret"
_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"

_COMMON = """\
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/log
listen = 127.0.0.1
ssl = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_max_userip_connections = 50
verbose_proctitle = yes
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""
_DOVECOT_23 = """\
protocols = imap
disable_plaintext_auth = no
mail_location = maildir:{dir}/mail/%u
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}/mail/%u allow_all_users=yes
}}
"""
# 2.4 renamed nearly every setting and wants to be told which version the file was written for.
_DOVECOT_24 = """\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
protocols {{
  imap = yes
}}
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = {dir}/mail/%{{user}}
passdb static {{
  password = {password}
}}
userdb static {{
  allow_all_users = yes
  fields {{
    uid = {uid}
    gid = {gid}
    home = {dir}/mail/%{{user}}
  }}
}}
"""


class Dovecot:
    """A running server. Every user exists and has the password `secret`; a mailbox is made at its first login."""

    host = "127.0.0.1"

    def __init__(self, binary: str) -> None:
        self._binary = binary
        self.port = free_port()
        # Short, because unix socket paths end at 108 bytes.
        self.dir = Path(tempfile.mkdtemp(prefix="dc", dir="/tmp"))
        self._account = _account()
        self._process: subprocess.Popen[bytes] | None = None
        self._configure()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [*self._drop_root(), self._binary, "-F", "-c", str(self.dir / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        deadline = time.monotonic() + 15
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Dovecot did not start: {self.trouble()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server and everything it started; the mail stays."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        # Sessions of clients that hang on outlive their master: the group is our own.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)
        if process.stderr:
            process.stderr.close()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def client(self, user: str) -> IMAPClient:
        """Somebody's own mail program, logged in."""
        client = IMAPClient(self.host, self.port, ssl=False, timeout=10)
        client.normalise_times = False
        try:
            client.login(user, PASSWORD)
        except BaseException:
            client.shutdown()
            raise
        return client

    def hang_up_on(self, user: str) -> None:
        """End every session of `user` from the server's side, as a restart or an administrator would."""
        for pid in self.sessions(user):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def rebuild(self, user: str) -> None:
        """Forget UIDs and UIDVALIDITY, as a restored or migrated mailbox does; the mail stays."""
        for index in (self.dir / "mail" / user).glob("dovecot*"):
            index.unlink()

    def trouble(self) -> str:
        log = self.dir / "log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else "no log was written"

    def _configure(self) -> None:
        for name in ("run", "state", "mail"):
            (self.dir / name).mkdir()
        version = subprocess.run([self._binary, "--version"], capture_output=True, text=True, check=True).stdout
        numbers = tuple(int(n) for n in version.split()[0].split(".")[:2])
        template = _DOVECOT_24 + _COMMON if numbers >= (2, 4) else _DOVECOT_23 + _COMMON
        me = self._account
        group = grp.getgrgid(me.pw_gid).gr_name
        values = {
            "dir": self.dir,
            "password": PASSWORD,
            "user": me.pw_name,
            "group": group,
            "uid": me.pw_uid,
            "gid": me.pw_gid,
        }
        (self.dir / "dovecot.conf").write_text(template.format(port=self.port, **values))
        if os.geteuid() == 0:
            for path in (self.dir, *self.dir.rglob("*")):
                os.chown(path, me.pw_uid, me.pw_gid)

    def _drop_root(self) -> list[str]:
        """As root, Dovecot refuses to run its login process under root's name."""
        if os.geteuid() != 0:
            return []
        me = self._account
        return ["setpriv", f"--reuid={me.pw_uid}", f"--regid={me.pw_gid}", "--clear-groups"]

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), 1) as line:
                line.settimeout(5)
                return line.recv(4) == b"* OK"
        except OSError:
            return False

    def sessions(self, user: str) -> list[int]:
        """The imap processes of this very server that serve `user`: found by our own process group and their title."""
        assert self._process
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                title = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if (
                    title.startswith("dovecot/imap ")
                    and user in title
                    and os.getsid(int(entry.name)) == self._process.pid
                ):
                    found.append(int(entry.name))
        return found


class Missing(Exception):
    """There is no Dovecot on this machine."""


@contextlib.contextmanager
def server() -> Iterator[Dovecot]:
    """A running server for the block. Raises Missing where Dovecot is not installed."""
    binary = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:{_SBIN}")
    if binary is None:
        raise Missing("Dovecot is not installed (apt-get install dovecot-imapd): IMAP meets scripted servers only")
    running = Dovecot(binary)
    try:
        running.start()
        yield running
    finally:
        running.remove()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _account() -> pwd.struct_passwd:
    return pwd.getpwuid(os.geteuid()) if os.geteuid() else pwd.getpwnam("nobody")

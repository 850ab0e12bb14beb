"""Lines to outgoing servers: dialled with TLS and a checked certificate, kept for a while, rested after a failure.

A process holds at most one idle line a server. A forked child never uses its parent's lines.
"""

from __future__ import annotations

import contextlib
import os
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels.email.settings import Smtp

IDLE_SECONDS = 30.0
MAILS_A_LINE = 100
# A failing host sees at most one connection a second from this process, and a busy one no more than fifty mails.
REST_SECONDS = 1.0
PACE_SECONDS = 0.02
LOGIN_PAUSE = 600.0


class NoLineError(Exception):
    """There is no line to the server now. `after`: seconds to wait; `mend`: what a person can do."""

    def __init__(self, message: str, after: float | None = None, mend: str = "") -> None:
        super().__init__(message)
        self.after = after
        self.mend = mend


@dataclass
class _Host:
    """What this process remembers of one server."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    line: smtplib.SMTP | None = None
    idle_since: float = 0.0
    mails: int = 0
    rest_until: float = 0.0
    trouble: str = ""
    last_mail: float = 0.0


_hosts: dict[Smtp, _Host] = {}
_hosts_lock = threading.Lock()


@contextlib.contextmanager
def line_to(server: Smtp) -> Iterator[smtplib.SMTP]:
    """A line that answers, for one mail. It is kept when the block ends well and dropped when it raises. NoLineError
    when there is none."""
    host = _host(server)
    with host.lock:
        line = _kept(host) or _fresh(server, host)
        time.sleep(max(0.0, host.last_mail + PACE_SECONDS - time.monotonic()))
        try:
            yield line
        except BaseException:
            _drop(line)
            raise
        host.last_mail = host.idle_since = time.monotonic()
        host.mails += 1
        host.line = line


def dial(server: Smtp) -> smtplib.SMTP:
    """A fresh line: connected, encrypted as the settings demand, logged in. NoLineError says which of these failed."""
    line = _connect(server)
    try:
        _greet(line, server)
        _log_in(line, server)
    except BaseException:
        _drop(line)
        raise
    return line


def hang_up(line: smtplib.SMTP) -> None:
    """Say goodbye; a server that does not answer is left alone."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        line.quit()
    _drop(line)


def close_all() -> None:
    """Hang up every idle line of this process."""
    with _hosts_lock:
        hosts = list(_hosts.values())
        _hosts.clear()
    for host in hosts:
        if host.line is not None:
            hang_up(host.line)
            host.line = None


def _host(server: Smtp) -> _Host:
    with _hosts_lock:
        return _hosts.setdefault(server, _Host())


def _kept(host: _Host) -> smtplib.SMTP | None:
    """The idle line when it is young and still answers. It is taken out: a failure never leaves a broken one behind."""
    line, host.line = host.line, None
    if line is None:
        return None
    if time.monotonic() - host.idle_since > IDLE_SECONDS or host.mails >= MAILS_A_LINE:
        hang_up(line)
        return None
    with contextlib.suppress(OSError, smtplib.SMTPException):
        if line.rset()[0] == 250:
            return line
    _drop(line)
    return None


def _fresh(server: Smtp, host: _Host) -> smtplib.SMTP:
    wait = host.rest_until - time.monotonic()
    if wait > 0:
        raise NoLineError(host.trouble, wait)
    try:
        host.mails = 0
        return dial(server)
    except NoLineError as error:
        host.trouble = str(error)
        host.rest_until = time.monotonic() + REST_SECONDS
        raise


def _connect(server: Smtp) -> smtplib.SMTP:
    name = _own_name()
    where = f"{server.host}:{server.port}"
    try:
        if server.tls == "tls":
            return smtplib.SMTP_SSL(server.host, server.port, name, timeout=server.timeout, context=_context())
        return smtplib.SMTP(server.host, server.port, name, timeout=server.timeout)
    except ssl.SSLCertVerificationError as error:
        raise _bad_certificate(where, error) from error
    except ssl.SSLError as error:
        mend = 'Port 465 wants tls = "tls", port 587 wants tls = "starttls".'
        raise NoLineError(f"{where} does not speak TLS as we do: {error.reason}", LOGIN_PAUSE, mend) from error
    except smtplib.SMTPConnectError as error:
        words = _text(error.smtp_error)
        raise NoLineError(
            f"{where} greets us with {error.smtp_code} {words}", None, "Ask who runs the server."
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        mend = "Check host and port, and that this machine may reach them."
        raise NoLineError(f"{where} cannot be reached: {error}", None, mend) from error


def _greet(line: smtplib.SMTP, server: Smtp) -> None:
    where = f"{server.host}:{server.port}"
    try:
        line.ehlo_or_helo_if_needed()
        if server.tls == "starttls":
            line.starttls(context=_context())
            line.ehlo_or_helo_if_needed()
    except smtplib.SMTPNotSupportedError as error:
        mend = 'Use another port with tls = "tls"; only on a trusted line set tls = "none".'
        raise NoLineError(
            f"{where} offers no STARTTLS, and mail is not sent in the clear", LOGIN_PAUSE, mend
        ) from error
    except ssl.SSLCertVerificationError as error:
        raise _bad_certificate(where, error) from error
    except smtplib.SMTPResponseException as error:
        raise NoLineError(f"{where} refuses the greeting: {error.smtp_code} {_text(error.smtp_error)}") from error
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise NoLineError(f"{where} broke off during the greeting: {error}") from error


def _log_in(line: smtplib.SMTP, server: Smtp) -> None:
    """A refused login is a matter of the settings, not of the mail: it waits until a person has mended them."""
    if not server.user:
        return
    where = f"{server.host}:{server.port}"
    mend = "Check user and password; many providers want an app password or an authorisation code."
    try:
        line.login(server.user, server.secret())
    except smtplib.SMTPResponseException as error:
        after = LOGIN_PAUSE if error.smtp_code >= 500 else None
        words = f"{error.smtp_code} {_text(error.smtp_error)}"
        raise NoLineError(f"{where} refuses the login of {server.user}: {words}", after, mend) from error
    except smtplib.SMTPNotSupportedError as error:
        mend = "Remove user, or use the submission port."
        raise NoLineError(f"{where} offers no login: {error}", LOGIN_PAUSE, mend) from error
    except UnicodeEncodeError as error:
        raise NoLineError(f"{where}: user or password has letters beyond ASCII", LOGIN_PAUSE, mend) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NoLineError(f"{where} broke off during the login: {error}") from error


def _own_name() -> str:
    """What we say in EHLO. Looking up the full name could hang on a name server, so a short one becomes a literal."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _bad_certificate(where: str, error: ssl.SSLCertVerificationError) -> NoLineError:
    mend = "Use the host name that the certificate is made for, or mend the certificate."
    return NoLineError(f"{where} shows a certificate that does not hold: {error.verify_message}", LOGIN_PAUSE, mend)


def _drop(line: smtplib.SMTP) -> None:
    with contextlib.suppress(OSError):
        line.close()


def _text(words: bytes | str) -> str:
    return " ".join((words.decode("utf-8", "replace") if isinstance(words, bytes) else words).split())


def _forget() -> None:
    """In a forked child: the parent goes on talking over these lines, so they are dropped without a word. The locks are
    new as well, for a thread of the parent may have held one."""
    global _hosts, _hosts_lock
    old, _hosts, _hosts_lock = _hosts, {}, threading.Lock()
    for host in old.values():
        if host.line is not None and host.line.sock is not None:
            # os.close, not shutdown: the connection itself belongs to the parent.
            os.close(host.line.sock.detach())


os.register_at_fork(after_in_child=_forget)

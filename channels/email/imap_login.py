"""Getting to the mailbox: connect, encrypt, log in, introduce ourselves, open. Every failure becomes a ChannelError."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any

from imapclient import IMAPClient, exceptions

from channels.base import ChannelError
from channels.email.settings import Imap

# imaplib and the response parser raise these for broken lines, cut literals and half-closed sockets.
FAULTS = (OSError, exceptions.IMAPClientError, ValueError, AttributeError, TypeError, LookupError, AssertionError)
# RFC 5530 codes and words of servers that refuse a login only for the moment.
_FOR_NOW = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]|too many|try again|temporar|later", re.IGNORECASE)


def dial(server: Imap) -> Any:
    """A client that is logged in. ChannelError is `permanent` where only a person can help: password, certificate."""
    where = f"{server.host}:{server.port}"
    client = _connect(server, where)
    try:
        _log_in(client, server, where)
        _introduce(client)
    except BaseException:
        hang_up(client)
        raise
    return client


def open_mailbox(client: Any, mailbox: str, *, readonly: bool) -> dict[bytes, Any]:
    """SELECT or EXAMINE, and what the server said. A refusal is permanent: the mailbox is not there, or not ours."""
    with faults_as_channel_errors(f"opening {mailbox}"):
        try:
            answer: dict[bytes, Any] = client.select_folder(mailbox, readonly=readonly)
        except exceptions.IMAPClientAbortError:
            raise
        except exceptions.IMAPClientError as error:
            words = f"the server does not open the mailbox {mailbox!r}: {error}"
            raise ChannelError(words, permanent=not _FOR_NOW.search(str(error))) from error
    return answer


def hang_up(client: Any) -> None:
    """Drop the line without LOGOUT: on a broken one that would wait for an answer that never comes."""
    with contextlib.suppress(Exception):
        client.shutdown()


def shut(client: Any) -> None:
    """Break the line from another thread: whoever reads from it comes back at once. Closing stays with the reader,
    for a file descriptor that is closed under a reader may be somebody else's a moment later."""
    with contextlib.suppress(Exception):
        # The plain socket's shutdown: that of an SSLSocket also tears away the state that the reader is using.
        socket.socket.shutdown(client.socket(), socket.SHUT_RDWR)


@contextlib.contextmanager
def faults_as_channel_errors(doing: str) -> Iterator[None]:
    """Whatever the library raises on a broken line becomes one ChannelError that says what was going on."""
    try:
        yield
    except FAULTS as error:
        words = str(error) or type(error).__name__
        raise ChannelError(f"the line to the IMAP server broke while {doing}: {words}") from error


def login_is_refused_for_good(words: str) -> bool:
    """Pure: must a person act, or is the server only busy?"""
    return not _FOR_NOW.search(words)


def _connect(server: Imap, where: str) -> Any:
    try:
        context = ssl.create_default_context()
        tls = server.tls == "tls"
        client = IMAPClient(server.host, server.port, ssl=tls, ssl_context=context, timeout=server.timeout)
        # The default turns INTERNALDATE into naive local time.
        client.normalise_times = False
        if server.tls == "starttls":
            _start_tls(client, context)
    except ssl.SSLCertVerificationError as error:
        words = f"{where} shows a certificate that does not hold: {error.verify_message}"
        raise ChannelError(words, permanent=True) from error
    except exceptions.CapabilityError as error:
        words = f'{where} offers no STARTTLS; use tls = "tls", or tls = "none" on a trusted line only'
        raise ChannelError(words, permanent=True) from error
    except FAULTS as error:
        raise ChannelError(f"{where} cannot be reached: {str(error) or type(error).__name__}") from error
    return client


def _start_tls(client: Any, context: ssl.SSLContext) -> None:
    try:
        client.starttls(context)
    except BaseException:
        hang_up(client)
        raise


def _log_in(client: Any, server: Imap, where: str) -> None:
    try:
        secret = server.secret()
        if secret.isascii() or not client.has_capability("AUTH=PLAIN"):
            client.login(server.user, secret)
        else:
            # LOGIN knows only ASCII; PLAIN is UTF-8 (RFC 4616).
            client.plain_login(server.user, secret)
    except exceptions.IMAPClientError as error:
        # LoginError hides a line that broke: then the password was never judged.
        broke = isinstance(error.__context__ or error, exceptions.IMAPClientAbortError)
        words = f"{where} refuses the login of {server.user}: {error}"
        raise ChannelError(words, permanent=not broke and login_is_refused_for_good(str(error))) from error
    except FAULTS as error:
        raise ChannelError(f"{where} broke off during the login: {str(error) or type(error).__name__}") from error


def _introduce(client: Any) -> None:
    """163.com, 126 and yeah.net open no mailbox for a client without ID (RFC 2971): "Unsafe Login"."""
    with faults_as_channel_errors("introducing ourselves"):
        if not client.has_capability("ID"):
            return
        try:
            client.id_({"name": "Switchboard", "version": "1"})
        except exceptions.IMAPClientAbortError:
            raise
        except exceptions.IMAPClientError:
            # A server that lists ID and refuses it loses nothing.
            return

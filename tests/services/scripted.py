"""Servers that follow a script: for the faults that a real one cannot be asked to commit.

A script is a function that gets a `Line` and the number of the connection (from 1), in a thread of its own.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

CERTIFICATE = Path(__file__).with_name("localhost.pem")
Script = Callable[["Line", int], None]


class Line:
    """One connection, seen from the server."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        self.socket = connection
        self._file = connection.makefile("rb")

    def say(self, *lines: str | bytes) -> None:
        for line in lines:
            self.socket.sendall((line.encode() if isinstance(line, str) else line) + b"\r\n")

    def send(self, raw: bytes) -> None:
        self.socket.sendall(raw)

    def hear(self) -> str:
        """The next line without its end; EOFError when the client has gone."""
        line = self._file.readline()
        if not line:
            raise EOFError
        return line.decode("utf-8", "replace").rstrip("\r\n")

    def content(self) -> bytes:
        """All lines up to the lone dot."""
        got = b""
        while not got.endswith(b"\r\n.\r\n") and got != b".\r\n":
            line = self._file.readline()
            if not line:
                raise EOFError
            got += line
        return got

    def encrypt(self) -> None:
        """Go on behind TLS, with the test certificate for 127.0.0.1."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTIFICATE)
        self._file.close()
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self._file = self.socket.makefile("rb")

    def cut(self) -> None:
        """Hang up without a word."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._file.close()
        self.socket.close()


class Server:
    """`connections` counts; `heard` keeps every command line that `smtp` heard."""

    host = "127.0.0.1"

    def __init__(self, script: Script) -> None:
        self.script = script
        self.connections = 0
        self._listening = socket.create_server((self.host, 0))
        self.port: int = self._listening.getsockname()[1]
        self._lines: list[Line] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for line in self._lines:
            line.cut()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            line = Line(connection)
            self._lines.append(line)
            thread = threading.Thread(target=self._run, args=(line, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, line: Line, number: int) -> None:
        with contextlib.suppress(OSError, EOFError):
            self.script(line, number)
        line.cut()
        line.close()


@contextlib.contextmanager
def serving(script: Script) -> Iterator[Server]:
    server = Server(script)
    try:
        yield server
    finally:
        server.stop()


class Smtp:
    """An SMTP server as a table: what it answers to each verb (`RCPT TO:<a@b>` before `RCPT` before the default), and
    what it does after the final dot. `mails` is what it took."""

    def __init__(self, answers: dict[str, str] | None = None, after_dot: Callable[[Line], None] | None = None) -> None:
        self.answers = answers or {}
        self.after_dot = after_dot
        self.heard: list[str] = []
        self.mails: list[bytes] = []
        self.extensions = ("SIZE 10000000", "8BITMIME")
        self.encrypted = 0

    def __call__(self, line: Line, number: int) -> None:
        line.say(self.answers.get("greeting", "220 scripted ready"))
        while True:
            command = line.hear()
            self.heard.append(command)
            if command.upper().startswith("DATA") and "DATA" not in self.answers:
                self._data(line)
            elif not self._answer(line, command):
                return

    def _answer(self, line: Line, command: str) -> bool:
        verb = command.split(" ")[0].split(":")[0].upper()
        answer = self.answers.get(command.split(" SIZE=")[0], self.answers.get(verb, ""))
        if answer == "cut":
            return False
        if answer:
            line.say(answer)
        elif verb == "STARTTLS":
            line.say("220 go ahead")
            line.encrypt()
            self.encrypted += 1
        elif verb == "EHLO":
            line.say(*[f"250-{e}" for e in ("scripted", *self.extensions)], "250 OK")
        else:
            line.say("221 bye" if verb == "QUIT" else "250 2.0.0 OK")
        return verb != "QUIT" and not answer.startswith("421")

    def _data(self, line: Line) -> None:
        line.say("354 go on")
        content = line.content()
        if self.after_dot:
            self.after_dot(line)
        else:
            self.mails.append(content)
            line.say("250 2.0.0 queued as 4711")


class Imap:
    """An IMAP server as a table of mails and hooks. A hook for a verb (`UID FETCH` before `UID`) gets the line, the tag
    and the arguments, and answers True when it has dealt with the command."""

    def __init__(
        self, mails: dict[int, bytes] | None = None, capabilities: str = "IMAP4rev1 IDLE UIDPLUS MOVE"
    ) -> None:
        self.mails = dict(mails or {})
        self.capabilities = capabilities
        self.uidvalidity = 7
        self.uidnext = max(self.mails, default=0) + 1
        self.hooks: dict[str, Callable[[Line, str, str], bool]] = {}
        self.heard: list[str] = []
        self.idling = threading.Event()
        self.idlers: list[Line] = []

    def add(self, raw: bytes) -> int:
        """A mail arrives, and those who sit in IDLE hear of it."""
        uid, self.uidnext = self.uidnext, self.uidnext + 1
        self.mails[uid] = raw
        for line in list(self.idlers):
            with contextlib.suppress(OSError):
                line.say(f"* {len(self.mails)} EXISTS")
        return uid

    def __call__(self, line: Line, number: int) -> None:
        line.say("* OK scripted ready")
        while True:
            tag, _, rest = line.hear().partition(" ")
            self.heard.append(rest)
            self._obey(line, tag, rest)

    def _obey(self, line: Line, tag: str, rest: str) -> None:
        words = rest.split(" ")
        verb = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
        hook = self.hooks.get(verb)
        if hook and hook(line, tag, rest):
            return
        handler = getattr(self, f"_{verb.lower().replace(' ', '_')}", None)
        if handler:
            handler(line, tag, rest)
        line.say(f"{tag} OK done")

    def _capability(self, line: Line, tag: str, rest: str) -> None:
        line.say(f"* CAPABILITY {self.capabilities}")

    def _select(self, line: Line, tag: str, rest: str) -> None:
        line.say(f"* {len(self.mails)} EXISTS", "* 0 RECENT", "* FLAGS (\\Seen \\Deleted)")
        line.say(f"* OK [UIDVALIDITY {self.uidvalidity}] ok", f"* OK [UIDNEXT {self.uidnext}] ok")

    _examine = _select

    def _uid_search(self, line: Line, tag: str, rest: str) -> None:
        first = int(re.findall(r"(\d+):\*", rest)[0])
        last = max(self.mails, default=0)
        # As RFC 3501 has it: n:* always includes the newest mail.
        line.say("* SEARCH " + " ".join(str(u) for u in sorted(self.mails) if u >= min(first, last)))

    def _uid_fetch(self, line: Line, tag: str, rest: str) -> None:
        _, _, uids, what = rest.split(" ", 3)
        wanted = [int(u) for u in uids.split(",")]
        for seq, uid in enumerate(sorted(self.mails), 1):
            if uid in wanted:
                line.send(self.fetched(seq, uid, what))

    def fetched(self, seq: int, uid: int, what: str) -> bytes:
        raw = self.mails[uid]
        if "BODY" not in what:
            date = '"01-Jan-2030 00:00:00 +0000"'
            return f"* {seq} FETCH (UID {uid} RFC822.SIZE {len(raw)} INTERNALDATE {date})\r\n".encode()
        part = re.search(r"<0\.(\d+)>", what)
        body, key = (raw[: int(part[1])], "BODY[]<0>") if part else (raw, "BODY[]")
        return f"* {seq} FETCH (UID {uid} {key} {{{len(body)}}}\r\n".encode() + body + b")\r\n"

    def _idle(self, line: Line, tag: str, rest: str) -> None:
        line.say("+ idling")
        self.idlers.append(line)
        self.idling.set()
        try:
            while line.hear().upper() != "DONE":
                pass
        finally:
            self.idlers.remove(line)

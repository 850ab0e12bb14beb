"""What an email account can be told in `switchboard.toml`. docs/channels.md explains each line."""

from __future__ import annotations

import os
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class Server(BaseModel):
    """A login somewhere. The password is written here, or better named by `password_env`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str
    port: int = Field(ge=1, le=65535)
    tls: Literal["tls", "starttls", "none"] = "tls"
    user: str = ""
    password: SecretStr = SecretStr("")
    password_env: str = ""
    timeout: float = Field(default=30, gt=0, le=300)

    @model_validator(mode="after")
    def _password_is_there(self) -> Server:
        if self.password_env and self.password_env not in os.environ:
            raise ValueError(f"the environment has no {self.password_env}")
        return self

    def secret(self) -> str:
        return os.environ[self.password_env] if self.password_env else self.password.get_secret_value()


class Imap(Server):
    """`first_sync`: `now` starts with the next mail; `all` takes what is there as an archive that is never acknowledged.

    `after` is what happens to a mail on the server once it is stored; nothing, by default."""

    port: int = Field(default=993, ge=1, le=65535)
    mailbox: str = "INBOX"
    first_sync: Literal["now", "all"] = "now"
    after: Literal["nothing", "seen", "move"] = "nothing"
    move_to: str = ""
    poll_seconds: float = Field(default=60, ge=1, le=3600)
    idle_seconds: float = Field(default=540, ge=5, le=1700)

    @model_validator(mode="after")
    def _move_has_a_folder(self) -> Imap:
        if self.after == "move" and not self.move_to:
            raise ValueError('after = "move" needs move_to = "a folder"')
        return self


class Smtp(Server):
    """`sent_folder` keeps a copy of what was sent on the IMAP server; empty where the provider does that by itself."""

    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["tls", "starttls", "none"] = "starttls"
    sent_folder: str = ""


class EmailSettings(BaseModel):
    """`plus_addressing`: the mail server delivers name+anything@ to name@, so replies can carry a token in their address.

    `authserv_id`: the name under which our own border server writes Authentication-Results; without it every sender
    counts as unverified."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    imap: Imap | None = None
    smtp: Smtp | None = None
    plus_addressing: bool = False
    authserv_id: str = ""
    max_mail_bytes: int = Field(default=50 * 2**20, ge=64 * 1024)

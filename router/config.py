"""Frozen settings: from the environment, and accounts from `switchboard.toml`. All errors are told at once, at start.

Every setting here is listed in docs/operations.md; a test compares the two.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from channels.base import AccountConfig, Desk
from channels.registry import KINDS

DEFAULT_ACCOUNT = {
    "name": "support",
    "kind": "email",
    "address": "support@localhost",
    "display_name": "Support",
    "plus_addressing": True,
}


class ConfigError(Exception):
    """`problems` holds one sentence each: what is wrong, where, and what to do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """What the environment says. Names of the variables are the field names in capitals."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    data_dir: Path = Field(default=Path("data"), description="Folder for the database, files, keys and the outbox.")
    database_url: str = Field(default="", description="postgresql://… or sqlite:///…; empty: SQLite in DATA_DIR.")
    redis_url: str = Field(default="", description="redis://… or unix://…; empty: an embedded Valkey is started.")
    secret_key: SecretStr = Field(
        default=SecretStr(""), description="Signs cookies and reply tokens; empty: made once and kept in DATA_DIR."
    )
    files_url: str = Field(
        default="", description="file:///folder for attachments and large mails; empty: DATA_DIR/files."
    )
    switchboard_config: Path = Field(default=Path("switchboard.toml"), description="The accounts file.")
    host: str = Field(default="127.0.0.1", description="Address that web and live listen on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port of the pages.")
    live_port: int = Field(default=0, ge=0, le=65535, description="Port of live updates; 0: PORT + 1.")
    base_url: str = Field(default="", description="Public address of the pages, for links; empty: http://HOST:PORT.")
    live_url: str = Field(
        default="", description="Public address of live updates, when a proxy puts them elsewhere than LIVE_PORT."
    )
    smtp_listen: str = Field(default="127.0.0.1:2525", description="host:port of the mail listener; 'off': none.")
    lmtp_listen: str = Field(default="off", description="host:port of the LMTP listener; 'off': none.")
    max_mail_bytes: int = Field(
        default=50 * 2**20, ge=64 * 1024, description="Larger mail is refused, or fetched in part."
    )
    web_threads: int = Field(default=16, ge=2, description="Requests that the web process works on at once.")
    live_threads: int = Field(default=128, ge=4, description="Browsers that the live process serves at once.")
    trusted_proxies: int = Field(
        default=0, ge=0, description="Proxies in front of us whose X-Forwarded-* headers count."
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("choose DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @field_validator("smtp_listen", "lmtp_listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        if value != "off":
            split_listen(value)
        return value

    @field_validator("files_url")
    @classmethod
    def _local_files(cls, value: str) -> str:
        if value and not value.startswith("file:///"):
            raise ValueError("only file:///folder is known so far")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value.startswith("postgres://"):
            value = "postgresql://" + value.removeprefix("postgres://")
        if value and not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("start it with postgresql:// or sqlite:///")
        return value


class Config:
    """Settings, accounts and the places on disk that follow from them. Immutable once loaded."""

    def __init__(self, settings: Settings, accounts: tuple[AccountConfig, ...], desk: dict[str, Any]) -> None:
        self.settings = settings
        self.accounts = accounts
        self.desk_name: str = desk.get("name", "Switchboard")

    @cached_property
    def data_dir(self) -> Path:
        return self.settings.data_dir.resolve()

    @cached_property
    def database_url(self) -> str:
        return self.settings.database_url or f"sqlite:///{self.data_dir / 'switchboard.db'}"

    @cached_property
    def files_dir(self) -> Path:
        return (
            Path(self.settings.files_url.removeprefix("file://"))
            if self.settings.files_url
            else self.data_dir / "files"
        )

    @cached_property
    def outbox_dir(self) -> Path:
        return self.data_dir / "outbox"

    @cached_property
    def live_port(self) -> int:
        return self.settings.live_port or self.settings.port + 1

    @cached_property
    def base_url(self) -> str:
        return (self.settings.base_url or f"http://{self.settings.host}:{self.settings.port}").rstrip("/")

    @cached_property
    def secret_key(self) -> bytes:
        """The key for cookies and tokens. Made once per data folder; two processes that race agree on one."""
        given = self.settings.secret_key.get_secret_value()
        return given.encode() if given else _kept_secret(self.data_dir / "secret.key")

    @cached_property
    def desk(self) -> Desk:
        return Desk(self.outbox_dir, self.own_addresses, self.desk_name)

    @cached_property
    def mail_accounts(self) -> tuple[AccountConfig, ...]:
        """The accounts that the mail listener takes mail for."""
        return tuple(account for account in self.accounts if KINDS[account.kind].takes_mail)

    def account(self, name: str) -> AccountConfig | None:
        return next((a for a in self.accounts if a.name == name), None)

    def account_for(self, address: str) -> AccountConfig | None:
        """The account that takes mail for `address`, plus-addresses included."""
        folded = without_plus(address.casefold())
        return next((a for a in self.accounts if folded in a.addresses()), None)

    @cached_property
    def own_addresses(self) -> frozenset[str]:
        return frozenset().union(*(a.addresses() for a in self.accounts))


def load(environ: dict[str, str] | None = None) -> Config:
    """The configuration, or ConfigError with every problem in it."""
    problems: list[str] = []
    settings = _settings(problems, environ)
    document: dict[str, Any] = {}
    if settings:
        document = _document(settings.switchboard_config, problems)
    accounts = _accounts(document, problems, settings)
    if problems or settings is None:
        raise ConfigError(problems)
    return Config(settings, accounts, document.get("desk", {}))


def split_listen(value: str) -> tuple[str, int]:
    """`host:port` as a pair; ValueError says what is wrong."""
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError("write it as host:port, for example 127.0.0.1:2525, or 'off'")
    return host.strip("[]"), int(port)


def without_plus(address: str) -> str:
    """`name+anything@host` is `name@host` (RFC 5233 sub-addressing)."""
    local, at, domain = address.rpartition("@")
    return f"{local.split('+', 1)[0]}{at}{domain}"


def _settings(problems: list[str], environ: dict[str, str] | None) -> Settings | None:
    try:
        if environ is None:
            return Settings()
        return Settings(**{k.lower(): v for k, v in environ.items() if k.lower() in Settings.model_fields})  # type: ignore[arg-type]
    except ValidationError as error:
        problems += [f"{str(e['loc'][0]).upper()}: {_plain(e['msg'])}" for e in error.errors()]
        return None


def _document(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if "SWITCHBOARD_CONFIG" in os.environ:
            problems.append(f"SWITCHBOARD_CONFIG names {path}, which does not exist. Create it, or unset the variable.")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{path}: cannot be read: {error}. Mend that line and start again.")
    return {}


def _accounts(document: dict[str, Any], problems: list[str], settings: Settings | None) -> tuple[AccountConfig, ...]:
    where = settings.switchboard_config if settings else "switchboard.toml"
    unknown = sorted(set(document) - {"desk", "accounts"})
    problems += [f"{where}: unknown table [{name}]; known are [desk] and [[accounts]]" for name in unknown]
    tables = document.get("accounts") or [DEFAULT_ACCOUNT]
    accounts = [a for i, t in enumerate(tables, 1) if (a := _account(f"{where}: account {i}", t, problems))]
    for kind, values in (
        ("name", [a.name for a in accounts]),
        ("address", [x for a in accounts for x in a.addresses()]),
    ):
        problems += [f"{where}: {kind} {v!r} is used twice" for v in sorted({v for v in values if values.count(v) > 1})]
    return tuple(accounts)


def _account(where: str, table: dict[str, Any], problems: list[str]) -> AccountConfig | None:
    rest = dict(table)
    name, kind, address = (str(rest.pop(key, "")) for key in ("name", "kind", "address"))
    aliases, display = tuple(rest.pop("aliases", ())), str(rest.pop("display_name", ""))
    missing = [key for key, value in (("name", name), ("kind", kind), ("address", address)) if not value]
    if missing:
        problems.append(f"{where}: {' and '.join(missing)} missing")
        return None
    if kind not in KINDS:
        problems.append(f"{where} ({name}): kind {kind!r} does not exist; known are {', '.join(sorted(KINDS))}")
        return None
    try:
        settings = KINDS[kind].settings.model_validate(rest)
    except ValidationError as error:
        problems += [f"{where} ({name}): {'.'.join(map(str, e['loc']))}: {_plain(e['msg'])}" for e in error.errors()]
        return None
    return AccountConfig(name, kind, address, settings, aliases, display)


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")


def _kept_secret(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_bytes().strip()
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_hex(32).encode())
        file.flush()
        os.fsync(file.fileno())
    return path.read_bytes().strip()

"""Environment and `.env` to typed settings. Secrets are never in a repr; nothing is ever guessed.

`SETTINGS` lists every setting, once: the documentation, `.env.example` and the tests go by it.

Where a value comes from: the environment; for a name that is not in it at all, the file `.env` in
the current folder. (Not in `--root`: somebody else's campaign must not bring settings with it.)
Values are stripped. An empty one is as good as unset, and one that is empty in the environment
hides the file's, so `DRY_RUN= bot run` is a dry run whatever the file says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from bot.errors import SettingsError, in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

LogFormat = Literal["text", "json"]


class Setting(NamedTuple):
    """A variable: its default ("" for none) and its meaning.

    The name of one that is `per_account` is the one that the account named x reads.
    """

    name: str
    default: str
    meaning: str
    per_account: bool = False
    secret: bool = False


SETTINGS = (
    Setting("DRY_RUN", "true", "`false` posts for real; anything but true or false is an error"),
    Setting(
        "DATABASE_URL",
        "sqlite:///bot.sqlite3",
        "the ledger: sqlite:///FILE, or postgres://USER:PASSWORD@HOST/NAME",
        secret=True,
    ),
    Setting("X_API_KEY", "", "OAuth 1.0a: the app's key (consumer key)", True, True),
    Setting("X_API_SECRET", "", "OAuth 1.0a: the app's secret (consumer secret)", True, True),
    Setting("X_ACCESS_TOKEN", "", "OAuth 1.0a: the account's access token", True, True),
    Setting("X_ACCESS_TOKEN_SECRET", "", "OAuth 1.0a: the access token's secret", True, True),
    Setting(
        "X_API_URL", "", "another base address than X's own, for a proxy or a test server", True
    ),
    Setting("LOG_FORMAT", "", "`text` or `json`; by default text on a terminal, else json"),
    Setting(
        "HEARTBEAT_URL",
        "",
        "fetched by `run` and `post` while all is well (a dead-man's switch); not while it is not",
        secret=True,
    ),
    Setting(
        "ALERT_URL",
        "",
        "gets a JSON POST when something needs a person, and when that is over; or addresses of "
        "Apprise, such as slack://… or mailto://…, set apart by commas",
        secret=True,
    ),
    Setting(
        "ALLOW_EPHEMERAL_LEDGER",
        "false",
        "`true` allows posting for real on SQLite where the disk may vanish",
    ),
    Setting("BOT_ROOT", "", "the folder of messages/ and media/; by default the current one"),
)

HOSTS = {
    "DYNO": "Heroku or Dokku",
    "CONTAINER_VERSION": "Scalingo",
    "RAILWAY_ENVIRONMENT": "Railway",
    "RAILWAY_ENVIRONMENT_NAME": "Railway",
    "RENDER": "Render",
    "FLY_APP_NAME": "Fly.io",
    "KOYEB_APP_NAME": "Koyeb",
    "K_SERVICE": "Google Cloud Run",
    "CLOUD_RUN_JOB": "Google Cloud Run",
    "CLOUD_RUN_WORKER_POOL": "Google Cloud Run",
    "AWS_LAMBDA_FUNCTION_NAME": "AWS Lambda",
    "GITHUB_ACTIONS": "GitHub Actions",
    "GITLAB_CI": "GitLab CI",
}
"""Variables that hosts set whose disk is gone after a restart, unless a volume was added to it."""

_CREDENTIALS = {
    "API_KEY": "API Key",
    "API_SECRET": "API Key Secret",
    "ACCESS_TOKEN": "Access Token",
    "ACCESS_TOKEN_SECRET": "Access Token Secret",
}
"""What an account's variables end in, and what X calls that."""

_ENDINGS = (*_CREDENTIALS, "API_URL")
PROXIES = frozenset({"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"})
"""Variables that many programs know, in upper or lower case. Read from the environment alone."""

_GLOBAL = frozenset(item.name for item in SETTINGS if not item.per_account)
_DEFAULTS = {item.name: item.default for item in SETTINGS}
_LOG_FORMATS: dict[str, LogFormat] = {"text": "text", "json": "json"}


class Secret:
    """A value that no repr, str, format, log line or traceback shows. `reveal()` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


class XCredentials(NamedTuple):
    """What one account on X signs its requests with (OAuth 1.0a user context)."""

    api_key: Secret
    api_secret: Secret
    access_token: Secret
    access_token_secret: Secret


class Settings(NamedTuple):
    """All settings, read and checked. `log_format` and `root` are None where they were left out.

    `dry_run` is what DRY_RUN says; `--live` and `--dry-run` replace it. `of_accounts` has each
    account's variables, `unknown` the names of variables that are none of ours, and `hidden` what
    must never be shown.
    """

    dry_run: bool
    database_url: Secret
    log_format: LogFormat | None
    heartbeat_url: Secret | None
    alert_url: Secret | None
    allow_ephemeral_ledger: bool
    root: str | None
    of_accounts: Mapping[str, Secret]
    unknown: tuple[str, ...]
    hidden: tuple[Secret, ...] = ()

    def x_credentials(self, account: str) -> XCredentials:
        """The credentials of an account on X.

        Raises SettingsError for the first that can't be one, or names each that is missing.
        """
        prefix = prefix_of(account)
        missing = [ending for ending in _CREDENTIALS if prefix + ending not in self.of_accounts]
        if missing:
            them = "it" if len(missing) == 1 else "them"
            raise SettingsError(
                name=", ".join(prefix + ending for ending in missing),
                what=f"not set, and without {them} account {account!r} can't post",
                fix="Copy from your app's Keys and tokens at developer.x.com (read and write): "
                f"{', '.join(_CREDENTIALS[ending] for ending in missing)}.\n"
                "Put them into the environment or .env. A dry run (DRY_RUN=true) needs none.",
            )
        return XCredentials(*(self._credential(prefix + ending) for ending in _CREDENTIALS))

    def _credential(self, name: str) -> Secret:
        value = self.of_accounts[name].reveal()
        if not re.fullmatch(r"[!#-&(-~]+", value):  # printable ASCII but blanks and quotation marks
            raise SettingsError(
                name=name,
                what="has quotation marks, white space or other characters that no credential has",
                fix="Copy it once more, without anything around it.",
            )
        return Secret(value)

    def x_api_url(self, account: str) -> str | None:
        """Another base address than X's own, without a slash at its end, if one is set.

        Raises SettingsError if it is not https. (On this machine itself, http will do.)
        """
        name = prefix_of(account) + "API_URL"
        secret = self.of_accounts.get(name)
        if secret is None:
            return None
        url = secret.reveal()
        _check_api_url(name, url)
        return url.rstrip("/")

    def secrets(self) -> list[str]:
        """Everything that must never be in a log line."""
        return [secret.reveal() for secret in self.hidden]

    def typos(self, accounts: Sequence[str]) -> list[str]:
        """Of each variable that is none of ours but looks it, a sentence that names the nearest.

        `accounts` are the names in the campaign.
        """
        ours = sorted(_GLOBAL | {prefix_of(name) + end for name in accounts for end in _ENDINGS})
        return [
            f"{name} is no setting; did you mean {near}?"
            for name in self.unknown
            if (near := _nearest(name, ours))
        ]


def prefix_of(account: str) -> str:
    """What the variables of an account begin with: `x_fr` reads X_FR_…, `x-fr` too."""
    return re.sub(r"[^A-Z0-9]", "_", account.upper()) + "_"


def load_settings(folder: Path, environ: Mapping[str, str]) -> Settings:
    """Reads `.env` in the folder, if there is one, and the environment, which wins.

    Raises SettingsError for a file that others may read, or a value that can't be understood.
    """
    path = folder / ".env"
    file = _read_file(path)
    _refuse_proxies(path, file.keys() - environ.keys())
    merged = {**file, **environ}
    given = {name: value.strip() for name, value in merged.items() if value.strip()}
    values = _DEFAULTS | given
    endings = tuple(f"_{ending}" for ending in _ENDINGS)
    accounts = {name: Secret(value) for name, value in given.items() if name.endswith(endings)}
    return Settings(
        dry_run=_flag("DRY_RUN", values),
        database_url=Secret(_database_url(values["DATABASE_URL"])),
        log_format=_log_format(values["LOG_FORMAT"]),
        heartbeat_url=_hook("HEARTBEAT_URL", values),
        alert_url=_alert_url(values["ALERT_URL"]),
        allow_ephemeral_ledger=_flag("ALLOW_EPHEMERAL_LEDGER", values),
        root=values["BOT_ROOT"] or None,
        of_accounts=accounts,
        unknown=tuple(sorted(given.keys() - _GLOBAL - accounts.keys())),
        hidden=tuple(map(Secret, _secrets_in(given))),
    )


def known_secrets(folder: Path, environ: Mapping[str, str]) -> list[str]:
    """What must never be shown, also where the settings themselves can't be read. Never raises."""
    try:
        merged = {**_read_file(folder / ".env"), **environ}
    except SettingsError:  # then nothing of the file is known to anybody
        merged = dict(environ)
    return _secrets_in({name: value.strip() for name, value in merged.items()})


def _secrets_in(given: Mapping[str, str]) -> list[str]:
    """Every secret in these variables, as it is written and as it is meant."""
    from bot import secrecy

    found: set[str] = set()
    for name, value in given.items():
        if name.endswith(tuple(f"_{ending}" for ending in _CREDENTIALS)) or name == "PGPASSWORD":
            found.add(value)
        elif name == "DATABASE_URL":
            found.update(secrecy.in_database_url(value))
        elif name in ("ALERT_URL", "HEARTBEAT_URL"):
            for url in each_address(value):
                found.update(secrecy.in_web_address(url))
        elif name.upper() in PROXIES:
            found.update(secrecy.in_proxy_address(value))
    return sorted(found - {""})


def refuse_ephemeral(settings: Settings, environ: Mapping[str, str]) -> None:
    """Raises SettingsError if posts would go out for real on a ledger that forgets them."""
    url = settings.database_url.reveal()
    if settings.dry_run or settings.allow_ephemeral_ledger or not url.startswith("sqlite:"):
        return
    host = next((host for name, host in HOSTS.items() if environ.get(name)), None)
    if host is not None:
        raise SettingsError(
            name="DATABASE_URL",
            what=f"SQLite on {host}, where files vanish, and a forgotten post is posted twice",
            fix="Set it to a PostgreSQL database. If the file is on a volume that stays, set "
            "ALLOW_EPHEMERAL_LEDGER=true.",
        )


def _read_file(path: Path) -> dict[str, str]:
    """The variables of a `.env`; none if there is no such file."""
    try:
        with path.open("rb") as file:
            _refuse_if_shared(path, file.fileno())
            text = file.read().decode("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError):  # a folder of that name is a virtual environment
        return {}
    except OSError as error:
        fix = "Make it readable, or take it away."
        raise SettingsError(name=path, what=f"can't be read: {in_words(error)}", fix=fix) from error
    except UnicodeDecodeError as error:
        raise SettingsError(name=path, what="is not UTF-8", fix="Save it as UTF-8.") from error
    return _parse(path, text)


def _refuse_proxies(path: Path, names: Iterable[str]) -> None:
    """Libraries read them where they are; only half of the traffic would go by a file's."""
    for name in sorted(names):
        if name.upper() in PROXIES | {"NO_PROXY"}:
            raise SettingsError(
                name=path,
                what=f"{name} is read from the environment alone, not from here",
                fix="Set it where the program is started: in the service's file, or on the host.",
            )


def _refuse_if_shared(path: Path, descriptor: int) -> None:
    """Windows says of every file that all may read it: who may stands elsewhere there."""
    import os

    if os.name == "posix" and os.fstat(descriptor).st_mode & 0o077:
        raise SettingsError(
            name=path, what="others may read it or write to it", fix=f"Run: chmod 600 {path}"
        )


def _parse(path: Path, text: str) -> dict[str, str]:
    import io

    from dotenv.parser import parse_stream

    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        original = binding.original.string
        blank = original[: len(original) - len(original.lstrip())].count("\n")
        where = f"{path}:{binding.original.line + blank}"
        if binding.error or (binding.key is not None and binding.value is None):
            raise SettingsError(name=where, what="can't be read", fix="Write NAME=value.")
        if binding.key is None or binding.value is None:  # a comment, or the end
            continue
        if values.setdefault(binding.key, binding.value) != binding.value:
            what = f"{binding.key} is set a second time, to something else"
            raise SettingsError(name=where, what=what, fix="Keep one of the two.")
    return values


def _flag(name: str, values: Mapping[str, str]) -> bool:
    value = values[name].lower()
    if value not in ("true", "false"):
        raise SettingsError(
            name=name,
            what=f"{values[name]!r} is neither true nor false",
            fix=f"Set it to true or false, or leave it out ({_DEFAULTS[name]}).",
        )
    return value == "true"


def _log_format(value: str) -> LogFormat | None:
    if value and value.lower() not in _LOG_FORMATS:
        raise SettingsError(
            name="LOG_FORMAT",
            what=f"{value!r} is neither text nor json",
            fix="Set it to text or json, or leave it out (text on a terminal, else json).",
        )
    return _LOG_FORMATS.get(value.lower())


def _database_url(value: str) -> str:
    from bot import secrecy

    if secrecy.POSTGRES.match(value):
        if secrecy.is_postgres_address(value):
            return value
        raise SettingsError(name="DATABASE_URL", what=secrecy.UNREADABLE, fix=secrecy.AS_PERCENT)
    if value.startswith("sqlite:///") and value.removeprefix("sqlite:///") not in ("", ":memory:"):
        return value
    raise SettingsError(
        name="DATABASE_URL",
        what="not the address of a database that this program knows",
        fix="Write sqlite:///FILE, or postgres://USER:PASSWORD@HOST/NAME.",
    )


def _hook(name: str, values: Mapping[str, str]) -> Secret | None:
    url = values[name]
    if url and _host(url) is None:
        raise SettingsError(
            name=name, what="not a web address", fix="It begins with https:// and a host's name."
        )
    return Secret(url) if url else None


def each_address(setting: str) -> list[str]:
    """The addresses in ALERT_URL, as far as that can be told without Apprise, which knows best."""
    return re.split(r"[\s,;]+(?=[A-Za-z][\w.+-]*://)", setting.strip())


def _alert_url(setting: str) -> Secret | None:
    for url in each_address(setting) if setting else ():
        web = re.match("https?:", url, re.IGNORECASE)
        if _host(url) is None if web else not re.match(r"[A-Za-z][\w.+-]*:/{2,3}[^\s/]", url):
            raise SettingsError(
                name="ALERT_URL",
                what="not a web address, and none of Apprise's either",
                fix="It begins with https:// and a host's name, or with slack://, mailto:// or "
                "whatever else https://appriseit.com/services/ has.",
            )
    return Secret(setting) if setting else None


def _check_api_url(name: str, url: str) -> None:
    host = _host(url)
    if host is None or "?" in url or "#" in url or "@" in url:
        fix = "Write https://HOST, with a path if need be."
        raise SettingsError(name=name, what="not the base address of a server", fix=fix)
    if not url.lower().startswith("https:") and not _is_loopback(host):
        raise SettingsError(
            name=name,
            what="credentials would travel unencrypted",
            fix="Write https://; plain http:// is for this machine only (127.0.0.1, localhost).",
        )


def _host(url: str) -> str | None:
    """The host of an http or https address; None for anything else."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError for one that is no port
    except ValueError:
        return None
    plain = url.isascii() and url.isprintable() and " " not in url
    return parts.hostname if plain and parts.scheme in ("http", "https") else None


def _is_loopback(host: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _nearest(name: str, ours: Sequence[str]) -> str | None:
    """The one of ours that a name is a slip of the keyboard away from."""
    from difflib import get_close_matches

    bare = {known.replace("_", ""): known for known in ours}
    near = get_close_matches(name.upper().replace("_", ""), bare, n=1, cutoff=0.85)
    return bare[near[0]] if near else None

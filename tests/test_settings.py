"""Settings: read from the environment and `.env`, checked, never guessed and never shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.logs import redactor
from bot.settings import (
    HOSTS,
    SETTINGS,
    Secret,
    Settings,
    XCredentials,
    known_secrets,
    load_settings,
    prefix_of,
    refuse_ephemeral,
)

PROJECT = Path(__file__).parent.parent
CREDENTIALS = {
    "X_API_KEY": "key-123456",
    "X_API_SECRET": "secret-123456",
    "X_ACCESS_TOKEN": "99-token-123456",
    "X_ACCESS_TOKEN_SECRET": "token-secret-123456",
}


def load(folder: Path, **environ: str) -> Settings:
    return load_settings(folder, environ)


def dotenv(folder: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path = folder / ".env"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def error_of(folder: Path, **environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(folder, **environ)
    assert caught.value.exit_code == 2
    assert 2 <= len(str(caught.value).splitlines()) <= 3  # what, and what to do
    return str(caught.value)


# -- where values come from -----------------------------------------------------------------------


def test_defaults(tmp_path: Path) -> None:
    bare = load(tmp_path)
    assert bare.dry_run is True
    assert bare.database_url.reveal() == "sqlite:///bot.sqlite3"
    assert bare.allow_ephemeral_ledger is False
    assert (bare.log_format, bare.heartbeat_url, bare.alert_url, bare.root) == (None,) * 4
    assert bare.secrets() == []
    assert bare.x_api_url("x") is None


def test_the_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    dotenv(tmp_path, "DRY_RUN=false\nLOG_FORMAT=json\n# a comment\nexport BOT_ROOT='/srv/a b'\n")
    assert load(tmp_path).dry_run is False
    assert load(tmp_path).root == "/srv/a b"
    both = load(tmp_path, DRY_RUN="true", BOT_ROOT="/elsewhere")
    assert (both.dry_run, both.log_format, both.root) == (True, "json", "/elsewhere")


def test_values_are_stripped_and_an_empty_one_is_as_good_as_none(tmp_path: Path) -> None:
    assert load(tmp_path, DRY_RUN=" false\n").dry_run is False
    assert load(tmp_path, DRY_RUN="", DATABASE_URL="  ", LOG_FORMAT="", BOT_ROOT="") == load(
        tmp_path
    )


def test_empty_in_the_environment_hides_the_file(tmp_path: Path) -> None:
    dotenv(tmp_path, "DRY_RUN=false")
    assert load(tmp_path, DRY_RUN="").dry_run is True


def test_nothing_is_interpolated_or_unescaped_in_the_file(tmp_path: Path) -> None:
    dotenv(tmp_path, "X_API_KEY=a${HOME}$b\nX_API_SECRET='a b'\nX_ACCESS_TOKEN=t#1 # no more\n")
    dotted = load(tmp_path, X_ACCESS_TOKEN_SECRET="s", X_API_SECRET="s")
    assert dotted.x_credentials("x").api_key.reveal() == "a${HOME}$b"
    assert dotted.x_credentials("x").access_token.reveal() == "t#1"


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    dotenv(tmp_path, "\ufeffDRY_RUN=false\r\nLOG_FORMAT=text\r\n")
    assert (load(tmp_path).dry_run, load(tmp_path).log_format) == (False, "text")


def test_a_folder_of_that_name_is_no_settings_file(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    assert load(tmp_path).dry_run is True


def test_dotenv_is_imported_only_for_a_file(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys, pathlib; from bot.settings import load_settings; "
        "load_settings(pathlib.Path(sys.argv[1]), {}); print('dotenv' in sys.modules)"
    )

    def imported() -> str:
        command = [sys.executable, "-c", code, str(tmp_path)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert imported() == "False"
    dotenv(tmp_path, "")
    assert imported() == "True"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666, 0o660])
def test_a_file_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = dotenv(tmp_path, "DRY_RUN=false", mode)
    said = error_of(tmp_path)
    assert f"chmod 600 {path}" in said
    assert str(path) in said.splitlines()[0]


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_ones_own_is_read(tmp_path: Path, mode: int) -> None:
    dotenv(tmp_path, "DRY_RUN=false", mode)
    assert load(tmp_path).dry_run is False


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("DRY_RUN=true\n\n\nLOG_FORMAT\n", 4),
        ("DRY_RUN=true\nX_API_KEY='open\n", 2),
        ("\n = 3\n", 2),
        ("DRY_RUN=true\nLOG_FORMAT=json\nDRY_RUN=false\n", 3),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, text: str, line: int) -> None:
    path = dotenv(tmp_path, text)
    assert error_of(tmp_path).startswith(f"{path}:{line}: ")


def test_the_same_value_twice_is_no_problem(tmp_path: Path) -> None:
    dotenv(tmp_path, "DRY_RUN=false\nDRY_RUN=false\n")
    assert load(tmp_path).dry_run is False


def test_a_file_that_is_not_utf_8_or_not_readable_is_an_error(tmp_path: Path) -> None:
    path = dotenv(tmp_path, b"X_API_KEY=\xff")
    assert "UTF-8" in error_of(tmp_path)
    path.unlink()
    path.symlink_to(path)  # leads nowhere but to itself
    assert "can't be read" in error_of(tmp_path)


# -- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["true", "TRUE", "True"])
def test_true(tmp_path: Path, value: str) -> None:
    assert load(tmp_path, DRY_RUN=value, ALLOW_EPHEMERAL_LEDGER=value).dry_run is True
    assert load(tmp_path, ALLOW_EPHEMERAL_LEDGER=value).allow_ephemeral_ledger is True


@pytest.mark.parametrize("value", ["false", "FALSE", "False"])
def test_false(tmp_path: Path, value: str) -> None:
    assert load(tmp_path, DRY_RUN=value).dry_run is False


@pytest.mark.parametrize("name", ["DRY_RUN", "ALLOW_EPHEMERAL_LEDGER"])
@pytest.mark.parametrize(
    "value", ["flase", "0", "1", "no", "off", "f", '"false"', "false;", "none"]
)
def test_neither_true_nor_false_is_an_error(tmp_path: Path, name: str, value: str) -> None:
    said = error_of(tmp_path, **{name: value})
    assert said.startswith(f"{name}: {value!r} is neither true nor false")


def test_log_format(tmp_path: Path) -> None:
    assert load(tmp_path, LOG_FORMAT="JSON").log_format == "json"
    assert load(tmp_path, LOG_FORMAT="text").log_format == "text"
    assert error_of(tmp_path, LOG_FORMAT="xml").startswith("LOG_FORMAT: 'xml'")


@pytest.mark.parametrize(
    "url",
    ["sqlite:///bot.sqlite3", "sqlite:////data/bot.db", "postgres://h/d", "postgresql://u:p@h:1/d"],
)
def test_database_addresses(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, DATABASE_URL=url).database_url.reveal() == url


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:hunter22@h/d",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "bot.sqlite3",
        "hunter22",
    ],
)
def test_other_database_addresses_are_refused_unshown(tmp_path: Path, url: str) -> None:
    said = error_of(tmp_path, DATABASE_URL=url)
    assert said.startswith("DATABASE_URL: ")
    assert "hunter22" not in said


@pytest.mark.parametrize("name", ["HEARTBEAT_URL", "ALERT_URL"])
def test_hooks(tmp_path: Path, name: str) -> None:
    url = load(tmp_path, **{name: "https://hc.example/ping/1?a=b"})
    value = getattr(url, name.lower())
    assert value.reveal() == "https://hc.example/ping/1?a=b"
    assert getattr(load(tmp_path, **{name: "http://10.0.0.2:8080"}), name.lower())
    for wrong in (
        "hc.example/ping",
        "ftp:/h/x",
        "https://",
        "https://h:port/",
        "https://a b/",
        "https://[/",
    ):
        assert error_of(tmp_path, **{name: wrong}).startswith(f"{name}: not a web address")
    assert "ftp://h" not in error_of(tmp_path, HEARTBEAT_URL="ftp://h/x")


def test_an_alert_may_go_to_services_and_to_several_of_them(tmp_path: Path) -> None:
    setting = "slack://TokenOfTeam/TokenOfBot/C, mailto://user:hunter22@example.org https://h/hook"
    full = load(tmp_path, ALERT_URL=setting)
    assert full.alert_url is not None
    assert full.alert_url.reveal() == setting
    assert {"TokenOfTeam", "TokenOfBot", "hunter22"} <= set(full.secrets())
    assert "https://h/hook" in full.secrets()
    for wrong in ("slack://", f"{setting}, https://", "slack", "://x"):
        said = error_of(tmp_path, ALERT_URL=wrong)
        assert said.startswith("ALERT_URL: not a web address")
        assert "hunter22" not in said


# -- accounts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "prefix"),
    [("x", "X_"), ("x_fr", "X_FR_"), ("x-fr", "X_FR_"), ("X2", "X2_"), ("é.b", "__B_")],
)
def test_prefix(account: str, prefix: str) -> None:
    assert prefix_of(account) == prefix


def test_credentials_are_read_by_the_accounts_name(tmp_path: Path) -> None:
    french = {name.replace("X_", "X_FR_", 1): f"fr-{value}" for name, value in CREDENTIALS.items()}
    both = load(tmp_path, **CREDENTIALS, **french)
    assert both.x_credentials("x") == XCredentials(
        *(Secret(value) for value in CREDENTIALS.values())
    )
    assert both.x_credentials("x_fr") == XCredentials(*(Secret(value) for value in french.values()))


def test_each_missing_credential_is_named_with_where_to_get_it(tmp_path: Path) -> None:
    some = load(tmp_path, X_API_KEY="k", X_ACCESS_TOKEN="t", X_API_SECRET=" ")
    with pytest.raises(SettingsError) as caught:
        some.x_credentials("x")
    said = str(caught.value)
    missing = (
        "X_API_SECRET, X_ACCESS_TOKEN_SECRET: not set, and without them account 'x' can't post"
    )
    assert said.startswith(f"{missing}\n")
    assert "API Key Secret, Access Token Secret." in said
    assert "developer.x.com" in said
    assert len(said.splitlines()) == 3
    with pytest.raises(SettingsError, match="X_FR_API_KEY, X_FR_API_SECRET, X_FR_ACCESS_TOKEN, "):
        some.x_credentials("x_fr")
    all_but_one = {name: value for name, value in CREDENTIALS.items() if name != "X_API_KEY"}
    with pytest.raises(SettingsError, match="X_API_KEY: not set, and without it account 'x'"):
        load(tmp_path, **all_but_one).x_credentials("x")


@pytest.mark.parametrize(
    "value", ['"quoted"', "'quoted'", "two words", "new\nline", "“curly”", "\x07bell", "null\0"]
)
def test_a_credential_that_cannot_be_one_is_refused_unshown(tmp_path: Path, value: str) -> None:
    for name in CREDENTIALS:
        with pytest.raises(SettingsError) as caught:
            load(tmp_path, **CREDENTIALS | {name: value}).x_credentials("x")
        assert str(caught.value).startswith(f"{name}: has quotation marks")
        assert value not in str(caught.value)


def test_somebody_elses_variables_are_never_an_error(tmp_path: Path) -> None:
    others = load(
        tmp_path, OTHER_API_KEY='"two words"', FOO_API_URL="localhost", DRYRUN="x", **CREDENTIALS
    )
    assert others.x_credentials("x")


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("https://proxy.example", "https://proxy.example"),
        ("https://proxy.example/x/", "https://proxy.example/x"),
        ("HTTPS://proxy.example:8443", "HTTPS://proxy.example:8443"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://x.localhost:1", "http://x.localhost:1"),
    ],
)
def test_another_address_for_the_api(tmp_path: Path, url: str, read: str) -> None:
    assert load(tmp_path, X_FR_API_URL=url).x_api_url("x_fr") == read
    assert load(tmp_path, X_FR_API_URL=url).x_api_url("x") is None


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("http://proxy.example", "unencrypted"),
        ("http://localhost.example", "unencrypted"),
        ("http://127.0.0.1.example", "unencrypted"),
        ("http://0.0.0.0", "unencrypted"),
        ("http://192.168.0.1", "unencrypted"),
        ("proxy.example", "not the base address"),
        ("ftp://proxy.example", "not the base address"),
        ("https://", "not the base address"),
        ("https://u:p@proxy.example", "not the base address"),
        ("https://proxy.example?x=1", "not the base address"),
        ("https://proxy.example#x", "not the base address"),
        ("https://proxy.example:99999", "not the base address"),
        ("https://proxy example", "not the base address"),
        ("https://bücher.example", "not the base address"),
    ],
)
def test_an_address_that_would_leak_or_can_be_none_is_refused(
    tmp_path: Path, url: str, what: str
) -> None:
    with pytest.raises(SettingsError, match=what) as caught:
        load(tmp_path, X_API_URL=url).x_api_url("x")
    assert str(caught.value).startswith("X_API_URL: ")
    assert url == "https://" or url not in str(caught.value)


# -- secrets --------------------------------------------------------------------------------------


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("hunter22")
    assert "hunter22" not in f"{secret} {secret!r} {secret!s} {[secret]}"
    assert secret.reveal() == "hunter22"
    assert secret == Secret("hunter22")
    assert secret != Secret("hunter23")
    assert secret != "hunter22"
    assert len({secret, Secret("hunter22")}) == 1
    assert not hasattr(secret, "__dict__")


def test_nothing_secret_is_in_a_repr(tmp_path: Path) -> None:
    everything = {
        **CREDENTIALS,
        "DATABASE_URL": "postgres://u:db-password@h/d",
        "HEARTBEAT_URL": "https://hc.example/heartbeat-secret",
        "ALERT_URL": "https://hooks.example/alert-secret",
    }
    full = load(tmp_path, **everything)
    shown = f"{full!r} {full} {full.x_credentials('x')!r} {full._replace(dry_run=False)!r}"
    for hidden in (*CREDENTIALS.values(), "db-password", "heartbeat-secret", "alert-secret"):
        assert hidden not in shown


def test_secrets_lists_whatever_must_not_be_logged(tmp_path: Path) -> None:
    full = load(
        tmp_path,
        **CREDENTIALS,
        X_FR_API_KEY="fr-key",
        X_API_URL="https://proxy.example",
        OTHER_ACCESS_TOKEN="somebody-elses",
        DATABASE_URL="postgres://u:p%40ss%2Fword@h/d?sslmode=require&sslpassword=cert-pass",
        HEARTBEAT_URL="https://hc.example/ping/5a2c-11",
        ALERT_URL="https://user:alert-pass@hooks.example/services/T0/B0?k=1",
    )
    assert set(full.secrets()) == {
        *CREDENTIALS.values(),
        "fr-key",
        "somebody-elses",
        "p%40ss%2Fword",
        "p@ss/word",
        "cert-pass",
        "https://hc.example/ping/5a2c-11",
        "/ping/5a2c-11",
        "ping/5a2c-11",
        "https://user:alert-pass@hooks.example/services/T0/B0?k=1",
        "/services/T0/B0?k=1",
        "services/T0/B0?k=1",
        "alert-pass",
    }


def test_of_a_short_address_only_the_whole_is_secret(tmp_path: Path) -> None:
    plain = load(tmp_path, HEARTBEAT_URL="http://10.0.0.2:8080/ping")
    assert plain.secrets() == ["http://10.0.0.2:8080/ping"]


@pytest.mark.parametrize(
    ("name", "url", "token"),
    [
        (
            "HEARTBEAT_URL",
            "https://up.example/heartbeat/AbCdEfGhIjKlMnOpQrStUv",
            "AbCdEfGhIjKlMnOpQrStUv",
        ),
        ("HEARTBEAT_URL", "https://token-of-mine@up.example/", "token-of-mine"),
        ("HTTPS_PROXY", "http://token%2Dof-mine@proxy.example:8080", "token-of-mine"),
        ("ALERT_URL", "ntfys://ntfy.example/my%2Dtopic99", "my-topic99"),
    ],
)
def test_a_part_of_an_address_that_is_a_token_is_hidden_alone(
    tmp_path: Path, name: str, url: str, token: str
) -> None:
    assert redactor(known_secrets(tmp_path, {name: url}))(f"at {token}") == "at ***"


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("postgres://u:pa[ss@h/d", "pa[ss"),
        ("postgres://u:pa#ss?word@h/d", "pa#ss?word"),
        ("postgresql://u:a:b:c:d@h:5432/d?sslmode=require", "a:b:c:d"),
        ("POSTGRES://u:p%2Fssword@h", "p/ssword"),
    ],
)
def test_a_password_is_found_as_postgresql_finds_it(
    tmp_path: Path, url: str, password: str
) -> None:
    assert password in load(tmp_path, DATABASE_URL=url).secrets()


GOOD = [
    "postgres:///bot",
    "postgresql://h",
    "postgresql://h:5432/d",
    "postgresql://u@h/d",
    "postgresql://u:p@one:5432,two:5433/d?target_session_attrs=read-write",
    "postgresql://u:p@[::1]:5432/d",
    "postgresql://u:p@%2Fvar%2Frun%2Fpostgresql/d",
    "postgresql:///d?host=/var/run/postgresql&user=u",
    "postgresql://u:p@db-1.internal.example/d",
    "postgresql://u:@h/d",
]


@pytest.mark.parametrize("url", GOOD)
def test_addresses_of_postgresql(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, DATABASE_URL=url).database_url.reveal() == url


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("postgres://bot:Zm9v/YmFyIQ==@127.0.0.1:5544/bot", "Zm9v/YmFyIQ=="),
        ("postgres://bot:geheim@wort@127.0.0.1:5544/bot", "geheim@wort"),
        ("postgres://bot:1234/geheim@127.0.0.1:5544/bot", "1234/geheim"),
        ("postgres://bot:1234/5678@127.0.0.1/bot", "1234/5678"),
        ("postgres://bot:/geheim@127.0.0.1/bot", "/geheim"),
        ("postgres://bot:geheim/@127.0.0.1/bot", "geheim/"),
        ("postgres://bot:@geheim@127.0.0.1/bot", "@geheim"),
        ("postgres://geheim@wort:geheim@127.0.0.1/bot", "geheim"),
        ("postgres://bot:ge heim/@127.0.0.1/bot", "ge heim/"),
        ("postgres://127.0.0.1:geheim/bot", "geheim/bot"),
        ("postgres://geheim/wort@127.0.0.1/bot", "geheim"),
        ("mysql://bot:geheim@127.0.0.1/bot", "geheim"),
        ("bot:geheim@127.0.0.1/bot", "geheim"),
    ],
)
def test_an_address_in_which_a_password_may_have_spilled_is_refused_unseen(
    tmp_path: Path, url: str, secret: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, DATABASE_URL=url)
    assert "DATABASE_URL" in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "YmFyIQ" not in str(caught.value)
    if url.startswith("postgres"):
        assert "special characters" in str(caught.value)
        assert "%XX" in str(caught.value)
    assert any(secret in known for known in known_secrets(tmp_path, {"DATABASE_URL": url}))


def test_what_must_never_be_shown_is_known_where_the_settings_can_not_be_read(
    tmp_path: Path,
) -> None:
    environ = {
        "DRY_RUN": "perhaps",
        "X_API_KEY": "the-key",
        "https_proxy": "http://bot:proxy%2Fpass@proxy.example:3128",
        "ALL_PROXY": "bot:all-pass@proxy.example",
        "PGPASSWORD": "pg-pass",
        "X_API_URL": "https://x.example",
    }
    dotenv(tmp_path, "ALERT_URL=https://hooks.example/services/T0001/B0001/abcdefgh1")
    assert set(known_secrets(tmp_path, environ)) >= {
        *("the-key", "proxy%2Fpass", "proxy/pass", "all-pass", "pg-pass", "abcdefgh1"),
    }
    (tmp_path / ".env").chmod(0o644)
    assert "the-key" in known_secrets(tmp_path, environ)


# -- a ledger that forgets ------------------------------------------------------------------------


@pytest.mark.parametrize("host", HOSTS)
def test_live_on_sqlite_is_refused_where_the_disk_vanishes(tmp_path: Path, host: str) -> None:
    live = load(tmp_path, DRY_RUN="false")
    refuse_ephemeral(live, {"PATH": "/bin", host: ""})
    with pytest.raises(SettingsError, match="ALLOW_EPHEMERAL_LEDGER=true") as caught:
        refuse_ephemeral(live, {host: "1"})
    assert HOSTS[host] in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"DRY_RUN": "false", "DATABASE_URL": "postgres://h/d"},
        {"DRY_RUN": "false", "DATABASE_URL": "postgresql://h/d"},
        {"DRY_RUN": "false", "ALLOW_EPHEMERAL_LEDGER": "true"},
    ],
)
def test_it_is_not_refused_otherwise(tmp_path: Path, environ: dict[str, str]) -> None:
    refuse_ephemeral(load(tmp_path, **environ), dict.fromkeys(HOSTS, "1"))


def test_live_by_the_command_line_is_live(tmp_path: Path) -> None:
    live = load(tmp_path)._replace(dry_run=False)
    with pytest.raises(SettingsError):
        refuse_ephemeral(live, {"DYNO": "worker.1"})


# -- slips of the keyboard ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DRYRUN", "DRY_RUN"),
        ("dry_run", "DRY_RUN"),
        ("DRY_RUNS", "DRY_RUN"),
        ("X_APIKEY", "X_API_KEY"),
        ("API_KEY", "X_API_KEY"),
        ("X_API_SECRET_KEY", "X_API_SECRET"),
        ("X_ACCESS_TOKEN_SECRETS", "X_ACCESS_TOKEN_SECRET"),
        ("X_FR_ACCES_TOKEN", "X_FR_ACCESS_TOKEN"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("LOGFORMAT", "LOG_FORMAT"),
        ("HEART_BEAT_URL", "HEARTBEAT_URL"),
        ("ALERTS_URL", "ALERT_URL"),
        ("ALLOW_EPHEMERAL_LEGDER", "ALLOW_EPHEMERAL_LEDGER"),
    ],
)
def test_typos_are_noticed_in_the_environment_and_the_file(
    tmp_path: Path, name: str, meant: str
) -> None:
    said = [f"{name} is no setting; did you mean {meant}?"]
    assert load(tmp_path, **{name: "1"}).typos(["x", "x_fr"]) == said
    dotenv(tmp_path, f"{name}=1")
    assert load(tmp_path).typos(["x", "x_fr"]) == said


ORDINARY = """
    HOME HOSTNAME LANG LC_ALL LOGNAME MAIL OLDPWD PATH PWD SHELL SHLVL TERM TZ USER VIRTUAL_ENV _
    DISPLAY XAUTHORITY XDG_RUNTIME_DIR SSH_AUTH_SOCK LOG_LEVEL NO_COLOR PYTHONPATH PORT DYNO CI
    DATABASE_POOL_SIZE DATABASE_READ_URL TEST_DATABASE_URL
    PGHOST REDIS_URL SENTRY_DSN RAILWAY_ENVIRONMENT HEROKU_POSTGRESQL_BLUE_URL
    OPENAI_API_KEY GITLAB_ACCESS_TOKEN AWS_SECRET_ACCESS_KEY INVOCATION_ID JOURNAL_STREAM
"""


def test_ordinary_variables_are_no_typos(tmp_path: Path) -> None:
    environ = (
        dict.fromkeys(ORDINARY.split(), "1") | dict.fromkeys(CREDENTIALS, "1") | {"DRY_RUN": "true"}
    )
    assert load(tmp_path, **environ).typos(["x"]) == []


# -- the table, the example and the documentation -------------------------------------------------


def example() -> list[tuple[str, str, str]]:
    """(comment, name, value) of every variable in `.env.example`."""
    found, comment = [], ""
    for line in (PROJECT / ".env.example").read_text("utf-8").splitlines():
        if line.startswith("#"):
            comment += line.removeprefix("#").strip() + "\n"
        elif line:
            name, _, value = line.partition("=")
            found.append((comment, name, value))
            comment = ""
        else:
            comment = ""
    return found


def test_the_example_has_every_setting_with_its_default_and_meaning() -> None:
    assert [(name, value) for _, name, value in example()] == [
        (item.name, item.default) for item in SETTINGS
    ]
    for (comment, _, _), item in zip(example(), SETTINGS, strict=True):
        assert comment.splitlines()[0] == item.meaning


def test_the_example_can_be_used_as_it_is(tmp_path: Path) -> None:
    dotenv(tmp_path, (PROJECT / ".env.example").read_bytes())
    copied = load(tmp_path)
    assert copied == load(tmp_path / "nowhere")
    assert copied.typos(["x"]) == []


def test_the_example_holds_no_secret() -> None:
    assert all(value == "" for _, name, value in example() if name in CREDENTIALS)
    assert not re.search(r"[A-Za-z0-9]{25,}", (PROJECT / ".env.example").read_text("utf-8"))


def test_every_setting_in_the_table_is_read(tmp_path: Path) -> None:
    other = {
        "DRY_RUN": "false",
        "DATABASE_URL": "postgres://u:hidden-1@h/d",
        "LOG_FORMAT": "json",
        "HEARTBEAT_URL": "https://h.example/hidden-2-long",
        "ALERT_URL": "https://h.example/hidden-3-long",
        "ALLOW_EPHEMERAL_LEDGER": "true",
        "X_API_URL": "https://h.example",
        "BOT_ROOT": "/srv",
        **CREDENTIALS,
    }
    assert set(other) == {item.name for item in SETTINGS}
    for item in SETTINGS:
        read = load(tmp_path, **{item.name: other[item.name]})
        assert read != load(tmp_path)
        assert bool(read.secrets()) == item.secret
        assert read.typos(["x"]) == []


def test_the_promised_names_and_defaults() -> None:
    """What is set in deployments must go on working."""
    table = {item.name: item.default for item in SETTINGS}
    assert table["DRY_RUN"] == "true"
    assert table["DATABASE_URL"] == "sqlite:///bot.sqlite3"
    assert table["ALLOW_EPHEMERAL_LEDGER"] == "false"
    assert table.keys() >= {"LOG_FORMAT", "HEARTBEAT_URL", "ALERT_URL", "X_API_URL", *CREDENTIALS}

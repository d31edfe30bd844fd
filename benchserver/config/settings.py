"""All settings in one file, read from the environment with typed readers.

Nothing here differs between machines except through variables (``.env.example`` lists all).
Example: without ``DATABASE_URL`` the embedded server's socket below ``BENCHSERVER_HOME`` is used.
``checks.py`` refuses unsafe combinations at start.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from benchserver.config.env import env_bool, env_choice, env_int, env_list, env_path, env_str
from benchserver.runtime.home import broker_url, database_url, default_home

BASE_DIR = Path(__file__).resolve().parents[2]

# --- where things live -------------------------------------------------------------------------
BENCHSERVER_HOME = Path(env_str("BENCHSERVER_HOME") or default_home())
DATABASE_URL = env_str("DATABASE_URL") or database_url(BENCHSERVER_HOME)
BROKER_URL = env_str("BROKER_URL") or broker_url(BENCHSERVER_HOME)
EMBEDDED_DATABASE = not env_str("DATABASE_URL")
EMBEDDED_BROKER = not env_str("BROKER_URL")
KEYS_DIR = BENCHSERVER_HOME / "keys"

# --- keys: public halves everywhere, each private half only where its right is used --------------
SEAL_GENERATE_KEY_FILE = env_path("SEAL_GENERATE_KEY_FILE") or KEYS_DIR / "seal_generate.pub"
SEAL_EXECUTE_KEY_FILE = env_path("SEAL_EXECUTE_KEY_FILE") or KEYS_DIR / "seal_execute.pub"
OPEN_GENERATE_KEY_FILE = env_path("OPEN_GENERATE_KEY_FILE")
OPEN_EXECUTE_KEY_FILE = env_path("OPEN_EXECUTE_KEY_FILE")
SIGNING_KEY_FILE = env_path("SIGNING_KEY_FILE")
SIGNING_STATE_FILE = env_path("SIGNING_STATE_FILE") or KEYS_DIR / "signing.state"
SECRET_KEY_FILE = env_path("SECRET_KEY_FILE") or KEYS_DIR / "secret.key"


def _secret_key() -> str:
    """The key file's text; without one, a key that lives as long as this process."""
    try:
        return SECRET_KEY_FILE.read_text().strip()
    except OSError:
        return secrets.token_urlsafe(48)


SECRET_KEY = _secret_key()

# --- engines -----------------------------------------------------------------------------------
SANDBOX = env_choice("SANDBOX", ("auto", "bubblewrap", "docker"))
SANDBOX_RUNTIME = env_choice("SANDBOX_RUNTIME", ("runc", "runsc"))
ENDPOINT_ALLOW_LOCAL = frozenset(env_list("ENDPOINT_ALLOW_LOCAL"))
ENDPOINT_CA_FILE = env_path("ENDPOINT_CA_FILE")
LOG_ORIGIN = env_str("LOG_ORIGIN", "benchserver.example/results")

# --- policy (D7-D13); defaults are the published ones -------------------------------------------
MIN_CELL = env_int("MIN_CELL", 20)
EXPOSURE_PER_PROVIDER = env_int("EXPOSURE_PER_PROVIDER", 1)
EXPOSURE_PER_TASK = env_int("EXPOSURE_PER_TASK", 10)
TASK_MAX_AGE_DAYS = env_int("TASK_MAX_AGE_DAYS", 120)
EVALUATIONS_PER_ROTATION = env_int("EVALUATIONS_PER_ROTATION", 2)
LEASE_SECONDS = env_int("LEASE_SECONDS", 60)
REFUSED_SENDS_MAX = env_int("REFUSED_SENDS_MAX", 6)
RETRY_BASE_SECONDS = env_int("RETRY_BASE_SECONDS", 5)
RECONCILE_SECONDS = env_int("RECONCILE_SECONDS", 15)
DOUBLE_JUDGING_SHARE = env_int("DOUBLE_JUDGING_SHARE", 0)
REPLY_DAYS = env_int("REPLY_DAYS", 14)
WORKER_NAME = env_str("WORKER_NAME")

# --- Django ------------------------------------------------------------------------------------
DEBUG = env_bool("DEBUG", default=False)
PRODUCTION = env_bool("PRODUCTION", default=False)
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", ("127.0.0.1", "localhost", "[::1]", "testserver"))
PUBLIC_URL = env_str("PUBLIC_URL", "http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "benchserver.console",  # before the admin, whose base template it dresses
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "axes",
    "rest_framework",
    "drf_spectacular",
    "benchserver.audit",
    "benchserver.ledger",
    "benchserver.providers",
    "benchserver.pools",
    "benchserver.evaluations",
    "benchserver.leaderboard",
    "benchserver.website",
    "benchserver.portal",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

ROOT_URLCONF = "benchserver.config.urls"
WSGI_APPLICATION = "benchserver.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "providers.Account"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_ENABLE_ADMIN = False
LOGIN_URL = "/portal/login/"
LOGIN_REDIRECT_URL = "/portal/"
LOGOUT_REDIRECT_URL = "/"


# A process that does one job at a time keeps its one connection from job to job, checked before
# each: a pool would be opened and closed by every job.
DATABASE_KEEP = env_bool("DATABASE_KEEP", default=False)


def _database(url: str) -> dict[str, Any]:
    """``postgresql://user:password@host:port/name?host=/socket/dir`` as Django wants it."""
    parts = urlsplit(url)
    query = {k: v[0] for k, v in parse_qs(parts.query).items()}
    keep_seconds = 0
    options: dict[str, Any] = {k: v for k, v in query.items() if k not in ("host", "user")}
    options["prepare_threshold"] = 5  # Django asks for none; see audit/prepared.py
    if DATABASE_KEEP:
        keep_seconds = 600
    elif env_bool("DATABASE_POOL", default=True):
        options["pool"] = {
            "min_size": 0,
            "max_size": env_int("DATABASE_POOL_SIZE", 40),
            "timeout": 10,
        }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "benchserver",
        "USER": unquote(parts.username or query.get("user", "")),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host") or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": keep_seconds,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database(DATABASE_URL)}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = env_path("STATIC_ROOT") or BENCHSERVER_HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION or env_bool("STATIC_MANIFEST", default=False)
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION

DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["benchserver.portal.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "benchserver.portal.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "benchserver.portal.problems.handle",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": env_str("API_RATE", "600/min")},
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "benchserver",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "benchserver.portal.public_routes.add",
    ],
    "APPEND_COMPONENTS": {
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    },
}

# --- Celery: messages are nudges with an id; the database reconciles (D2) -------------------------
CELERY_BROKER_URL = BROKER_URL
CELERY_TIMEZONE = "UTC"

SILENCED_SYSTEM_CHECKS: list[str] = []
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env_str("LOG_LEVEL", "WARNING")},
    "loggers": {
        "benchserver": {"level": env_str("LOG_LEVEL", "INFO")},
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        # A line or two for every attempt, with an id in it, tells an operator nothing.
        "celery.worker.strategy": {"level": env_str("LOG_LEVEL", "WARNING")},
        "celery.app.trace": {"level": env_str("LOG_LEVEL", "WARNING")},
    },
}

from benchserver.config import checks as _checks  # noqa: E402, F401  registers itself

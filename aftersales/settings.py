"""All settings. Each value that differs between machines is read through aftersales.env."""

from datetime import timedelta
from urllib.parse import unquote, urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from aftersales import devservices, env
from aftersales.looks import UNFOLD  # noqa: F401  a setting of the skin

django_stubs_ext.monkeypatch()

BASE_DIR = env.ROOT
DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = env.secret("SECRET_KEY", default="only-for-development-never-for-money" if DEBUG else "")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if DEBUG else "")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "aftersales.apps.AftersalesConfig",
    "orders.apps.OrdersConfig",
    "refunds.apps.RefundsConfig",
    "aftersales.help.apps.HelpConfig",
    # The skin of the admin, whose templates come before those of Django’s.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "aftersales.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_filters",
    "django_htmx",
    "import_export",
    "pgtrigger",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    # Also for static files in development; in production they are compressed when they are collected.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "aftersales.middleware.CharsetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "aftersales.accounts.second_factor.SecondFactorMiddleware",
    "aftersales.middleware.ReaderMiddleware",
]
ROOT_URLCONF = "aftersales.urls"
WSGI_APPLICATION = "aftersales.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ]
        },
    }
]


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        # Several test runs at once on one server each name a database of their own.
        "TEST": {"NAME": env.text("TEST_DATABASE") or None},
    }


# READ COMMITTED, the default, is required: a move re-reads in a fresh statement what a rival wrote.
DATABASE_URL = env.url(
    "DATABASE_URL", schemes=("postgres", "postgresql"), example="postgres://user:password@host:5432/name"
) or devservices.database_url(debug=DEBUG)
DATABASES = {"default": _database(DATABASE_URL)}
if not DATABASES["default"]["NAME"]:
    raise ImproperlyConfigured("DATABASE_URL names no database: postgres://user:password@host:5432/name")
REDIS_URL = env.url(
    "REDIS_URL", schemes=("redis", "rediss", "unix"), example="redis://host:6379/0"
) or devservices.redis_url(debug=DEBUG)
# Attempts to log in are counted here; what else there is to keep is in the database.
CACHES = {
    "default": {
        "BACKEND": "aftersales.cache.Cache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "shop",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "aftersales.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "aftersales.accounts.passwords.LongEnough"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "orders:list"
LOGOUT_REDIRECT_URL = "orders:shop"

ACCOUNT_ADAPTER = "aftersales.accounts.adapter.Adapter"
ACCOUNT_USER_DISPLAY = "aftersales.accounts.adapter.display"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# Nobody gets at an account, and at what is imported for its address, before proving that the address is theirs.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Beside allauth's own: a code can be guessed at a few dozen times an hour, whoever asks for new ones.
ACCOUNT_RATE_LIMITS = {
    "confirm_email": "1/10s/key,10/h/key",
    "reset_password": "20/m/ip,3/m/key,10/h/key",
    "login_failed": "10/m/ip,10/5m/key",
}
ACCOUNT_FORMS = {
    "login": "aftersales.accounts.forms.LoginForm",
    "signup": "aftersales.accounts.forms.SignupForm",
    "reset_password": "aftersales.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "aftersales.accounts.forms.NewPasswordForm",
    "change_password": "aftersales.accounts.forms.ChangePasswordForm",
    "set_password": "aftersales.accounts.forms.SetPasswordForm",
    "reauthenticate": "aftersales.accounts.forms.ReauthenticateForm",
    "confirm_email_verification_code": "aftersales.accounts.forms.EmailCodeForm",
    "confirm_password_reset_code": "aftersales.accounts.forms.ResetCodeForm",
}
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 8}
MFA_ADAPTER = "aftersales.accounts.adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
# A phone's clock may be half a minute off.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "aftersales.accounts.forms.AuthenticateForm",
    "reauthenticate": "aftersales.accounts.forms.AuthenticateAgainForm",
    "activate_totp": "aftersales.accounts.forms.ActivateForm",
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Chinese"))]
FORMAT_MODULE_PATH = ["aftersales.formats"]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
EVIDENCE_DIR = env.required(
    "EVIDENCE_DIR", default=str(BASE_DIR / ".dev" / "evidence") if DEBUG else "", example="/var/lib/aftersales/evidence"
)
STORAGES = {
    # Evidence is private: it lies outside every served folder and leaves through a view that checks access.
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": EVIDENCE_DIR, "base_url": None},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Where the payment channel finds us, and where we find it.
PUBLIC_URL = env.url(
    "PUBLIC_URL",
    schemes=("http", "https"),
    example="https://shop.example",
    default="http://127.0.0.1:8000" if DEBUG else "",
).rstrip("/") or env.required("PUBLIC_URL", default="", example="https://shop.example")
CHANNELS = {
    "sandbox": {
        "class": "payments.sandbox.Sandbox",
        "url": env.url(
            "SANDBOX_URL",
            schemes=("http", "https"),
            example="http://127.0.0.1:8090",
            default="http://127.0.0.1:8090" if DEBUG else "",
        ),
        "secret": env.text("SANDBOX_SECRET", "sandbox-secret" if DEBUG else ""),
    }
}
PAYMENT_CHANNEL = "sandbox"

EMAIL_URL = env.url(
    "EMAIL_URL", schemes=("smtp", "smtps"), example="smtp://user:password@mail.example:587?tls=1"
) or env.required("EMAIL_URL", default="file:" if DEBUG else "", example="smtp://user:password@mail.example:587?tls=1")
_MAIL = urlsplit(EMAIL_URL)
if _MAIL.query not in ("", "tls=0", "tls=1") or (_MAIL.scheme == "smtps" and _MAIL.query):
    raise ImproperlyConfigured("EMAIL_URL takes ?tls=1 after smtp://, and nothing else; smtps:// is encrypted anyway.")
# Without a mail server, `make run` leaves mails as files.
EMAIL_BACKEND = f"django.core.mail.backends.{'filebased' if _MAIL.scheme == 'file' else 'smtp'}.EmailBackend"
EMAIL_FILE_PATH = BASE_DIR / ".dev" / "mail"
EMAIL_USE_SSL = _MAIL.scheme == "smtps"
EMAIL_USE_TLS = _MAIL.query == "tls=1"
EMAIL_HOST = _MAIL.hostname or "localhost"
EMAIL_PORT = _MAIL.port or (465 if EMAIL_USE_SSL else 587 if EMAIL_USE_TLS else 25)
EMAIL_HOST_USER = unquote(_MAIL.username or "")
EMAIL_HOST_PASSWORD = unquote(_MAIL.password or "")
# A worker that waits for a silent mail server longer would be missing at the clocks.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.required(
    "DEFAULT_FROM_EMAIL",
    default="Aftersales <no-reply@localhost>" if DEBUG else "",
    example="Shop <no-reply@shop.example>",
)

CELERY_BROKER_URL = REDIS_URL
# The broker is a hint: every job is a row that a sweep finds again. These settings only make the hint prompt.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TASK_SOFT_TIME_LIMIT = 300
CELERY_TASK_TIME_LIMIT = 360
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 10,
}
# A web request that wakes a worker must not wait for a broker that is away.
CELERY_TASK_PUBLISH_RETRY = False
TICK_SECONDS = env.integer("TICK_SECONDS", default=10, least=1)
if TICK_SECONDS > 30:
    raise ImproperlyConfigured(f"TICK_SECONDS={TICK_SECONDS} should be at most 30: a clock fires within a minute.")
# `expires`: ticks missed while no worker ran do not pile up.
_TICK = {"schedule": TICK_SECONDS, "options": {"expires": TICK_SECONDS}}
CELERY_BEAT_SCHEDULE = {
    # Proves that beat, broker and a worker are alive; /health shows its age.
    "heartbeat": {"task": "aftersales.tasks.beat", **_TICK},
    # Payment and receipt clocks.
    "order-clocks": {"task": "orders.tasks.sweep_orders", **_TICK},
    # The seller's and the buyer's clocks of a ticket.
    "ticket-clocks": {"task": "refunds.tasks.sweep_tickets", **_TICK},
    # The clocks of evidence, reviews and appeals.
    "dispute-clocks": {"task": "refunds.tasks.sweep_disputes", **_TICK},
    # Payments: started at the channel, asked about, imported ones registered.
    "payments": {"task": "refunds.tasks.pursue_payments", **_TICK},
    # Money back: sent, asked about, sent again under the same number.
    "payouts": {"task": "refunds.tasks.pursue_payouts", **_TICK},
    # Tickets, payouts, ledger and the channels' own books are compared; what differs is shown to operators.
    "books": {"task": "refunds.tasks.compare_books", "schedule": 600, "options": {"expires": 600}},
    # Before each clock, whoever has to act is reminded.
    "reminders": {"task": "refunds.tasks.remind", **_TICK},
    # What happened is told to those concerned: one notice per person and channel.
    "announcements": {"task": "refunds.tasks.announce", **_TICK},
    # E-mails that are to be sent, or sent again.
    "e-mails": {"task": "refunds.tasks.send_notices", **_TICK},
    # Answers of customer service to those without a login.
    "answers": {"task": "aftersales.help.tasks.send_answers", **_TICK},
    # Mails that ask people to work for a shop.
    "invitations": {"task": "refunds.tasks.send_invitations", **_TICK},
    # What people asked for that takes longer than a page: work in bulk, big tables.
    "jobs": {"task": "aftersales.tasks.work_jobs", **_TICK},
    # Files that jobs made are given up after their time, an hour sooner or later.
    "job-files": {"task": "aftersales.tasks.tidy_jobs", "schedule": 3600, "options": {"expires": 3600}},
    # Photos and applications that were never sent are given up after their time, an hour sooner or later.
    "photos": {"task": "refunds.tasks.tidy_photos", "schedule": 3600, "options": {"expires": 3600}},
}

if not DEBUG:
    SECURE_SSL_REDIRECT = env.boolean("SECURE_SSL_REDIRECT", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
SECURE_REDIRECT_EXEMPT = [r"^health$", r"^notices/"]
X_FRAME_OPTIONS = "DENY"
# Everything comes from here: no other host, no inline script or style. `data:` and `blob:` are previews of photos and
# the QR codes of two-factor. Forms are left out: paying leads from one of ours to the channel's page.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
# Of one choice of tickets; more are chosen in parts.
BULK_MOST = env.integer("BULK_MOST", default=5_000, least=1)
# What somebody of a shop decides alone in one go: tickets, and minor units by currency. Above that an owner confirms.
BULK_TICKETS_ALONE = env.integer("BULK_TICKETS_ALONE", default=100, least=1)
BULK_AMOUNT_ALONE = {
    "CNY": 500_000, "USD": 75_000, "EUR": 70_000, "GBP": 60_000, "JPY": 10_000_000, "HKD": 600_000, "KWD": 230_000,
}  # fmt: skip
# What a background job made is kept for its person that long, and a plan that nobody confirms that long.
JOB_FILES_LAST = timedelta(days=7)
JOB_PLANS_LAST = timedelta(days=1)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# A table with more rows is made in the background.
EXPORT_ROWS = env.integer("EXPORT_ROWS", default=5_000, least=1)
# Evidence per photo, before it is decoded.
EVIDENCE_MAX_BYTES = 8 * 1024 * 1024
EVIDENCE_MAX_PIXELS = 40_000_000
EVIDENCE_PER_MESSAGE = 9
PHOTOS_PER_TICKET = 60
# Of one person in a day, before their forms are sent; decoding is work.
UPLOADS_PER_DAY = env.integer("UPLOADS_PER_DAY", default=200, least=1)
MESSAGES_PER_TICKET = 100
# Applications on one line of an order, amended and filed anew, over all its tickets.
APPLICATIONS_PER_LINE = 5
# Of one buyer within 24 hours.
TICKETS_PER_DAY = env.integer("TICKETS_PER_DAY", default=30, least=1)
# Questions to customer service within 24 hours: of one person or e-mail address, and from one network address.
ENQUIRIES_PER_DAY = env.integer("ENQUIRIES_PER_DAY", default=10, least=1)
ENQUIRIES_PER_ADDRESS = env.integer("ENQUIRIES_PER_ADDRESS", default=30, least=1)
# How many proxies of ours stand before the shop: that many entries of X-Forwarded-For are believed.
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", default=0)
# What a buyer may be paid back for sending one ticket's goods in, in minor units by currency.
POSTAGE_MOST = {"CNY": 10_000, "USD": 2_500, "EUR": 2_500, "GBP": 2_000, "JPY": 3_000, "HKD": 12_000, "KWD": 8_000}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # Django's own handler for DEBUG would show each warning twice.
    "loggers": {"django": {"handlers": [], "level": "INFO"}},
}

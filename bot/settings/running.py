"""What the program runs on: accounts, models, the connection to Discord, files and logs."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from bot.settings.values import (
    BaseUrl,
    Budgeted,
    CacheTime,
    Channel,
    Count,
    CountOrNone,
    DatabaseUrl,
    Deadline,
    Effort,
    Folder,
    Ids,
    LogLevel,
    ModelAt,
    ModelName,
    PathText,
    Port,
    Price,
    Real,
    Seconds,
    Secret,
)


class Section(BaseModel):
    """Settings that belong together; the docstring's first sentence is their heading."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        str_strip_whitespace=True,
        # A fault in a secret must not print the secret.
        hide_input_in_errors=True,
    )


class AccountSettings(Section):
    """Accounts and permissions."""

    anthropic_api_key: Secret = SecretStr("")
    """The key to Claude; without one a local model speaks."""
    discord_token: Secret = SecretStr("")
    """The bot account's token; DISCORD_TOKEN is the same key."""
    log_channel: Channel = None
    """Discord channel, by id, for what the operator has to know at once."""
    admin_ids: Ids = ()
    """Discord ids of the people who may administer the bot, separated by commas."""


class ModelSettings(Section):
    """Claude: models, deadlines, cost."""

    default_model: ModelName = "claude-sonnet-5-5"
    """The model that writes replies."""
    premium_model: ModelName = "claude-opus-5-5"
    """The model that writes replies to premium members."""
    voting_model: ModelName = "claude-haiku-5-5"
    """The model that votes on whether to reply."""
    memory_model: ModelName = "claude-haiku-5-5"
    """The model that draws facts from talk."""
    sel_general_model: ModelAt = Field("", repr=False)
    """The model that writes replies, where it is another one than default_model; or name@http://address."""
    sel_coder_model: ModelAt = Field("", repr=False)
    """The model that writes replies to talk about code: a name, or name@http://address of another server."""
    vision_model: ModelAt = Field("", repr=False)
    """The model that is shown pictures: a name, or name@http://address of another server."""
    other_server_key: Secret = SecretStr("")
    """The key of the one server that is named after an @; of several the one with https:// is sent it."""
    anthropic_base_url: BaseUrl = Field(None, repr=False)
    """Address of another server that speaks the Messages API, without /v1; Claude's own if empty."""
    default_max_tokens: Count = 1250
    """Tokens that a reply may have at most."""
    default_temperature: Real = Field(1.0, ge=0, le=2)
    """Sampling temperature, sent to local servers only: current Claude models take none."""
    reply_effort: Effort = "off"
    """How hard the model thinks before a reply: off, low, medium or high."""
    cache_ttl: CacheTime = "1h"
    """How long the provider keeps a prompt's unchanging head: 1h or 5m."""
    should_reply_timeout: Deadline = 10
    """Seconds that deciding whether to reply may take, retries included."""
    summarize_timeout: Deadline = 30
    """Seconds that condensing a conversation may take, retries included."""
    llm_timeout: Deadline = 60
    """Seconds that writing a reply may take, retries included."""
    price_file: PathText = ""
    """TOML file with prices per model; the built-in table if empty."""
    cost_per_token_haiku: Price = 0.0000008
    """Price of an input token of Haiku models in dollars; the price table counts unless set."""
    cost_per_token_sonnet: Price = 0.000003
    """Price of an input token of Sonnet models in dollars; the price table counts unless set."""


class BudgetSettings(Section):
    """Budgets of a day."""

    budget_per_person: Budgeted = "none"
    """What one person's talk may cost in a day, such as 0.50 USD or 100000 tokens; none for no limit."""
    budget_per_server: Budgeted = "none"
    """What one server may cost in a day; none for no limit."""
    budget_per_day: Budgeted = "none"
    """What everything together may cost in a day, in dollars or tokens; none for no limit."""
    budget_model: str = ""
    """The model that writes replies once four fifths of a budget are spent; voting_model if empty."""
    budget_line: str = Field(
        "(I have talked as much as I may for today. Tomorrow I am here again.)", min_length=1, max_length=500
    )
    """What people are told, once a day, when a budget is spent."""


class LocalVoiceSettings(Section):
    """The local model that speaks without a key."""

    local_model: PathText = ""
    """Path of a GGUF model file; found or fetched if empty."""
    local_model_download: bool = True
    """Whether a model may be fetched when none is on the machine (about 1.1 GB, once)."""
    cache_dir: PathText = ""
    """Folder for what is fetched; the user's own cache folder if empty."""
    sel_quant: str = ""
    """Accepted for old files: quantisation is the choice of the model file."""
    sel_single_backend: bool = True
    """Accepted for old files: the local server swaps models itself."""
    sel_compile: bool = True
    """Accepted for old files: the local server picks its own kernels."""


class DiscordSettings(Section):
    """Discord."""

    shard_count: Count = 1
    """Gateway connections; more than 1 shards the bot (Discord asks for it from 2,500 servers)."""
    nickname_sync: bool = True
    """Whether the bot takes default_name as its nickname in every server."""
    max_message_length: int = Field(2000, ge=100, le=2000)
    """Characters in one Discord message; longer replies are split."""
    sel_drop_old_seconds: Count = 30
    """Messages to nobody in particular that are older at receipt, in seconds, are noted and not answered."""
    answer_missed_minutes: CountOrNone = 15
    """What was said to it while the program was away is answered if younger than this, in minutes."""
    resume_within_seconds: CountOrNone = 900
    """A message left unanswered by a crash is still answered if younger than this, in seconds."""
    backfill_limit: CountOrNone = 100
    """Messages per channel that are read again after downtime at most."""
    drain_seconds: Seconds = 10.0
    """Seconds that replies under way get to finish at shutdown."""


class MonitoringSettings(Section):
    """Health, alerts and metrics."""

    heartbeat_seconds: Count = 30
    """How often it is looked whether all is well, in seconds."""
    heartbeat_status_ticks: Count = 10
    """At each so many of these looks one line about it goes into the log."""
    latency_warning_seconds: Deadline = 1.0
    """A latency of Discord's above this, in seconds, is warned of."""
    alert_database_mb: CountOrNone = 4096
    """A database larger than so many megabytes is worth an alert; 0 for never."""
    alert_disk_free_mb: CountOrNone = 512
    """Less room than so many megabytes on the disk of data_dir is worth an alert; 0 for never."""
    metrics_port: Port = 0
    """Port on 127.0.0.1 for /healthz and /metrics (Prometheus); 0 for none."""


class ConsoleSettings(Section):
    """The console in the browser."""

    console_port: Port = 0
    """Port on 127.0.0.1 for the console; 0 for none. `python main.py console` prints a link to it."""
    console_origin: BaseUrl = None
    """The address of a reverse proxy with TLS in front of it, such as https://masks.example.org."""
    console_prompts_hours: int = Field(24, ge=0, le=168)
    """Hours for which the prompt behind each reply is kept for the console; 0 keeps none."""

    @property
    def keeps_prompts(self) -> bool:
        """Whether what is sent to a model for a reply is kept: with a console alone."""
        return bool(self.console_port and self.console_prompts_hours)


class StorageSettings(Section):
    """Files, database, logs."""

    data_dir: Folder = Path("data")
    """Folder for the database and everything else that is kept."""
    database_url: DatabaseUrl = SecretStr("")
    """A PostgreSQL database, postgresql://user:password@host/name; a SQLite file in data_dir if empty."""
    decisions_kept_days: int = Field(7, ge=2, le=3650)
    """Days for which /why can explain why a message was answered or not; no words are kept with that."""
    backups_kept_days: int = Field(7, ge=1, le=3650)
    """Days for which copies made before an upgrade or a restore are kept; they hold what was said."""
    log_level: LogLevel = "INFO"
    """How much is logged: DEBUG, INFO, WARNING, ERROR or CRITICAL."""
    enable_api_call_logging: bool = False
    """Whether each call to Claude is logged to api_log_file: lengths and cost, never words."""
    api_log_file: Folder = Path("anthropic_api_calls.log")
    """The file for that log; one that is not absolute lies in data_dir."""
    save_interval_minutes: Count = 5
    """Accepted for old files: everything is saved the moment it happens."""
    user_data_file: Folder = Path("user_info.pickle")
    """An old bot's user data, for import only; never written."""

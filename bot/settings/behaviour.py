"""How the character behaves: when it speaks, how it types, what it remembers, who else it is."""

from pathlib import Path

from pydantic import Field

from bot.settings.running import Section
from bot.settings.values import (
    ConsentMode,
    CountOrNone,
    Errors,
    Folder,
    Hours,
    Level,
    Mode,
    Names,
    NoticeText,
    Numbers,
    PathOrOff,
    Seconds,
    Share,
    Speed,
    SpokenLanguage,
    Weights,
    ZoneName,
)

CRISIS_NOTICE = (
    "Out of character, and for your eyes only: I am a bot, a program, and no person. What you wrote sounds "
    "as if you might be in a very dark place. I can't help you in an emergency, but people can, now: call "
    "112 in Europe, 911 or 988 in the US and Canada, or your own emergency number; "
    "https://findahelpline.com names free and confidential help lines in your country. If I misread you, "
    "never mind: nobody else sees this. - Auf Deutsch, kostenlos und anonym: TelefonSeelsorge 0800 1110111, "
    "im Notfall 112."
)


class CharacterSettings(Section):
    """Which character speaks."""

    character: str = ""
    """Folder or file in characters_dir to play; if empty ./character.env, else the first active persona."""
    characters_dir: Folder = Path("characters")
    """Folder that holds a folder, or one JSON file, for each character."""


class TypingSettings(Section):
    """Typing like a person."""

    typing_speed_cpm: Speed = 300
    """Characters a minute that the character types."""
    min_typing_time: Seconds = 6.0
    """Seconds it types at least."""
    max_typing_time: Seconds = 15.0
    """Seconds it types at most."""
    typing_variance: Share = 0.2
    """How much its speed varies, as a share: 0.2 is 20% either way."""
    stream_replies: bool = False
    """Whether a reply grows in place while it is written, instead of typing first."""
    stream_gap: float = Field(1.0, ge=0.4, le=60)
    """Seconds between two edits of a reply that grows; Discord allows about five edits in five seconds."""
    stream_after: int = Field(60, ge=1, le=1000)
    """Characters after which a reply is shown that has no whole sentence yet."""


class ReplySettings(Section):
    """When it replies."""

    burst_quiet_seconds: Seconds = 2.0
    """Seconds of quiet that it waits for before it answers what has come in together."""
    burst_max_seconds: Seconds = 8.0
    """Seconds that this wait may last at most."""
    bot_reply_threshold: CountOrNone = 3
    """Replies in a row to another bot at most; a person's message starts the count anew."""
    reply_cooldown: Seconds = 15.0
    """Seconds before it replies to the same bot again."""
    channel_energy: CountOrNone = 12
    """Replies to all bots of a channel together at most, until a person speaks there."""
    yes_no_vote_count: int = Field(3, ge=0, le=25)
    """Votes on whether to reply to what is not addressed to it; 0 never replies to that."""
    global_response_chance: Share = 1.0
    """Chance that it considers replying at all when not addressed; admins may set one per channel."""
    errors: Errors = "reply"
    """How a server sees that a reply failed: reply (in its own words), react or silent."""
    reroll_timeout_seconds: int = Field(60, ge=1, le=900)
    """Seconds that the buttons under a rerolled reply work."""
    sel_mode: Mode = "casual"
    """Its manner: casual, deep_focus, playful or quiet_companion."""
    home_timezone: ZoneName = "UTC"
    """The time zone that the characters live in, such as Europe/Berlin: their nights, their mornings."""
    initiative_chance: Share = 0.1
    """Chance in each half hour that it says something first, in channels where admins let it."""
    initiative_daily_cap: CountOrNone = 3
    """How often a day it speaks first in a channel at most, and writes to people in private at most."""
    quiet_hours: Hours = "23-8"
    """The hours (home_timezone) in which it never speaks first; none for no such hours."""
    sel_checkins: bool = False
    """Whether it writes in private, now and then, to people who agreed and were away for two days."""
    followups: Level = "low"
    """How readily it asks back on something earlier: off, low, medium, high or maximum."""


class MemorySettings(Section):
    """Memory."""

    memory_consent: ConsentMode = "opt_in"
    """About whom facts are noted: opt_in (who agreed), opt_out (who did not say no) or off (nobody)."""
    recall_tokens: int = Field(915, ge=0, le=10_000)
    """Tokens of facts and earlier talk in a prompt where a memory is asked for; 0 searches for nothing."""
    embedding_model: str = Field("multilingual", min_length=1)
    """How meaning is searched for: multilingual, minilm (English), a sentence-transformers model, or off."""
    memory_batches: bool = True
    """Whether facts are drawn in batches, where Claude offers them: half the price, within an hour or so."""
    consolidation_hour: int = Field(4, ge=0, le=23)
    """The hour (UTC) from which on facts are drawn from the last day's talk, once a day."""

    conversation_token_threshold: int = Field(6000, ge=200, le=10**6)
    """Tokens of talk in one place from which on the older of it is summed up."""
    core_memory_token_threshold: int = Field(25000, ge=200, le=10**6)
    """Tokens of core memory about one person from which on it is joined into fewer memories."""
    enable_core_memory_pickle_log: bool = True
    """Whether core memory is dumped to files before it changes, as a pickle and as JSON."""
    core_memory_pickle_dir: Folder = Path("./")
    """Folder for those dumps; one that is not absolute lies in data_dir."""


class PersonaSettings(Section):
    """Several personas."""

    use_persona_system: bool = True
    """Whether more than one persona may speak."""
    active_personas: Names = ()
    """Folders or files of further personas, with commas or as JSON; `all` for every one, none if empty."""
    persona_weights: Weights = Field(default_factory=dict)
    """How readily each persona is chosen, as JSON: {"nyx": 1.5, "pixel": 0.5}."""
    framework_blending_enabled: bool = True
    """Whether behaviour blends with the kind of talk."""
    context_routing_enabled: bool = True
    """Whether what is talked about helps to choose the persona."""
    activity_routing_priority: CountOrNone = 100
    """How much that counts against the other rules of choice."""
    persona_sticky_timeout: Seconds = 300
    """Seconds that a persona stays the one who answers."""
    persona_followup_cooldown: Seconds = 300
    """Seconds between follow-up questions of a persona."""
    persona_banter: Share = 0.2
    """How much of what personas would answer one another, unasked, they do; 0 for never."""
    persona_chain: int = Field(4, ge=0, le=50)
    """Lines of personas in a row at most, until a person speaks."""
    lore_tokens: int = Field(1500, ge=0, le=50_000)
    """Tokens of lorebooks that go into one prompt; 0 for none."""
    greet_newcomers: bool = True
    """Whether who writes to a persona alone for the first time is greeted, and a channel that it joins."""
    persona_conflicts_enabled: bool = True
    """Whether personas may fall out with each other."""
    conflict_decay_rate: Share = 0.1
    """How much of a conflict fades in an hour of silence."""
    conflict_escalation_amount: Share = 0.2
    """How much a conflict grows each time its topic comes up."""
    persona_evolution_enabled: bool = True
    """Whether personas change with experience."""
    persona_evolution_path: Folder = Path("./data/persona_evolution")
    """Folder where how far each persona has grown is written down, for people to look at."""
    persona_evolution_milestones: Numbers = (50, 100, 500, 1000, 5000)
    """Exchanges after which a persona may change, ascending, separated by commas."""


class SafetySettings(Section):
    """Safety of people."""

    crisis_notice: NoticeText = CRISIS_NOTICE
    """What the bot itself shows in private to a person who writes that they want to die; `off` for none."""
    crisis_notice_hours: float = Field(24.0, ge=0, le=8760)
    """Hours after which one person may be shown it again."""


class PerceptionSettings(Section):
    """What it perceives."""

    images: bool = True
    """Whether it looks at pictures; the package is `.[senses]`."""
    image_limit: int = Field(4, ge=0, le=8)
    """Pictures of one message that it looks at, at most."""
    files: bool = True
    """Whether it reads text files and PDFs; the package is `.[senses]`."""
    voice_messages: bool = True
    """Whether it listens to voice messages, on this machine; the package is `.[voice]`."""
    stt_model: str = Field("packaged", min_length=1)
    """The Whisper model that listens: packaged (English), a folder, or a name in Hugging Face's cache."""
    stt_language: SpokenLanguage = "auto"
    """The language that is spoken, as a code such as de; auto to let a model of many languages find out."""


class VoiceSettings(Section):
    """Voice."""

    piper_model: PathOrOff = "joe"
    """Voice that speaks: joe (packaged), or path of a Piper voice (.onnx), or off for no speech."""
    sel_tts_default: bool = False
    """Whether replies are voice messages unless a person says otherwise by /voice."""
    voice_text: bool = True
    """Whether the words stand as text beneath a voice message."""
    voice_transcript: bool = True
    """Whether what is said in a voice channel is written into its chat, where it can be read and deleted."""
    voice_end_ms: int = Field(500, ge=200, le=3_000)
    """Milliseconds of silence after which somebody in a voice channel has finished speaking."""

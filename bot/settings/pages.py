"""Generator of the example files and the settings page, so that they match the settings."""

from collections.abc import Iterator

from bot.settings.model import ALIASES, ELSEWHERE, SECTIONS, WITH_CHARACTER
from bot.settings.running import Section
from bot.settings.wording import default_words, does, said_below
from personas.character import IDENTITY_KEYS, Character

SHIPPED = {"bot_reply_threshold": "1"}
"""Values in config.env.example that differ from the default."""

ALIAS_WORDS = {
    "sel_max_new_tokens": "Counts only where default_max_tokens is not set.",
    "sel_stream": "Counts only where stream_replies is not set, which is off by default.",
    "activity_routing_enabled": "Counts only where context_routing_enabled is not set.",
}

_CONFIG_HEAD = """\
# How the program runs. Copy this file to config.env and take the # away from what you change.
# A key may be written in any letter case. An empty value counts as not set. docs/settings.md says more.
"""

_CHARACTER_HEAD = """\
# Who the bot is. Copy this file to character.env, or set character=<folder> in config.env instead.
# Put a text of several lines in double quotes; the closing quote ends its last line.
"""

_SAMPLES = {
    "anthropic_api_key": ("ANTHROPIC_API_KEY", "your_api_key_here"),
    "discord_token": ("discord_token", "your_discord_token"),
    "log_channel": ("log_channel", "your_log_channel_id"),
    "default_name": ("default_name", "Character Name"),
    "core_prompt": (
        "core_prompt",
        """\
You are Character Name, [brief description].

## Looks
- [what people notice first]

## Temper
- [what it wants, what it fears, what makes it laugh]

## Way of speaking
- [how long its sentences are, which words only it would use]
- [how it speaks among many, and how with one person alone]""",
    ),
}

_PAGE_HEAD = """\
# Settings

<!-- Written by `python -m bot.settings --write`; changes made here are lost. -->

`config.env` says how the program runs; copy `config.env.example` and change what you need. `character.env`
says who the bot is: [characters.md](characters.md#what-every-key-does) has its keys. `python main.py
doctor` lists what is wrong.

## How the files are read

- What counts, in this order: the command line, the environment, `config.env`, `./character.env`.
- `key=value`, a line each, in UTF-8; a key in any letter case. An empty value counts as not set. `#` after
  a blank starts a remark; put a value that holds one in quotes.
- A text of several lines stands in double quotes. A quote inside it is written `\\"`. In double quotes
  `\\n` is a new line.
- `${NAME}` stays as it is written, so that a borrowed file can't read your secrets.
- Lists are separated by commas; a JSON list works as well. Yes and no: `true`, `false`, `1`, `0`, `on`,
  `off`, `yes`, `no`.
- An unknown key is left out, with a notice that names the nearest one. A wrong value stops the start.

A `character.env` may hold a character and, as `./character.env`, three settings: `ANTHROPIC_API_KEY`,
`discord_token` and `log_channel`. Everything else is refused there, because such files are passed around.
With `character=nyx` the character comes whole from `characters/nyx/character.env`, and these three settings
are not read from there.
"""


def config_example() -> str:
    """Return config.env.example: each effective key with its default and a description."""
    blocks = [_CONFIG_HEAD]
    for section in SECTIONS:
        # An obsolete key is accepted with a notice, but not listed.
        keys = [key for key in _keys(section) if key not in ELSEWHERE]
        if keys:
            blocks.append(f"\n# ---- {_heading(section)} ----\n")
            blocks.extend(map(_config_block, keys))
    return "".join(blocks)


def character_example() -> str:
    """Return character.env.example: the three accounts, then the character's own keys."""
    accounts = (_sample_block(key, does(key)) for key in WITH_CHARACTER)
    own = (_sample_block(key, _character_does(field)) for key, field in IDENTITY_KEYS.items())
    return "".join([_CHARACTER_HEAD, *accounts, *own])


def settings_page() -> str:
    """Return docs/settings.md: how the files are read, and a table for each section."""
    parts = [_PAGE_HEAD]
    for section in SECTIONS:
        parts += [f"\n## {_heading(section)}\n", *_table(_rows(section))]
    aliases = ((alias, ALIASES[alias], ALIAS_WORDS[alias]) for alias in ALIASES)
    parts += ["\n## Other names\n", *_table(aliases, "the same as")]
    return "".join(parts)


def _heading(section: type[Section]) -> str:
    return (section.__doc__ or section.__name__).strip().rstrip(".")


def _keys(section: type[Section]) -> list[str]:
    return [key for key in section.model_fields if key in section.__annotations__]


def _config_block(key: str) -> str:
    remark = f"# {does(key)}"
    if key in SHIPPED:
        default = default_words(key)
        return f"{remark} Without this line: {default}.\n{key}={_quoted(SHIPPED[key])}\n"
    return f"{remark}\n#{key}={_quoted(default_words(key))}\n"


def _sample_block(key: str, words: str) -> str:
    written, sample = _SAMPLES.get(key, (key, ""))
    mark = "" if sample else "#"
    return f'\n# {words}\n{mark}{written}="{sample}"\n'


def _quoted(text: str) -> str:
    if not text or text.replace(".", "").replace("_", "").isalnum():
        return text
    quote = "'" if '"' in text else '"'
    return f"{quote}{text}{quote}"


def _rows(section: type[Section]) -> Iterator[tuple[str, str, str]]:
    for key in _keys(section):
        words = does(key)
        if key in SHIPPED:
            words += f" config.env.example ships {SHIPPED[key]}."
        yield key, default_words(key), words


def _character_does(field: str) -> str:
    return said_below(Character)[field]


def _table(rows: Iterator[tuple[str, str, str]], second: str = "default") -> Iterator[str]:
    yield f"\n| key | {second} | what it does |\n|---|---|---|\n"
    for key, middle, words in rows:
        shown = f"`{middle}`" if middle else ""
        yield f"| `{key}` | {shown} | {words} |\n"

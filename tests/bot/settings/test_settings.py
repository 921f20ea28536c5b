"""Settings: every documented key with its default, read from files as people write them."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from bot.settings import ALIASES, Fault, Loaded, Settings, SettingsError, load_settings
from bot.settings.__main__ import main, written_files
from bot.settings.behaviour import CRISIS_NOTICE
from bot.settings.envfile import read_env
from bot.settings.model import ELSEWHERE, SECTIONS
from bot.settings.values import at_server
from bot.settings.wording import default_words, does
from personas.character import IDENTITY_KEYS
from tests.support.paths import ROOT

SEED_DEFAULTS = {
    "bot_reply_threshold": 3,
    "yes_no_vote_count": 3,
    "core_memory_token_threshold": 25000,
    "user_data_file": Path("user_info.pickle"),
    "api_log_file": Path("anthropic_api_calls.log"),
    "enable_core_memory_pickle_log": True,
    "core_memory_pickle_dir": Path("./"),
    "reroll_timeout_seconds": 60,
    "default_max_tokens": 1250,
    "default_temperature": 1.0,
    "cost_per_token_haiku": 0.0000008,
    "cost_per_token_sonnet": 0.000003,
    "max_message_length": 2000,
    "typing_speed_cpm": 300,
    "min_typing_time": 6.0,
    "max_typing_time": 15.0,
    "typing_variance": 0.2,
    "reply_cooldown": 15.0,
    "should_reply_timeout": 10,
    "summarize_timeout": 30,
    "llm_timeout": 60,
    "shard_count": 1,
    "enable_api_call_logging": False,
    "default_model": "claude-sonnet-5-5",
    "premium_model": "claude-opus-5-5",
    "voting_model": "claude-haiku-5-5",
    "sel_mode": "casual",
    "sel_checkins": False,
    "sel_drop_old_seconds": 30,
    "answer_missed_minutes": 15,
    "sel_single_backend": True,
    "sel_compile": True,
    "stt_model": "packaged",
    "use_persona_system": True,
    "persona_weights": {},
    "persona_evolution_enabled": True,
    "persona_evolution_path": Path("./data/persona_evolution"),
    "persona_evolution_milestones": (50, 100, 500, 1000, 5000),
    "framework_blending_enabled": True,
    "context_routing_enabled": True,
    "activity_routing_priority": 100,
    "persona_conflicts_enabled": True,
    "conflict_decay_rate": 0.1,
    "conflict_escalation_amount": 0.2,
    "persona_sticky_timeout": 300,
    "persona_followup_cooldown": 300,
    "global_response_chance": 1.0,
}
SEED_KEYS_WITHOUT_DEFAULT = {
    *("anthropic_api_key", "discord_token", "log_channel", "save_interval_minutes"),
    *("sel_general_model", "sel_coder_model", "sel_quant", "piper_model", "sel_tts_default"),
    "active_personas",
}
OWN_DEFAULTS = {
    "conversation_token_threshold": 6000,
    "budget_per_person": "none",
    "budget_per_server": "none",
    "budget_per_day": "none",
    "budget_model": "",
    "budget_line": "(I have talked as much as I may for today. Tomorrow I am here again.)",
    "heartbeat_seconds": 30,
    "heartbeat_status_ticks": 10,
    "latency_warning_seconds": 1.0,
    "alert_database_mb": 4096,
    "alert_disk_free_mb": 512,
    "metrics_port": 0,
    "console_port": 0,
    "console_origin": None,
    "console_prompts_hours": 24,
    "home_timezone": "UTC",
    "images": True,
    "image_limit": 4,
    "files": True,
    "voice_messages": True,
    "stt_language": "auto",
    "piper_model": "joe",
    "sel_tts_default": False,
    "voice_text": True,
    "voice_transcript": True,
    "voice_end_ms": 500,
    "crisis_notice": CRISIS_NOTICE,
    "crisis_notice_hours": 24,
    "initiative_chance": 0.1,
    "initiative_daily_cap": 3,
    "quiet_hours": "23-8",
    "followups": "low",
    "persona_banter": 0.2,
    "persona_chain": 4,
    "greet_newcomers": True,
    "lore_tokens": 1500,
    "memory_model": "claude-haiku-5-5",
    "memory_consent": "opt_in",
    "recall_tokens": 915,
    "embedding_model": "multilingual",
    "memory_batches": True,
    "consolidation_hour": 4,
    "vision_model": "",
    "other_server_key": SecretStr(""),
    "anthropic_base_url": None,
    "database_url": SecretStr(""),
    "character": "",
    "characters_dir": Path("characters"),
    "data_dir": Path("data"),
    "admin_ids": (),
    "burst_quiet_seconds": 2.0,
    "burst_max_seconds": 8.0,
    "resume_within_seconds": 900,
    "price_file": "",
    "local_model": "",
    "local_model_download": True,
    "cache_dir": "",
    "reply_effort": "off",
    "log_level": "INFO",
    "nickname_sync": True,
    "backfill_limit": 100,
    "drain_seconds": 10.0,
    "cache_ttl": "1h",
    "stream_replies": False,
    "stream_gap": 1.0,
    "stream_after": 60,
    "channel_energy": 12,
    "decisions_kept_days": 7,
    "backups_kept_days": 7,
    "errors": "reply",
}
NYX = 'default_name="Nyx Void"\ncore_prompt="You are Nyx."\n'


@pytest.fixture
def folder(tmp_path):
    for name in ("nyx", "fangs", "_frameworks"):
        (tmp_path / "characters" / name).mkdir(parents=True)
        (tmp_path / "characters" / name / "character.env").write_text(NYX)
    (tmp_path / "characters" / "empty").mkdir()
    return tmp_path


@pytest.fixture
def load(folder):
    def load_files(config="", sheet="", environ=None, /, **overrides: str) -> Loaded:
        (folder / "config.env").write_text(config)
        (folder / "character.env").write_text(sheet)
        environ = {"CHARACTERS_DIR": str(folder / "characters"), **(environ or {})}
        return load_settings(folder / "config.env", folder / "character.env", environ, overrides)

    return load_files


@pytest.fixture
def faults(load):
    def faults_of(*sources, **overrides):
        with pytest.raises(SettingsError) as caught:
            load(*sources, **overrides)
        assert len(str(caught.value).splitlines()) == len(caught.value.faults)
        return {fault.key: fault for fault in caught.value.faults}

    return faults_of


# ---- keys and defaults


@pytest.mark.parametrize(("key", "default"), [*SEED_DEFAULTS.items(), *OWN_DEFAULTS.items()])
def test_a_documented_key_has_its_documented_default(key, default):
    assert getattr(Settings(), key) == default


def test_every_key_of_the_seeds_is_a_setting_an_alias_or_a_characters():
    listed = ROOT.parent / "shared" / "spec" / "features.md"
    if not listed.is_file():
        pytest.skip("the table of keys is not on this machine")
    table = listed.read_text().split("## Configuration keys")[1]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")][2:]
    words = set(re.findall(r"(?<![\w])[A-Za-z]\w*_\w+", " ".join(rows)))
    assert len(words) > 60
    known = Settings.model_fields.keys() | ALIASES.keys() | IDENTITY_KEYS.keys()
    assert {word.lower() for word in words if not word.startswith("_")} <= known


def test_every_setting_stands_in_one_section_and_says_what_it_does_in_one_line():
    listed = [key for section in SECTIONS for key in section.model_fields]
    assert sorted(listed) == sorted(Settings.model_fields)
    for key in listed:
        assert re.fullmatch(r"[A-Z][^\n|]{10,110}\.", does(key)), key


def test_every_setting_is_covered_by_a_default_that_is_tested():
    tested = SEED_DEFAULTS.keys() | OWN_DEFAULTS.keys() | SEED_KEYS_WITHOUT_DEFAULT
    assert tested == Settings.model_fields.keys()


def test_every_default_written_out_reads_back_as_itself():
    written = {key: default_words(key) for key in Settings.model_fields}
    assert Settings.model_validate({k: v for k, v in written.items() if v}) == Settings()


def test_settings_are_frozen_and_closed_to_strange_keys():
    with pytest.raises(ValidationError):
        Settings().llm_timeout = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Settings(llm_timeuot=1)  # type: ignore[call-arg]


def test_the_files_made_from_the_settings_are_up_to_date():
    for name, text in written_files().items():
        assert (ROOT / name).read_text(encoding="utf-8") == text, "python -m bot.settings --write"


def test_the_example_config_holds_every_key_that_has_an_effect_at_its_default(tmp_path):
    bare = re.sub(r"(?m)^#(?=\w+=)", "", (ROOT / "config.env.example").read_text())
    (tmp_path / "config.env").write_text(bare)
    values = read_env(tmp_path / "config.env").values
    assert values.keys() == Settings.model_fields.keys() - ELSEWHERE.keys()
    assert values.pop("bot_reply_threshold") == "1"
    assert Settings.model_validate({k: v for k, v in values.items() if v}) == Settings()


def test_the_settings_page_names_every_key_with_its_default():
    rows = re.findall(r"(?m)^\| `(\w+)` \| (?:`(.*?)`)? ?\|", (ROOT / "docs/settings.md").read_text())
    table = dict(rows)
    for key in Settings.model_fields:
        assert table[key] == default_words(key)
    assert table.keys() == Settings.model_fields.keys() | ALIASES.keys()


def test_the_example_files_are_no_faults_and_no_notices_but_an_unwritten_character():
    loaded = load_settings(ROOT / "config.env.example", ROOT / "character.env.example", {})
    assert loaded.explicit == {"bot_reply_threshold"}
    assert loaded.settings.bot_reply_threshold == 1
    assert loaded.notices == ()
    assert {fault.key for fault in loaded.character_faults} == {"default_name", "core_prompt"}


def test_writing_brings_changed_files_back_and_then_has_nothing_to_do(tmp_path, capsys):
    assert main([], tmp_path) == 1
    assert main(["--write"], tmp_path) == 0
    assert (tmp_path / "docs/settings.md").read_text() == written_files()["docs/settings.md"]
    capsys.readouterr()
    assert main([], tmp_path) == 0
    assert capsys.readouterr().out == ""


# ---- reading


def test_nothing_at_all_gives_the_defaults_and_no_character(tmp_path):
    for loaded in (
        load_settings(None, None, {}),
        load_settings(tmp_path / "config.env", tmp_path / "character.env", {}),
    ):
        assert loaded == Loaded(Settings(), sheet=loaded.sheet)
        assert loaded.explicit == frozenset()


@pytest.mark.parametrize("key", ["piper_model", "crisis_notice"])
def test_what_has_a_default_is_switched_off_by_a_word_since_an_empty_value_is_not_set(load, key):
    assert load(f"{key}=off").settings.model_dump()[key] == ""
    assert load(f"{key}=").settings.model_dump()[key] == Settings().model_dump()[key]


@pytest.mark.parametrize("key", ["TYPING_SPEED_CPM", "typing_speed_cpm", "Typing_Speed_CPM"])
def test_a_key_counts_in_any_letter_case(load, key):
    assert load(f"{key}=120").settings.typing_speed_cpm == 120
    assert load("", "", {key: "120"}).settings.typing_speed_cpm == 120


def test_the_environment_counts_before_config_env_and_that_before_character_env(load):
    sheet, config = 'discord_token="sheet"', 'discord_token="config"'
    environ = {"DISCORD_TOKEN": "environment"}

    def token(*sources, **overrides):
        return load(*sources, **overrides).settings.discord_token.get_secret_value()

    assert token("", sheet) == "sheet"
    assert token(config, sheet) == "config"
    assert token(config, sheet, environ) == "environment"
    assert token(config, sheet, environ, discord_token="override") == "override"


@pytest.mark.parametrize("nothing", ["", "your_discord_token", "<your token>", "  "])
def test_an_empty_value_or_a_placeholder_leaves_the_next_source_to_count(load, nothing):
    environ = {"discord_token": nothing}
    loaded = load(f'discord_token="{nothing}"', 'discord_token="real"', environ)
    assert loaded.settings.discord_token == SecretStr("real")
    empty = load(f'discord_token="{nothing}"')
    assert not empty.settings.discord_token
    assert "discord_token" not in empty.explicit


def test_the_command_line_can_put_a_key_back_to_its_default(load):
    loaded = load("anthropic_api_key=real\nllm_timeout=5", anthropic_api_key="", llm_timeout="")
    assert not loaded.settings.anthropic_api_key
    assert loaded.settings.llm_timeout == 60
    assert loaded.explicit == {"characters_dir"}


def test_a_key_that_is_meant_for_another_server_is_not_taken(tmp_path):
    config, sheet = tmp_path / "config.env", tmp_path / "character.env"
    config.write_text("anthropic_base_url=https://proxy.example\nanthropic_api_key=of-the-proxy\n")
    fresh_key = load_settings(config, sheet, {}).fresh_key
    assert fresh_key() == "of-the-proxy"
    config.write_text("anthropic_api_key=of-claude-itself\n")
    assert fresh_key() == ""
    config.write_text("anthropic_api_key=mended\nanthropic_base_url=https://proxy.example\n")
    assert fresh_key() == "mended"


def test_the_key_is_read_again_where_a_file_has_changed_and_the_environment_still_counts_first(tmp_path):
    config, sheet = tmp_path / "config.env", tmp_path / "character.env"
    sheet.write_text("anthropic_api_key=of-the-sheet\n")
    alone = load_settings(config, sheet, {}).fresh_key
    set_outside = load_settings(config, sheet, {"ANTHROPIC_API_KEY": "outside"}).fresh_key
    assert alone() == "of-the-sheet"
    for written, key in (
        ("anthropic_api_key=mended\n", "mended"),
        ("anthropic_api_key=mended-again\nno_such_key=1\nllm_timeout=nonsense\n", "mended-again"),
        ("anthropic_api_key=umlautä\n", ""),
        ("anthropic_api_key=\n", "of-the-sheet"),
    ):
        config.write_text(written, encoding="utf-8")
        assert (alone(), set_outside()) == (key, "outside")
    config.unlink()
    sheet.unlink()
    assert (alone(), set_outside()) == ("", "outside")


def test_only_keys_the_operator_set_are_explicit(load):
    assert load("cost_per_token_haiku=0.0000008").explicit == {
        "cost_per_token_haiku",
        "characters_dir",
    }


@pytest.mark.parametrize(
    ("written", "read"),
    [('"real"', "real"), ("'real'", "real"), ("\"real'", "\"real'"), ('"', '"'), ('""real""', '"real"')],
)
def test_one_pair_of_quotes_is_taken_from_the_environment(load, written, read):
    """`docker run --env-file` hands the quotes of config.env on; compose takes them away."""
    loaded = load("", "", {"DISCORD_TOKEN": written})
    assert loaded.settings.discord_token == SecretStr(read)


@pytest.mark.parametrize("nothing", ['""', "''", '"your_discord_token"'])
def test_quotes_around_nothing_in_the_environment_leave_the_next_source_to_count(load, nothing):
    loaded = load('discord_token="real"', "", {"discord_token": nothing})
    assert loaded.settings.discord_token == SecretStr("real")


def test_the_rest_of_the_environment_is_not_looked_at(load):
    loaded = load("", "", {"PATH": "/bin", "TYPING_SPED_CPM": "1", "DEFAULT_NAME": "Eve", "": ""})
    assert loaded.notices == ()
    assert loaded.character is None


def test_two_spellings_in_the_environment_count_the_same_way_every_time(load):
    for environ in ({"llm_timeout": "5", "LLM_TIMEOUT": "6"}, {"LLM_TIMEOUT": "6", "llm_timeout": "5"}):
        loaded = load("", "", environ)
        assert loaded.settings.llm_timeout == 5
        assert [notice.key for notice in loaded.notices] == ["LLM_TIMEOUT"]


@pytest.mark.parametrize(
    ("alias", "key", "value"),
    [
        ("SEL_MAX_NEW_TOKENS", "default_max_tokens", 128),
        ("SEL_STREAM", "stream_replies", True),
        ("ACTIVITY_ROUTING_ENABLED", "context_routing_enabled", False),
    ],
)
def test_an_alias_counts_only_where_the_key_itself_is_not_set(load, alias, key, value):
    alone = load(f"{alias}={int(value)}")
    assert getattr(alone.settings, key) == value
    assert key in alone.explicit
    default = default_words(key)
    both = load(f"{key}={default}", "", {alias: str(int(value))})
    assert getattr(both.settings, key) == getattr(Settings(), key)
    assert [notice.key for notice in both.notices] == [alias]


def test_lists_are_read_with_commas_and_as_json(load):
    loaded = load(
        'admin_ids=123, 456\nactive_personas=["a b.json", "c"]\n'
        'persona_evolution_milestones=[5, 10]\npersona_weights={"nyx": 1.5}\n'
    )
    assert loaded.settings.admin_ids == (123, 456)
    assert loaded.settings.active_personas == ("a b.json", "c")
    assert loaded.settings.persona_evolution_milestones == (5, 10)
    assert loaded.settings.persona_weights == {"nyx": 1.5}


@pytest.mark.parametrize(
    ("written", "channel"), [("0", None), ("", None), ("123456", 123456), ("<#123456>", 123456)]
)
def test_a_log_channel_is_an_id_or_none(load, written, channel):
    assert load(f'log_channel="{written}"').settings.log_channel == channel


def test_an_address_loses_its_last_slash(load):
    base = load("anthropic_base_url=http://127.0.0.1:8080/").settings.anthropic_base_url
    assert base == "http://127.0.0.1:8080"


# ---- faults


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("typing_speed_cpm=fast", "is not a number ('fast')"),
        ("typing_speed_cpm=0", "is not above 0"),
        ("typing_variance=0,2", "is not a number"),
        ("typing_variance=1.5", "is above 1"),
        ("llm_timeout=nan", "is not"),
        ("llm_timeout=inf", "is not"),
        ("llm_timeout=-1", "is not above 0"),
        ("shard_count=0", "is below 1"),
        ("shard_count=1.5", "is not a whole number"),
        ("max_message_length=4000", "is above 2000"),
        ("default_max_tokens=99999999999999999999999", "is above"),
        ("nickname_sync=maybe", "is neither true nor false"),
        ("log_level=loud", "is none of"),
        ("quiet_hours=late", "are no hours of the day"),
        ("quiet_hours=22-25", "are no hours of the day"),
        ("followups=often", "is none of"),
        ("reply_effort=max", "is none of"),
        ("admin_ids=me", "is not a whole number"),
        ("persona_weights=nyx", "is not valid JSON"),
        ('persona_weights={"nyx": NaN}', "is not"),
        ("persona_evolution_milestones=5,4", "ascending"),
        ("anthropic_base_url=localhost", "is not an address"),
        ("anthropic_base_url=http://[", "is not an address"),
        ("anthropic_base_url=http://127.0.0.1:8080/v1", "added to it"),
        ("sel_coder_model=qwen@127.0.0.1:8081", "names no whole address"),
        ("sel_coder_model=qwen@localhost", "names no whole address"),
        ("sel_coder_model=qwen@", "names no whole address"),
        ("sel_coder_model=@http://127.0.0.1:8081", "names no model"),
        ("sel_coder_model=qwen @ http://127.0.0.1:8081", "has blanks"),
        ("sel_coder_model=qwen @http://127.0.0.1:8081", "has blanks"),
        ("sel_coder_model=a qwen@http://127.0.0.1:8081", "has blanks"),
        ("sel_coder_model=qwen@http://127.0.0.1 :8081", "has blanks"),
        ("vision_model=qwen@ftp://host", "is not an address"),
        ("vision_model=qwen@http://host/v1", "added to it"),
        ("sel_general_model=qwen@http://me:pass@host", "a user or a password"),
        ("database_url=mysql://u:p@host/name", "no kind of database"),
        ("database_url=sqlite:///data.sqlite3", "no kind of database"),
        ("database_url=postgresql://u:p@host", "is not an address"),
        ("database_url=postgresql://u:p@host:port/name", "is not an address"),
        ("database_url=postgresql://u:p/w@host/name", "is not an address"),
        ("database_url=postgresql://u@host/name?sslmode=require&password=p", "behind the ?"),
        ("database_url=postgresql://u@host/name?Pass%77ord=p", "behind the ?"),
        ("data_dir=~/bot", "starts with ~"),
        ("log_channel=#general", "is not a channel's id"),
        ("discord_token=two words", "has blanks"),
        ("discord_token=Bot abc", "the word Bot"),
    ],
)
def test_a_value_that_cannot_be_taken_is_named_with_its_line_and_what_to_write(faults, line, words):
    key = line.split("=")[0]
    fault = faults(f"# head\n{line}\n")[key]
    assert words in fault.wrong
    assert fault.line == 2
    assert fault.path.endswith("config.env")
    assert fault.mend


def test_all_faults_are_said_at_once_each_on_a_line_with_its_place(load):
    with pytest.raises(SettingsError) as caught:
        load(
            "llm_timeout=soon\nshard_count=0\nnonsense\nmin_typing_time=20\n",
            "data_dir=/tmp\ndefault_name=Nyx\n",
            {"BACKFILL_LIMIT": "many"},
            charactr="nyx",
        )
    lines = str(caught.value).splitlines()
    for start in (
        "config.env:1: llm_timeout: is not a number ('soon'); write llm_timeout=60",
        "config.env:2: shard_count:",
        "config.env:3: is not KEY=value",
        "config.env:4: min_typing_time: is 20, more than max_typing_time, which is 15",
        "character.env:1: data_dir: belongs in config.env",
        "environment: BACKFILL_LIMIT:",
        "command line: charactr: is not a setting; did you mean character?",
    ):
        assert any(start in line for line in lines), start


def test_a_fault_between_two_keys_is_not_made_up_from_a_key_that_is_faulty_itself(faults):
    assert set(faults("min_typing_time=x\nmax_typing_time=5")) == {"min_typing_time"}
    assert set(faults("max_typing_time=5\nllm_timeout=x")) == {"max_typing_time", "llm_timeout"}


def test_both_faults_between_two_keys_are_said(faults):
    assert set(faults("max_typing_time=5\nburst_quiet_seconds=9")) == {
        "max_typing_time",
        "burst_quiet_seconds",
    }


def test_times_of_nothing_switch_typing_and_waiting_off(load):
    config = "min_typing_time=0\nmax_typing_time=0\nburst_quiet_seconds=0\nburst_max_seconds=0"
    assert load(config).settings.max_typing_time == 0


def test_an_unknown_key_gives_one_notice_that_names_the_nearest(load):
    loaded = load("bot_reply_treshold=2\nzzz=1\n")
    near, far = loaded.notices
    assert (near.line, near.key) == (1, "bot_reply_treshold")
    assert "did you mean bot_reply_threshold?" in near.text
    assert "did you mean" not in far.text
    assert "bot_reply_threshold" not in loaded.explicit


@pytest.mark.parametrize(
    "line",
    [
        "discord_token=canary canary",
        "anthropic_api_key=canaryé",
        "anthropic_base_url=ftp://user:canary@host",
        "vision_model=model@http://user:canary@host",
        "other_server_key=canary canary",
        "database_url=mysql://user:canary@host/name",
        "database_url=postgresql://user:canary@host",
        "database_url=postgresql://user@host/name?password=canary",
        'discord_token="canary',
        "discord_token: canary",
    ],
)
def test_a_fault_never_shows_a_secret(load, line):
    with pytest.raises(SettingsError) as caught:
        load(line)
    assert "canary" not in f"{caught.value} {caught.value.faults!r} {caught.value.__cause__!r}"


def test_settings_never_show_a_secret(load):
    address = "database_url=postgresql://u:canary@h/name"
    loaded = load(
        f"discord_token=canary\nanthropic_api_key=canary\nanthropic_base_url=http://u:canary@h\n{address}"
    )
    assert loaded.settings.anthropic_base_url == "http://u:canary@h"
    assert "canary" not in f"{loaded!r} {loaded.settings}"


def test_nothing_in_a_value_is_filled_in(load):
    loaded = load("", NYX + "description=${ANTHROPIC_API_KEY}\n", {"ANTHROPIC_API_KEY": "canary"})
    assert loaded.character
    assert loaded.character.description == "${ANTHROPIC_API_KEY}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    key=st.sampled_from(sorted(Settings.model_fields.keys() - {"characters_dir"})),
    value=st.text(max_size=40),
)
def test_any_value_of_any_key_is_taken_or_refused_in_words(folder, key, value):
    environ = {"CHARACTERS_DIR": str(folder / "characters"), key: value}
    for fault in faults_or_none(environ):
        assert fault.key == key
        assert not re.search(r"[\x00-\x1f]", str(fault))


def faults_or_none(environ: dict[str, str]) -> tuple[Fault, ...]:
    try:
        load_settings(None, None, environ)
    except SettingsError as error:
        return error.faults
    return ()


# ---- values that time has overtaken


@pytest.mark.parametrize("key", ["default_model", "premium_model", "voting_model"])
@pytest.mark.parametrize(
    "old",
    [
        "claude-3-5-sonnet-latest",
        "claude-3-7-sonnet-latest",
        "claude-3-5-haiku-20241022",
        "claude-2.1",
        "claude-instant-1.2",
    ],
)
def test_a_retired_model_gives_one_notice_and_todays_default(load, key, old):
    loaded = load(f"# head\n{key}={old}\n")
    new = getattr(Settings(), key)
    assert getattr(loaded.settings, key) == new
    (notice,) = loaded.notices
    assert (notice.key, notice.line) == (key, 2)
    assert old in notice.text
    assert new in notice.text


@pytest.mark.parametrize("name", ["claude-opus-4-6", "claude-30", "qwen2.5:3b", "my-claude-3"])
def test_any_other_model_name_is_kept(load, name):
    loaded = load(f"default_model={name}")
    assert (loaded.settings.default_model, loaded.notices) == (name, ())


def test_a_temperature_gives_one_notice_and_is_kept_for_local_servers(load):
    loaded = load("default_temperature=0.7")
    assert loaded.settings.default_temperature == 0.7
    (notice,) = loaded.notices
    assert "sampling" in notice.text


@pytest.mark.parametrize("key", sorted(ELSEWHERE))
def test_a_key_whose_work_is_done_elsewhere_says_so(load, key):
    (notice,) = load(f"{key}=1").notices
    assert notice.key == key
    assert "has no effect" in notice.text


def test_edits_of_a_growing_reply_keep_the_least_distance(load, faults):
    assert load("stream_gap=0.4").settings.stream_gap == 0.4
    assert "stream_gap" in faults("stream_gap=0.3")


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("qwen2.5-coder", ("qwen2.5-coder", "")),
        ("qwen@http://127.0.0.1:8081/", ("qwen", "http://127.0.0.1:8081")),
        ("@cf/qwen/coder@https://host/api", ("@cf/qwen/coder", "https://host/api")),
        ("claude-sonnet-4@20250514", ("claude-sonnet-4@20250514", "")),
    ],
)
def test_a_model_may_stand_at_another_server(load, written, parts):
    assert at_server(load(f"sel_coder_model={written}").settings.sel_coder_model) == parts


def test_the_mend_of_a_models_address_keeps_the_name(faults):
    fault = faults("vision_model=qwen@ftp://host")["vision_model"]
    assert "qwen@http://127.0.0.1:8081" in fault.mend


def test_a_key_that_two_servers_would_get_is_refused(load, faults):
    two = "sel_coder_model=a@https://one.example\nvision_model=b@https://two.example\n"
    found = faults(two + "other_server_key=canary")["other_server_key"]
    assert "one.example and two.example" in found.wrong
    assert "canary" not in str(found)
    assert load(two).notices == ()
    assert load(two.replace("https://two", "http://two") + "other_server_key=k").settings.keyed_servers == (
        "one.example",
    )
    assert "other_server_key" in faults(two.replace("https", "http") + "other_server_key=k")


# ---- the character


def test_the_character_comes_from_character_env(load):
    loaded = load("", NYX + "log_channel=5\nANTHROPIC_API_KEY=key\nbot_usr_id=7\n")
    assert loaded.character
    assert (loaded.character.name, loaded.character.slug) == ("Nyx Void", "nyx-void")
    assert loaded.settings.log_channel == 5
    assert loaded.settings.anthropic_api_key == SecretStr("key")
    assert loaded.notices == ()
    assert [Path(name).name for name in loaded.files] == ["config.env", "character.env"]


@pytest.mark.parametrize("name", ["nyx", "NYX", " nyx "])
def test_a_named_character_comes_from_its_folder(load, folder, name):
    loaded = load(f"CHARACTER='{name}'")
    assert loaded.character
    assert loaded.character.slug == "nyx"
    assert loaded.files[-1] == str(folder / "characters" / "nyx" / "character.env")


def test_the_environment_and_the_command_line_can_name_the_character(load):
    for loaded in (load("", "", {"CHARACTER": "nyx"}), load("character=fangs", character="nyx")):
        assert loaded.character
        assert loaded.character.slug == "nyx"


def test_a_named_character_comes_whole_and_the_other_is_left_out_with_a_notice(load):
    loaded = load("character=nyx", "default_name=Eve\naliases=Evie\ndiscord_token=mine\n")
    assert loaded.character
    assert (loaded.character.name, loaded.character.aliases) == ("Nyx Void", ())
    assert loaded.settings.discord_token == SecretStr("mine")
    (notice,) = loaded.notices
    assert "character is set" in notice.text


@pytest.mark.parametrize("key", ["anthropic_api_key", "discord_token", "log_channel"])
def test_an_account_in_a_borrowed_folder_is_not_used(load, folder, key):
    sheet = folder / "characters" / "nyx" / "character.env"
    sheet.write_text(NYX + f"{key}=123\n")
    loaded = load("character=nyx")
    assert getattr(loaded.settings, key) == getattr(Settings(), key)
    (notice,) = loaded.notices
    assert notice.key == key
    assert "123" not in str(notice).removeprefix(notice.path)
    sheet.write_text(NYX + f"{key}=your_{key}\n")
    assert load("character=nyx").notices == ()


@pytest.mark.parametrize(
    "key",
    [
        "anthropic_base_url",
        "database_url",
        "data_dir",
        "price_file",
        "admin_ids",
        "character",
        "typing_speed_cpm",
        "sel_stream",
    ],
)
def test_a_character_file_cannot_change_how_the_program_runs(faults, folder, key):
    line = f"{key}=http://127.0.0.1\n"
    assert "belongs in config.env" in faults("", NYX + line)[key].wrong
    (folder / "characters" / "nyx" / "character.env").write_text(NYX + line)
    fault = faults("character=nyx")[key]
    assert "belongs in config.env" in fault.wrong
    assert fault.line == 3


@pytest.mark.parametrize("key", ["default_name", "CORE_PROMPT", "aliases"])
def test_a_character_in_config_env_is_sent_to_its_own_file(faults, key):
    assert "belongs in character.env" in faults(f"{key}=Nyx")[key].wrong


def test_an_unwritten_character_is_no_fault_of_the_settings(load):
    loaded = load("", "# nothing yet\ndiscord_token=real\n")
    assert (loaded.character, loaded.character_faults) == (None, ())
    loaded = load("", "\ndefault_name=Character Name\n")
    assert loaded.character is None
    name, prompt = loaded.character_faults
    assert (name.key, name.line) == ("default_name", 2)
    assert (prompt.key, prompt.line) == ("core_prompt", None)


def test_playing_without_a_character_says_how_to_get_one_or_what_is_wrong_with_it(load):
    with pytest.raises(SettingsError, match="character=nyx"):
        _ = load().playable
    with pytest.raises(SettingsError, match="core_prompt: is missing"):
        _ = load("", "default_name=Nyx").playable
    assert load("", NYX).playable.name == "Nyx Void"


def test_other_faults_bring_the_characters_along(faults):
    assert set(faults("shard_count=0", "default_name=Nyx")) == {"shard_count", "core_prompt"}


@pytest.mark.parametrize("name", ["nix", "empty", "_frameworks", "zzz"])
def test_a_character_that_is_not_there_is_named_with_those_that_are(faults, name):
    fault = faults(f"\ncharacter={name}")["character"]
    assert fault.line == 2
    assert fault.mend == "known: fangs, nyx"
    assert ("did you mean nyx?" in fault.wrong) is (name == "nix")


@pytest.mark.parametrize("name", ["../nyx", "/etc", "..", ".", "a\\b", "C:nyx", "nyx/../nyx"])
def test_a_character_is_a_folders_name_and_never_a_path(faults, name):
    assert faults(f"character='{name}'".replace("\\", "\\\\"))["character"].wrong == "is a path"


def test_a_folder_without_characters_says_what_to_do(tmp_path):
    environ = {"character": "nyx", "characters_dir": str(tmp_path / "none")}
    with pytest.raises(SettingsError, match="holds no characters"):
        load_settings(None, None, environ)


@pytest.mark.parametrize("name", ["nyx", "fangs", "pixel"])
def test_the_characters_that_come_with_the_bot_can_be_copied_or_named(name):
    sheet = ROOT / "characters" / name / "character.env"
    environ = {"characters_dir": str(ROOT / "characters")}
    named = load_settings(None, None, {**environ, "character": name})
    copied = load_settings(None, sheet, environ)
    assert named.character
    assert copied.character
    assert named.character.slug == name
    assert copied.character.core_prompt == named.character.core_prompt
    assert (named.notices, copied.notices) == ((), ())


def test_every_setting_is_read_or_said_to_have_no_effect():
    product = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("bot", "cogs", "console")
        for path in (ROOT / folder).rglob("*.py")
        if "settings" not in path.relative_to(ROOT).parts[1:-1]
    )
    read = set(re.findall(r"settings\.(\w+)", product))
    unread = Settings.model_fields.keys() - read
    through_a_pattern = {"cost_per_token_haiku", "cost_per_token_sonnet"}  # read in bot/app.py by word
    within_settings = {"character", "characters_dir"}
    assert unread - through_a_pattern - within_settings <= ELSEWHERE.keys()


# ---- what it perceives


@pytest.mark.parametrize(("written", "read"), [("AUTO", "auto"), ("de", "de"), ("yue", "yue")])
def test_the_spoken_language_is_a_code_or_auto(load, written, read):
    assert load(f"stt_language={written}").settings.stt_language == read


def test_the_name_of_a_language_is_no_code(load):
    with pytest.raises(SettingsError, match="write auto, or a code such as en or de"):
        load("stt_language=german")

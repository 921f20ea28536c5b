"""README and docs/operating.md: every command line, run in a fresh clone."""

import json
import os
import pickle
import re
import sqlite3
import sys
import time
from pathlib import Path

import pytest

from tests.promises.outside import Clone
from tests.promises.quoting import promise

pytestmark = pytest.mark.timeout(400)


@promise("README.md", "make run")
@promise("operating.md", "`python main.py` | runs the bot; without a Discord token it talks in the terminal")
def test_make_run_without_a_token_is_a_talk(talking: Clone):
    done = talking.run("make", "run", stdin="hello\nwho are you?\n/quit\n")
    assert done.code == 0, done.said
    assert done.out.count("A pleasure.") == 2
    assert "Discord token" in done.said
    assert "python main.py setup" in done.said


@promise("README.md", "make test")
@promise("README.md", "sets up the test tools and runs the tests on all cores.")
@promise("README.md", "`make check` checks format, lint, types and architecture")
@promise("README.md", "`make test-slow` runs the long tests")
@promise("README.md", "and `make bench` the benchmarks")
def test_make_runs_the_tests_on_all_cores_and_the_checks(clone: Clone):
    """What runs this test is `make test`: here is only looked what it calls."""
    (clone.folder / ".venv" / ".ready-dev").unlink()
    said = clone.run("make", "--dry-run", "test", "test-slow", "check", "bench")
    assert said.code == 0, said.said
    assert "install --constraint constraints.txt '.[dev]'" in said.out
    workers = re.search(r"-m pytest -n (\d+) ", said.out)
    assert workers is not None
    assert int(workers[1]) >= (os.cpu_count() or 1)
    assert "--dist worksteal -m slow" in said.out
    for tool in ("ruff format --check .", "ruff check .", "-m mypy", "lint-imports", "-m benchmarks"):
        assert tool in said.out


@promise("operating.md", "`python main.py simulate FILE` | plays a written scene by itself, and checks")
@promise("simulating.md", "It needs no key, no token and no network, and reads nothing of your settings")
@promise(
    "simulating.md", "It ends with exit code 0 when everything is as expected, and with 1 and a line for each"
)
def test_a_written_scene_is_played_in_a_clone_without_any_settings(clone: Clone):
    page = (clone.folder / "docs" / "simulating.md").read_text(encoding="utf-8")
    evening = page.partition("```yaml\n")[2].partition("```")[0]
    (clone.folder / "evening.yaml").write_text(evening, encoding="utf-8")
    done = clone.run("python", "main.py", "simulate", "evening.yaml")
    assert done.code == 0, done.said
    assert "Nyx Void: Always." in done.out
    (clone.folder / "evening.yaml").write_text(
        evening.replace("says: Always", "says: Never"), encoding="utf-8"
    )
    done = clone.run("python", "main.py", "simulate", "evening.yaml")
    assert done.code == 1
    assert "step 1: what was said does not hold 'Never'" in done.out


@promise("operating.md", "run `make .venv/.ready`, which installs what is new")
def test_the_upgrade_installs_only_what_is_new(clone: Clone):
    nothing = clone.run("make", "--dry-run", ".venv/.ready")
    assert "pip" not in nothing.out
    later = time.time() + 10
    os.utime(clone.folder / "constraints.txt", (later, later))
    assert "--constraint constraints.txt" in clone.run("make", "--dry-run", ".venv/.ready").out


@pytest.mark.slow
@promise("README.md", "cp -r characters/nyx characters/mara python main.py chat --character mara")
def test_a_copied_folder_is_a_character_of_ones_own(talking: Clone, claude):
    assert talking.run("cp", "-r", "characters/nyx", "characters/mara").code == 0
    words = talking.folder / "characters" / "mara" / "character.env"
    changed = re.sub(r"(?m)^default_name=.*$", 'default_name="Mara"', words.read_text())
    words.write_text(changed)
    done = talking.main("chat", "--character", "mara", stdin="hello\n")
    assert done.code == 0, done.said
    assert "Mara: A pleasure." in done.out
    assert "You play Mara" in claude.requests[0].system_text


@pytest.mark.slow
@promise(
    "operating.md",
    "`python main.py chat` | talks in the terminal; reads lines from a pipe or from `--script FILE` too",
)
def test_chat_reads_a_pipe_and_a_script(talking: Clone, claude):
    piped = talking.main("chat", stdin="one\ntwo\n")
    assert (piped.code, piped.out.count("A pleasure.")) == (0, 2), piped.said
    (talking.folder / "lines.txt").write_text("three\n")
    scripted = talking.main("chat", "--script", "lines.txt")
    assert (scripted.code, scripted.out.count("A pleasure.")) == (0, 1), scripted.said
    assert "three" in claude.requests[-1].last_text


@pytest.mark.slow
@promise(
    "operating.md", "`python main.py doctor --offline` names settings and characters that need a change."
)
@promise("operating.md", "cp config.env.example config.env # and fill it in, or: python main.py setup")
@promise(
    "README.md",
    "If something does not work, `python main.py doctor` says what is wrong and what to do about it.",
)
def test_doctor_says_what_is_wrong_and_what_to_do(clone: Clone):
    clone.configure(character="nixy", default_modle="x")
    done = clone.main("doctor", "--offline")
    assert done.code != 0
    assert "default_modle" in done.said
    assert "default_model" in done.said.replace("default_modle", "")
    clone.configure(character="nixy")
    done = clone.main("doctor", "--offline")
    wrong = [line for line in done.out.splitlines() if "✗" in line]
    assert any("nixy" in line and "→" in line for line in wrong), done.said
    assert all("→" in line for line in wrong), wrong


@promise(
    "company.md",
    "names characters and frameworks that can't be used, with the file and the field, and its exit "
    "code is 1 then.",
)
def test_doctor_names_the_file_and_the_field_of_a_character(clone: Clone):
    clone.configure(character="pixel", active_personas="nyx")
    words = clone.folder / "characters" / "nyx" / "character.env"
    words.write_text(words.read_text() + '\nframework="no such thing"\n')
    done = clone.main("doctor", "--offline")
    assert done.code == 1
    [line] = [line for line in done.out.splitlines() if "no such thing" in line]
    assert "nyx" in line
    assert "framework" in line


@pytest.mark.slow
@promise(
    "operating.md",
    "`python main.py doctor` | checks settings, characters, frameworks, database, Discord and Claude; "
    "`--json`, `--offline`",
)
def test_doctor_checks_everything_also_as_json(talking: Clone, discord):
    talking.environ["LOOPBACK_DISCORD"] = discord.base_url
    with talking.config.open("a") as config:
        config.write(f"discord_token={discord.token}\n")
    done = talking.main("doctor")
    for heading in ("Settings", "Character", "Data", "Claude", "Discord"):
        assert heading in done.out, done.said
    assert "✗" not in done.out, done.said
    assert done.code == 0
    as_json = talking.main("doctor", "--json", "--offline")
    assert as_json.code == 0
    assert json.loads(as_json.out)


@promise("operating.md", "`python main.py COMMAND --help` lists what a command takes")
@promise(
    "operating.md",
    "`--config FILE`, `--character-env FILE` and `--character NAME` choose other files and another "
    "character for any of them",
)
def test_every_command_lists_what_it_takes(clone: Clone):
    commands = ["run", "chat", "doctor", "setup", "backup", "restore", "move-database", "import-legacy"]
    for command in (*commands, "consolidate", "healthcheck"):
        done = clone.main(command, "--help")
        assert done.code == 0
        for option in ("--config FILE", "--character-env FILE", "--character NAME"):
            assert option in done.out, command


@pytest.mark.slow
@promise("operating.md", "`python main.py restore FILE` | brings a copy back; what it replaces is kept")
@promise(
    "operating.md",
    "Stop the bot, and make a backup before you change `data_dir`: ```sh .venv/bin/python main.py "
    "backup monday.sqlite3",
)
@promise("operating.md", "`python main.py backup before-upgrade.sqlite3`; the bot may run.")
@promise("operating.md", "take the old version, and `python main.py restore before-upgrade.sqlite3`")
@promise(
    "administration.md",
    "A file that is there already is overwritten only with `--force`; a folder that is missing is made",
)
@promise(
    "administration.md", "the line that it prints says where, and `restore` with that file takes it all back"
)
def test_a_backup_comes_back_and_what_it_replaced_too(talking: Clone, claude):
    copy = "data/backups/before-upgrade.sqlite3"
    assert talking.main("chat", stdin="my first words\n").code == 0
    done = talking.main("backup", copy)
    assert done.code == 0, done.said
    assert talking.main("backup", copy).code != 0
    assert talking.main("chat", stdin="my second words\n").code == 0
    restored = talking.main("restore", copy)
    assert restored.code == 0, restored.said
    assert talking.main("chat", stdin="and now?\n").code == 0
    assert "my first words" in claude.requests[-1].text
    assert "my second words" not in claude.requests[-1].text
    replaced = restored.out.strip().rpartition(": ")[2]
    assert "is kept" in restored.out
    assert talking.main("restore", replaced).code == 0
    assert talking.main("chat", stdin="and then?\n").code == 0
    assert "my second words" in claude.requests[-1].text


@pytest.mark.slow
@promise("operating.md", "`python main.py import-legacy FILE` | takes over what an older bot knew of people")
@promise(
    "administration.md",
    "python main.py import-legacy user_info.pickle --dry-run python main.py import-legacy user_info.pickle",
)
@promise("administration.md", "Each person comes in once. A second run changes nothing")
def test_what_an_older_bot_knew_comes_in_once(talking: Clone):
    person = {"core_memories": "Loves sailing.\nHates rain.", "conversation_history": [], "token_usage": 7}
    (talking.folder / "user_info.pickle").write_bytes(pickle.dumps({481516234200000042: person}))
    tried = talking.main("import-legacy", "user_info.pickle", "--dry-run")
    assert tried.code == 0, tried.said
    assert "sailing" not in tried.said
    first = talking.main("import-legacy", "user_info.pickle")
    again = talking.main("import-legacy", "user_info.pickle")
    assert (first.code, again.code) == (0, 0), first.said + again.said
    assert "sailing" not in first.said
    with sqlite3.connect(talking.folder / "data" / "masquerade.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM facts").fetchone() == (2,)


@pytest.mark.slow
@promise(
    "administration.md",
    "python main.py import-legacy /path/to/sel --dry-run python main.py import-legacy /path/to/sel",
)
@promise("administration.md", "**Only who agreed comes in.** Without a yes in `sel_state.json`, or here, a")
def test_what_sel_knew_of_people_who_agreed_comes_in_once(talking: Clone):
    sel, person, other = talking.folder / "sel", 481516234200000042, 481516234200000043
    sel.mkdir()
    memory = {str(who): [{"text": "I love sailing at dawn", "kind": "hard"}] for who in (person, other)}
    (sel / "sel_memory.json").write_text(json.dumps(memory))
    (sel / "sel_state.json").write_text(json.dumps({"consent": {str(person): True}}))
    tried = talking.main("import-legacy", "sel", "--dry-run")
    first, again = talking.main("import-legacy", "sel"), talking.main("import-legacy", "sel")
    assert (tried.code, first.code, again.code) == (0, 0, 0), tried.said + first.said + again.said
    assert "sailing" not in tried.said + first.said
    with sqlite3.connect(talking.folder / "data" / "masquerade.sqlite3") as database:
        assert database.execute("SELECT person_id FROM facts").fetchall() == [(person,)]
        assert database.execute("SELECT person_id, given FROM consents").fetchall() == [(person, 1)]


@promise(
    "administration.md", "A file that does more is refused, with the reason, and nothing of it is taken over."
)
def test_a_pickle_that_runs_something_is_refused(talking: Clone, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    (talking.folder / "user_info.pickle").write_bytes(pickle.dumps({42: Evil()}))
    done = talking.main("import-legacy", "user_info.pickle")
    assert done.code != 0
    assert len(done.said.strip().splitlines()) == 1, done.said
    assert not (tmp_path / "ran").exists()


@promise("operating.md", "78 | you have to change something first: a supervisor should not restart on it")
@pytest.mark.parametrize("lines", [{"character": "nobody"}, {"max_typing_time": "soon"}])
def test_what_has_to_be_changed_first_is_78_and_one_sentence(clone: Clone, lines):
    clone.configure(**{"character": "nyx"} | lines)
    done = clone.main("run")
    assert done.code == 78
    assert "Traceback" not in done.said
    assert len(done.err.strip().splitlines()) <= 2, done.said


@promise("operating.md", "130 | interrupted with Ctrl-C")
def test_ctrl_c_is_130(talking: Clone):
    terminal = talking.terminal("setup")
    terminal.expect("Discord token")
    terminal.sendintr()
    terminal.expect("nothing was written")
    terminal.wait()
    assert terminal.exitstatus == 130


@pytest.mark.slow
@promise(
    "README.md",
    "A local server that speaks the Messages API (Ollama, LM Studio, llama.cpp, vLLM) is used instead "
    "if one is running.",
)
@promise("README.md", "You need no account and no key.")
def test_without_a_key_a_local_server_speaks(clone: Clone, local_claude):
    done = clone.run("make", "run", stdin="hello\n")
    assert done.code == 0, done.said
    assert "A pleasure." in done.out
    assert "LM Studio" in done.said


@promise("operating.md", "one that is older than four looks is no sign of life")
def test_without_a_bot_healthcheck_is_1(clone: Clone):
    done = clone.main("healthcheck")
    assert done.code == 1
    assert len(done.said.strip().splitlines()) == 1


@promise("README.md", "Run `python main.py setup`.")
def test_any_python_will_do_as_the_environment_is_found(clone: Clone):
    done = clone.run(str(Path(sys.base_prefix, "bin", "python3")), "main.py", "doctor", "--offline")
    assert "No character is configured" in done.out, done.said
    assert "Traceback" not in done.said

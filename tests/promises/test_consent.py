"""docs/privacy.md, "Being asked": what the setting memory_consent says."""

import re
import time

import pytest

from tests.promises.outside import Clone
from tests.promises.quoting import promise

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@promise("privacy.md", "`off`: nobody is asked, nothing is noted, `/remember` refuses")
@promise("privacy.md", "in a pipe or a script nobody is asked")
def test_with_consent_off_remember_refuses_and_in_a_pipe_nobody_is_asked(talking: Clone):
    kept = talking.main("chat", stdin="hello\nand you?\n/remember I like rain\n/memory\n")
    assert kept.code == 0, kept.said
    assert "I like rain" in kept.out.rpartition("/memory")[2]
    with talking.config.open("a") as config:
        config.write("memory_consent=off\ndata_dir=elsewhere\n")
    refused = talking.main("chat", stdin="hello\nand you?\n/remember I like rain\n/memory\n")
    assert refused.code == 0, refused.said
    assert "I like rain" not in refused.out.rpartition("/memory")[2]
    assert "memory_question" not in kept.out + refused.out
    assert "/privacy" not in kept.out + refused.out


@promise("privacy.md", "In the terminal the question stands below the second answer on a screen")
def test_in_a_terminal_the_question_stands_below_the_second_answer(talking: Clone):
    with talking.config.open("a") as config:
        config.write("min_typing_time=0\nmax_typing_time=0\n")
    words = (talking.folder / "characters" / "nyx" / "character.env").read_text()
    [question] = re.findall(r"(?m)^memory_question=\"(.{20})", words)
    terminal = talking.terminal("chat", columns=200)
    terminal.expect("/help")
    shown = ""
    for line in ("hello", "and you?"):
        assert question not in shown
        terminal.send(f"{line}\r")
        terminal.expect("A pleasure")
        shown += str(terminal.before)
        time.sleep(1)
    terminal.expect_exact(question)
    terminal.close(force=True)

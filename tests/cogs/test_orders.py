"""How the commands of the log channel are spelled (F123)."""

import pytest

from cogs.log_channel.orders import Order, Word, read_order

ID = "123456789012345678"


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("shutdown? Miss Pixel", Order(Word.SHUTDOWN)),
        ("SHUTDOWN?   Miss Pixel  ", Order(Word.SHUTDOWN)),
        (f"user data? {ID}", Order(Word.USER_DATA, user_id=int(ID))),
        (f"User Data? <@!{ID}>", Order(Word.USER_DATA, user_id=int(ID))),
        ("\n list users\n", Order(Word.LIST_USERS)),
        ("LIST  USERS", Order(Word.LIST_USERS)),
        (f"premium <@{ID}>", Order(Word.PREMIUM, user_id=int(ID))),
        ("verbose", Order(Word.VERBOSE)),
        ("verbose oN", Order(Word.VERBOSE, on=True)),
        ("verbose off", Order(Word.VERBOSE, on=False)),
        ("Status", Order(Word.STATUS)),
        ("Jobs", Order(Word.JOBS)),
        ("testlog", Order(Word.TESTLOG)),
    ],
)
def test_a_command_is_read_in_any_case_and_with_any_blanks(text, order):
    assert read_order(text, "Miss Pixel") == order


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("shutdown?", "shutdown? Miss Pixel"),
        ("shutdown? miss pixel", "shutdown? Miss Pixel"),
        ("shutdown Miss Pixel", "shutdown? Miss Pixel"),
        ("user data?", "user data? ID"),
        ("user data? Mira", "user data? ID"),
        ("user data? everything about Mira", "user data? ID"),
        (f"user data {ID}", "user data? ID"),
        (f"userdata? {ID}", "user data? ID"),
        ("list user", "list users"),
        ("list users 2", "list users"),
        ("premium", "premium ID"),
        ("premium abc", "premium ID"),
        ("premium 0", "premium ID"),
        (f"premium {'9' * 20}", "premium ID"),
        ("premium ١٢٣", "premium ID"),
        (f"premium <@&{ID}>", "premium ID"),
        ("verbose maybe", "verbose [on|off]"),
        ("verbose on!", "verbose [on|off]"),
        ("status?", "status"),
        ("status now", "status"),
        ("jobs?", "jobs"),
        ("test log", "testlog"),
    ],
)
def test_what_is_nearly_a_command_is_told_its_right_form(text, form):
    told = read_order(text, "Miss Pixel")
    assert isinstance(told, str)
    assert told.endswith(f"Write `{form}`.")
    assert "\n" not in told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "who has shut it down?",
        "the status is fine",
        "status looks fine to me",
        "premium users get another model",
        "verbose mode is quite handy",
        "shutdown at noon tomorrow",
        "shutdown? please, it floods the channel",
        "shutdown? Miss Pixel",
        "shutdown? Nyx Void",
        "shutdown Nyx",
        "shutdown? Pixel\nno, wait",
        "please: status",
        "statuses",
        "premiums",
        "> status",
        "`status`",
    ],
)
def test_other_talk_is_no_command(text):
    assert read_order(text, "Pixel") is None

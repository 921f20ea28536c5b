"""A new file is made by one script, as the migrations would make it."""

from database import schema
from tests.whole_schema import whole


def test_a_new_file_is_what_the_migrations_make():
    assert schema.WHOLE.read_text("utf-8") == whole(), "run: python -m tests.whole_schema"

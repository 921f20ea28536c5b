"""Alembic's entry point, on the connection that database.schema supplies."""

from alembic import context

from database.models import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

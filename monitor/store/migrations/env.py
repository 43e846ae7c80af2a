"""Alembic's entry point. The connection comes from monitor.store.schema.migrate; there is no offline mode."""

from __future__ import annotations

from alembic import context

from monitor.store.tables import METADATA


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


run()

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from audit.models import AuditEntry, AuditHead


class Command(BaseCommand):
    help = (
        "Gives a role of PostgreSQL what the application needs, and of the audit no more than to read and to add. "
        "To be run as the owner of the tables, after each migration."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role")

    def handle(self, *args: object, role: str, **options: object) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("SQLite has no roles.")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_has_role(%s, current_user, 'MEMBER') FROM pg_roles WHERE rolname = %s", [role, role]
            )
            found = cursor.fetchone()
            if found is None:
                raise CommandError(f"There is no role {role}. Create it first: CREATE ROLE … LOGIN PASSWORD …")
            if found[0]:
                raise CommandError(
                    f"{role} owns the tables, or may act as their owner, so nothing can be kept from it."
                )
            # PostgreSQL only warns whoever may not grant, and grants nothing.
            cursor.execute(
                "SELECT pg_get_userbyid(relowner) FROM pg_class "
                "WHERE oid = to_regclass(%s) AND NOT pg_has_role(relowner, 'USAGE')",
                [connection.ops.quote_name(AuditEntry._meta.db_table)],
            )
            if owner := cursor.fetchone():
                raise CommandError(f"The tables are those of {owner[0]}, who alone may do that: run it as that role.")
            for statement in self.statements(role):
                cursor.execute(statement)
        self.stdout.write(f"{role} may use everything; of the audit it may read, and add to it.")

    def statements(self, role: str) -> list[str]:
        quote = connection.ops.quote_name
        role, entry, head = quote(role), quote(AuditEntry._meta.db_table), quote(AuditHead._meta.db_table)
        tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
        tables -= {AuditEntry._meta.db_table, AuditHead._meta.db_table}
        own = ", ".join(map(quote, sorted(tables)))
        return [
            f"GRANT USAGE ON SCHEMA public TO {role}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {own} TO {role}",
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
            f"GRANT SELECT ON django_migrations TO {role}",
            f"REVOKE ALL ON {entry}, {head} FROM {role}, PUBLIC",
            f"GRANT SELECT, INSERT ON {entry} TO {role}",
            f"GRANT SELECT, UPDATE (seq, mac, seal) ON {head} TO {role}",
        ]

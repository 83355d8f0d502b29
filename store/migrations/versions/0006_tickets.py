"""tickets: suggestions, the steps of a life, its clock; accounts of a unit"""

import sqlalchemy as sa
from alembic import op

import store.base

_TIME = store.base.UtcDateTime(timezone=True)
_TICKET = ["ticket.ticket_id"]

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ticket_step",
        sa.Column("step_id", sa.String(length=40), nullable=False),
        sa.Column("ticket_id", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("unit_id", sa.String(length=80), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column("due_at", _TIME, nullable=True),
        sa.Column("request_key", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.ticket_id"], name=op.f("fk_ticket_step_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_ticket_step")),
        sa.UniqueConstraint("request_key", name=op.f("uq_ticket_step_request_key")),
        sa.UniqueConstraint("ticket_id", "position", name=op.f("uq_ticket_step_ticket_id")),
    )
    op.create_table(
        "ticket_suggestion",
        sa.Column("ticket_id", sa.String(length=40), nullable=False),
        sa.Column("field", sa.String(length=20), nullable=False),
        sa.Column("suggested", sa.JSON(), nullable=False),
        sa.Column("candidates", sa.JSON(), nullable=False),
        sa.Column("current", sa.String(length=400), nullable=False),
        sa.Column("words", sa.String(length=40), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=True),
        sa.Column("chosen", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("answered_by", sa.String(length=80), nullable=True),
        sa.Column("answered_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.ticket_id"], name=op.f("fk_ticket_suggestion_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "field", name=op.f("pk_ticket_suggestion")),
    )
    with op.batch_alter_table("ticket_suggestion", schema=None) as batch_op:
        batch_op.create_index("ix_ticket_suggestion_current", ["field", "current"], unique=False)

    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unit_id", sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column("due_at", _TIME, nullable=True))
        batch_op.add_column(sa.Column("overdue_told_at", _TIME, nullable=True))
        batch_op.add_column(sa.Column("reopened", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("request_key", sa.String(length=200), nullable=True))
        batch_op.create_index(batch_op.f("ix_ticket_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_ticket_unit_id"), ["unit_id"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_ticket_request_key"), ["request_key"])
    with op.batch_alter_table("user_account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unit_id", sa.String(length=80), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("user_account", schema=None) as batch_op:
        batch_op.drop_column("unit_id")
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_ticket_request_key"), type_="unique")
        batch_op.drop_index(batch_op.f("ix_ticket_unit_id"))
        batch_op.drop_index(batch_op.f("ix_ticket_due_at"))
        batch_op.drop_column("request_key")
        batch_op.drop_column("reopened")
        batch_op.drop_column("overdue_told_at")
        batch_op.drop_column("due_at")
        batch_op.drop_column("unit_id")

    with op.batch_alter_table("ticket_suggestion", schema=None) as batch_op:
        batch_op.drop_index("ix_ticket_suggestion_current")

    op.drop_table("ticket_suggestion")
    op.drop_table("ticket_step")

"""queueing: waiting, ring-backs, skills"""

import sqlalchemy as sa
from alembic import op

import store.base

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIME = store.base.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "ringback",
        sa.Column("ringback_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("why_not", sa.String(length=20), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("calls", sa.JSON(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("keeps_place", sa.Boolean(), nullable=False),
        sa.Column("queued_at", _TIME, nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("overdue_told_at", _TIME, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", _TIME, nullable=True),
        sa.Column("closed_at", _TIME, nullable=True),
        sa.Column("closed_by_call", sa.String(length=80), nullable=True),
        sa.Column("how", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint("ringback_id", name=op.f("pk_ringback")),
    )
    with op.batch_alter_table("ringback", schema=None) as batch_op:
        batch_op.create_index("ix_ringback_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_ringback_number"), ["number"], unique=False)
    # Rows from before say what they were: calls of citizens, ordinary, not turned away.
    with op.batch_alter_table("phone_call", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("direction", sa.String(length=3), nullable=False, server_default="in")
        )
        batch_op.add_column(sa.Column("queued_at", _TIME, nullable=True))
        batch_op.add_column(sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(
            sa.Column("turned_away", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(
            sa.Column("call_back", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(sa.Column("talked_at", _TIME, nullable=True))
    with op.batch_alter_table("operator", schema=None) as batch_op:
        batch_op.add_column(sa.Column("skills", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("operator", schema=None) as batch_op:
        batch_op.drop_column("skills")
    with op.batch_alter_table("phone_call", schema=None) as batch_op:
        for name in (
            "talked_at", "call_back", "turned_away", "priority", "queued_at", "direction",
        ):  # fmt: skip
            batch_op.drop_column(name)
    with op.batch_alter_table("ringback", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ringback_number"))
        batch_op.drop_index("ix_ringback_state_due")
    op.drop_table("ringback")

"""ratings"""

import sqlalchemy as sa
from alembic import op

import store.base

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_rating",
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("rated_at", store.base.UtcDateTime(), nullable=False),
        sa.Column("flow", sa.String(length=60), nullable=False),
        sa.Column("node", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_call_rating")),
    )
    with op.batch_alter_table("call_rating", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_rating_rated_at"), ["rated_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("call_rating", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_call_rating_rated_at"))
    op.drop_table("call_rating")

"""emergency: lines of emergency centres, handovers"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("key", sa.String(length=5), nullable=True))
        batch_op.add_column(sa.Column("fallback", sa.String(length=80), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_unit_key"), ["key"])
    with op.batch_alter_table("connect", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("handover", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(sa.Column("joined_unit", sa.String(length=80), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("connect", schema=None) as batch_op:
        batch_op.drop_column("joined_unit")
        batch_op.drop_column("handover")
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_unit_key"), type_="unique")
        batch_op.drop_column("fallback")
        batch_op.drop_column("key")

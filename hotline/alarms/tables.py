"""Room hotline/alarms: one row an alarm, one row a notice that has to reach somebody."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base, UtcDateTime


class Alarm(Base):
    """`alarm` of one `about`; `state`: raised | cleared. `untold`: times since `told_at`."""

    __tablename__ = "alarm"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    alarm: Mapped[str] = mapped_column(String(60), index=True)
    about: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(10))
    detail: Mapped[str] = mapped_column(Text)
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cleared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    untold: Mapped[int] = mapped_column(default=0)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Notice(Base):
    """What is to be told. Sending it is owed work, one piece an address."""

    __tablename__ = "notice"

    notice_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    alarm_key: Mapped[str] = mapped_column(String(200), index=True)
    level: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)

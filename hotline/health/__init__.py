"""What each part says of itself, and what that means for the whole."""

from hotline.health.heartbeat import Heartbeat, parts_health

__all__ = ["Heartbeat", "parts_health"]

"""Whoever was not spoken to is rung back: rows with a deadline, merged per number."""

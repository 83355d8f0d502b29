"""Who is on duty for which unit, and in what order they are rung."""

"""What is still owed after a call: the database says it, queues only carry it."""

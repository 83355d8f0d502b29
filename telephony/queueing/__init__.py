"""Who is offered to whom, and when: queues, skills, ring-backs, feature codes of desk phones."""

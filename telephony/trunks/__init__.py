"""Lines to the carriers: which there are, which answer, which is dialled."""

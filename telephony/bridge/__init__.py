"""Three-way calls: who is rung, who is moved where, who may not be asked."""

"""Room: the databases, the journal of facts and the migrations. Imports no other room."""

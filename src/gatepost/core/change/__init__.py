"""A policy's life: stages, quorum, rails, impact. Every transition is a pure function of what is known."""

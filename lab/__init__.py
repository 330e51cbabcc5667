"""A mail lab on this machine: real mail servers, their fronts, and a Gatepost site before them. See README.md."""

"""The verbs: one function, one transaction, one ledger entry each. A transaction begins only here."""

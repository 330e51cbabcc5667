"""Rows in and rows out. Decides nothing; each table is written by one module."""

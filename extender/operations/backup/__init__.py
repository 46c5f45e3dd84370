"""Backups: what an installation holds at one moment, in a form that any database takes in again."""

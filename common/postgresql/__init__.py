"""Django's PostgreSQL, which does not wait for ever for an answer.

Limits of the server are of no use where the network swallows what is said, and TCP holds a line for whole on which
only a proxy still answers.
"""

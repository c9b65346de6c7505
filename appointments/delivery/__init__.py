"""Sends what patients and staff are told, by e-mail and text.

`outbox` keeps each message until a worker has sent it; `relevance` says whether it is still true and when it may go;
`rendering` writes it; `email` and `sms` send it; `webhook` takes what patients answer. Which change tells whom is
decided in lifecycle/announce.py.
"""

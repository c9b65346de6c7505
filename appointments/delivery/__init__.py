"""What patients and staff are told by e-mail and text, in order of one message's life:

`announce` decides what is told when a request changes, in the same transaction; `outbox` keeps each message until a
worker has sent it; `truth` says whether it still holds and when it may go; `wording` writes it; `emails` and `texts`
send it.
"""

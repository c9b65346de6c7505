"""The words a pathway is written in: plain Python that knows nothing of Django, pages or storage.

Read in this order: conditions, questions, assessment, definition, journey, description.
"""

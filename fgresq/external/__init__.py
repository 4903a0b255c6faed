"""Methods that run in a process of their own, by a Python that the user names.

Some published methods want a version of a library that this project cannot take, or come under a
licence that keeps them out of it. They are never imported here: `serve.py`, which needs nothing of
this package, is run by the user's Python and answers over a pipe. What large multimodal models are
asked, and what is made of their answers, stands here too.
"""

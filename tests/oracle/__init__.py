"""An independent checker: it knows the contract and shares no code with the product.

`intents` logs what was sent, `generator` invents it, `model` computes what must become of it, `readers` looks at the
database and the topics with clients of another make, and `checker` compares.
"""

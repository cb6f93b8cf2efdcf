"""The deep test of a channel: what a model on an endpoint can really do, found out by asking it.

`questions` are the requests, in the neutral form; `exchange` sends one through the endpoint's own codec, as the server would;
`trials` draw a fact from each answer.
"""

"""What other routers' configuration files say, as channels and profiles of ours: one module for each program.

    found.py      the values that all of them give, and what an address means
    router.py     claude-code-router: config.json
    litellm.py    LiteLLM: config.yaml
    cc_switch.py  cc-switch: config.json, or its database
    axonhub.py    a backup of an AxonHub server
    read.py       which of them a file is

Nothing is written here, nothing is asked of a provider. What has no counterpart becomes a remark, never a guess.
"""

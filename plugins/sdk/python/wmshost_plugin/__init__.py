"""Transforms in Python, of a function of one row. The function itself needs nothing but `Reject`, so that tests can call it
without a component; `wmshost_plugin.transform` makes the component of it."""


class Reject(Exception):
    """Puts the row into quarantine, with the rule that it breaks and the reason in words."""

    def __init__(self, rule: str, reason: str):
        super().__init__(rule, reason)
        self.rule, self.reason = rule, reason

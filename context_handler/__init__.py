"""The Context Handler: brokers a login between a user-facing system and a municipality's own IdP."""

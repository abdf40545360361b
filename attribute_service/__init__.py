"""A municipality's attribute service: tells the Context Handler, and nobody else, which job function roles a user has."""

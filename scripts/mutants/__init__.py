"""Mutation testing of what decides who gets in: would a test fail if this line were another? Run `make mutants`.

mutmut's own runner (3.8) passes over every decorated function, and here each normative check is one (`@rule`), as are properties and
class methods of the levels. So its operators make the mutants, and the runner here tries them: whole modules, decorated or not.
"""

"""A template is compiled once for all houses; another text under the same name is another template."""

from jinja2 import DictLoader, Environment

from saml_web.compiled_templates import CompiledTemplates


class Counting(CompiledTemplates):
    """Counts what is compiled."""

    compiled = 0

    def dump_bytecode(self, bucket):
        self.compiled += 1
        super().dump_bytecode(bucket)


def rendered(cache: CompiledTemplates, source: str, **values: str) -> str:
    environment = Environment(loader=DictLoader({"page.html": source}), autoescape=True, bytecode_cache=cache)
    return environment.get_template("page.html").render(**values)


def test_two_environments_share_what_was_compiled() -> None:
    cache = Counting()
    assert rendered(cache, "<p>{{ name }}</p>", name="<Ane>") == "<p>&lt;Ane&gt;</p>"
    assert rendered(cache, "<p>{{ name }}</p>", name="Bo") == "<p>Bo</p>"
    assert cache.compiled == 1


def test_the_same_name_with_another_text_is_compiled_by_itself() -> None:
    cache = Counting()
    assert [rendered(cache, text, name="x") for text in ("<p>{{ name }}</p>", "<q>{{ name }}</q>")] == [
        "<p>x</p>",
        "<q>x</q>",
    ]
    assert cache.compiled == 2

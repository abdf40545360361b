"""The edge that all houses share: raw requests in, pages and redirects out, strict headers, two languages, one error page.

What a house does at its composition root:

    pages = Pages("idp_mock", base_url=base_url, ids=SystemIds())      # templates in idp_mock/templates
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.router.routes.append(static_route())                           # saml_web.static_files; /_sim/static/…
    ErrorPages(pages).install(app)                                     # saml_web.error_pages; raise SamlError, that
    is all

What its routes use:

    pages.render(request, "login.html", persona=…)                     # saml_web.pages
    redirect(url) · auto_post_page(pages, request, action=, fields=)   # saml_web.outbound
    repost_page(…) · without_marker(body) -> (body, came_back)
    read_query(request) · await read_body(request)                     # saml_web.inbound: raw bytes for
    oiosaml.bindings form = await read_own_form(request, base_url=…)    # our own forms;
    saml_web.form_origin transaction_cookie(name, base_url=, lifetime=) · session_cookie(name, base_url=)   #
    saml_web.cookies: .set .read .clear name_flow(request, flow_id, step="vouch_for_system")               #
    saml_web.error_pages: what the error page refers to · name_logout(request): it is titled for a logout view_xml(octets)
    # saml_web.xml_view, shown by the macro xml_view api_docs_route(pages, app)
    # saml_web.api_docs: /_sim/api/docs

What its templates do:

    {% extends "base.html" %}
    {% from "macros/forms.html" import form_token, text_field, button with context %}
    {% block title %}{{ _("Choose your municipality") }}{% endblock %}
    {% block service %}Korsbæk Kommune{% endblock %}     optional: whose page it is
    {% block content %}<form method="post" action="{{ path_prefix }}/idp/x/login">{{ form_token() }} …</form>{%
    endblock %}

* Macros need `with context`. `macros/feedback.html`: icon, alert, error_summary. `macros/forms.html`: form_token,
text_field,
  radio_field, checkbox_field, select_field, search_form, button, link_button. `macros/content.html`: details, facts,
  table, card, level_name, level_tag, tag, privilege_tree, xml_view. Lists of big choices: `<ul
  class="sim-choices"><li><button class="sim-choice">`.
* Every text is English inside `_()` or `{% trans %}`; its Danish goes to `<package>/locale/da/LC_MESSAGES/messages.po`.
  `python scripts/messages.py <package>` adds and drops entries; tests/saml_web/test_messages.py fails while one is
  missing.
* Text in both languages from data (a persona's purpose) is chosen by `language`, which is "da" or "en".
* An id in a page ends in `-{{ language }}`: a page that answers a POST holds both languages, so a plain id would
stand twice.
* No inline style, no inline script (the Content-Security-Policy stops them), no URL from the request's Host.
* Chromium holds `form-action` against the redirects that answer a form, too. What answers a form leads to another origin by
  `outbound.pass_on` or by `auto_post_page`.
"""

"""`nsis sp add` and `nsis idp add`: one's own system or IdP joins a running simulator."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from nsis_sim.encryption_words import BlockCipher, KeyTransport, encryption_document
from nsis_sim.options import BaseUrl, broker_url
from nsis_sim.terminal import fail, say, say_findings

Metadata = Annotated[str, typer.Option("--metadata", help="The party's SAML metadata: a file or a URL.")]
Name = Annotated[
    str | None,
    typer.Option("--name", help="The name that people see; without it the metadata's organisation, or ServiceName."),
]
ShortId = Annotated[
    str | None, typer.Option("--id", help="Short name for URLs and commands; without it made from the entityID.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Replace what the same organisation registered before.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    systems = typer.Typer(help="User-facing systems (service providers).", no_args_is_help=True)
    systems.command(name="add")(add_system)
    app.add_typer(systems, name="sp")
    idps = typer.Typer(help="Municipal IdPs.", no_args_is_help=True)
    idps.command(name="add")(add_idp)
    app.add_typer(idps, name="idp")


def add_system(
    metadata: Metadata,
    cvr: Annotated[str, typer.Option("--cvr", help="CVR number of the supplier or authority that owns it.")],
    min_loa: Annotated[
        str, typer.Option("--min-loa", help="Lowest level its users must have: Low, Substantial or High.")
    ] = "Substantial",
    idp: Annotated[
        list[str] | None,
        typer.Option("--idp", help="entityID of an IdP it takes users from; one: nobody is asked."),
    ] = None,
    profile: Annotated[
        str, typer.Option("--profile", help="Which profile of SAML it reads: OIOSAML3 or OIOSAML2.")
    ] = "OIOSAML3",
    min_assurance_level: Annotated[
        str | None,
        typer.Option("--min-assurance-level", help="Lowest NIST level of users without NSIS; 3 with OIOSAML2."),
    ] = None,
    name_id_format: Annotated[
        str | None, typer.Option("--name-id-format", help="Overrides the metadata's NameIDFormat.")
    ] = None,
    attribute_profile: Annotated[
        str | None,
        typer.Option(
            "--attribute-profile",
            help="Attributes where its metadata asks for none: KOMBIT …",
        ),
    ] = None,
    on_no_roles: Annotated[
        str | None, typer.Option("--on-no-roles", help="For a user without roles: empty, omit or deny.")
    ] = None,
    translation: Annotated[
        str | None,
        typer.Option(
            "--translation", help="Table that puts its roles into another authority's words; `apply` brings one."
        ),
    ] = None,
    gets_rights: Annotated[
        str | None, typer.Option("--gets-rights", help="token, or query: it asks the attribute service itself.")
    ] = None,
    key_transport: Annotated[
        KeyTransport | None,
        typer.Option("--key-transport", help="Overrides its metadata, for a stack that cannot do OIOSAML 3's own."),
    ] = None,
    block_cipher: Annotated[
        BlockCipher | None, typer.Option("--block-cipher", help="Overrides its metadata, too.")
    ] = None,
    name: Name = None,
    short_id: ShortId = None,
    base_url: BaseUrl = None,
    *,
    replace: Replace = False,
) -> None:
    """Register a system at a running simulator. Broken metadata gets findings with line, rule and mend."""
    optional = {
        "minimum_assurance_level": min_assurance_level,
        "name_id_format": name_id_format,
        "attribute_profile": attribute_profile,
        "on_no_roles": on_no_roles,
        "translation": translation,
        "gets_rights": gets_rights,
        "name": name,
        "id": short_id,
        "encryption": encryption_document(key_transport, block_cipher),
    }
    party = {"cvr": cvr, "minimum_level": min_loa, "profile": profile, "idps": idp or [], **_given(optional)}
    _register("systems", metadata, party, base_url=base_url, replace=replace)


def add_idp(
    metadata: Metadata,
    cvr: Annotated[list[str], typer.Option("--cvr", help="CVR number it may speak for; several times for several.")],
    name: Annotated[str, typer.Option("--name", help="Its name on the page where people choose.")],
    max_loa: Annotated[
        str | None, typer.Option("--max-loa", help="NSIS level it is registered at: Low, Substantial or High.")
    ] = None,
    max_assurance_level: Annotated[
        str | None, typer.Option("--max-assurance-level", help="NIST level it is registered at, such as 3.")
    ] = None,
    profile: Annotated[
        str, typer.Option("--profile", help="Which profile of SAML it speaks: OIOSAML3, OIOSAML2 or NEMLOGIN3.")
    ] = "OIOSAML3",
    attribute_service: Annotated[
        str | None,
        typer.Option("--attribute-service", help="Metadata of the service with its users' rights: a file or a URL."),
    ] = None,
    role_catalogue: Annotated[
        str | None,
        typer.Option("--role-catalogue", help="Address of the role catalogue with its users' rights, asked by REST."),
    ] = None,
    on_attribute_failure: Annotated[
        str | None,
        typer.Option("--on-attribute-failure", help="If rights cannot be fetched: refuse, or without-rights."),
    ] = None,
    short_id: ShortId = None,
    base_url: BaseUrl = None,
    *,
    knows_roles: Annotated[bool, typer.Option("--knows-roles", help="Its token carries job function roles.")] = False,
    no_scoping: Annotated[bool, typer.Option("--no-scoping", help="Do not tell it which system asks.")] = False,
    encryption_optional: Annotated[
        bool, typer.Option("--encryption-optional", help="Take unencrypted assertions too; OIOSAML2 only.")
    ] = False,
    replace: Replace = False,
) -> None:
    """Register an IdP at a running simulator, with its attribute service or role catalogue if its token carries no roles."""
    if [knows_roles, attribute_service is not None, role_catalogue is not None].count(True) != 1:
        fail(
            "Say where the users' rights come from: --knows-roles, --attribute-service FILE|URL, or --role-catalogue URL."
        )
    if max_loa is None and max_assurance_level is None:
        fail("Say at which level it is registered: --max-loa Substantial, or --max-assurance-level 3 with OIOSAML2.")
    party: dict[str, Any] = {
        "cvrs": cvr,
        "name": name,
        "knows_roles": knows_roles,
        "profile": profile,
        "supports_scoping": not no_scoping,
        "encryption_optional": encryption_optional,
        **_given(
            {
                "maximum_level": max_loa,
                "maximum_assurance_level": max_assurance_level,
                "on_attribute_failure": on_attribute_failure,
                "id": short_id,
            }
        ),
    }
    if attribute_service is not None:
        party["attribute_service"] = {"metadata": read_source(attribute_service), "cvrs": cvr}
    if role_catalogue is not None:
        party["attribute_service"] = {"role_catalogue": {"url": role_catalogue}, "cvrs": cvr}
    _register("idps", metadata, party, base_url=base_url, replace=replace)


def _given(options: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _register(kind: str, metadata: str, party: dict[str, Any], *, base_url: str | None, replace: bool) -> None:
    from nsis_sim.api_client import Api, registering

    document = {"metadata": read_source(metadata), **_remembered(metadata), **party}
    url = broker_url(base_url)
    with registering(metadata), Api(url) as api:
        done = api.send("POST", f"/{kind}" + ("?replace=true" if replace else ""), document)
        known = [*api.parties(kind), *(api.parties("attribute-services") if "attribute_service" in party else ())]
    say_findings(metadata, done.findings)
    registered = [each for each in known if each["entity_id"] in done.registered]
    for each in registered:
        say(f"Registered {each['entity_id']} as {each['id']}")
    _say_what_next(kind, url)
    for each in registered:
        if each["registration"].get("role_catalogue"):
            say(f"Its API key belongs into role-catalogue-{each['id']}.key in the simulator's certificate directory.")


def _remembered(metadata: str) -> dict[str, Any]:
    """Have the simulator fetch the metadata again from where this command fetched it."""
    return {"metadata_source": {"url": metadata}} if metadata.startswith(("http://", "https://")) else {}


def _say_what_next(kind: str, url: str) -> None:
    from federation.urls import ContextHandlerUrls

    urls = ContextHandlerUrls(url)
    face = urls.metadata_towards_systems_url if kind == "systems" else urls.metadata_towards_idps_url
    say(f"The simulator's metadata for it: {face}")


def read_source(source: str) -> str:
    """Give the text of a file or of what a URL answers; ends the command if it cannot be had."""
    if source.startswith(("http://", "https://")):
        return _fetch(source)
    try:
        return Path(source).read_text("utf-8")
    except UnicodeDecodeError as error:
        from oiosaml.messages.metadata_lookalikes import mend_by_looks

        fail(f"{source} is not UTF-8. {mend_by_looks(error.object) or 'Save it so.'}")
    except OSError as error:
        fail(f"{source} cannot be read: {error.strerror}.")


def _fetch(url: str) -> str:
    import httpx

    try:
        # A proxy never knows this machine's own addresses.
        own = httpx.URL(url).host in {"localhost", "127.0.0.1", "::1"}
        answer = httpx.get(url, timeout=10, follow_redirects=not own, trust_env=not own)
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fail(f"{url} cannot be fetched: {error}")
    return answer.text

"""The same rights by REST, in the shape of municipal role catalogues: whoever has the API key looks a user up."""

import hmac

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from attribute_service.ports import Ports
from oiosaml.attributes import PRIVILEGES_INTERMEDIATE
from oiosaml.ids import EntityId
from oiosaml.name_id import NameId, X509SubjectName
from oiosaml.uris import NAMEID_X509_SUBJECT_NAME
from saml_web.security_headers import NO_STORE

API_KEY_HEADER = "ApiKey"


class RoleCatalogue:
    """Answers GET /api/user/{userid}/roles?system=…&domain=… for whoever has the key."""

    def __init__(self, ports: Ports, api_key: str | None) -> None:
        """Without a key nobody is answered: a catalogue that answers anybody is a register of who may do what (attack AQ-08)."""
        self._ports = ports
        self._api_key = api_key

    async def roles(self, request: Request) -> Response:
        """Give the user's rights, 404 for a user nobody knows."""
        given = request.headers.get(API_KEY_HEADER, "")
        if self._api_key is None or not hmac.compare_digest(given.encode(), self._api_key.encode()):
            return _json({"error": "wrong or missing API key"}, 401)
        directory, service = self._ports.directory(), self._ports.service
        for cvr in service.cvrs:
            try:
                name = X509SubjectName(cvr, "?", request.path_params["userid"])
            except ValueError:
                break
            person = directory.find(NameId(str(name), NAMEID_X509_SUBJECT_NAME))
            if person is not None:
                target = EntityId(request.query_params.get("system", ""))
                (rights,) = directory.attributes_of(person, asked_for=(PRIVILEGES_INTERMEDIATE,), target=target)
                own_name = X509SubjectName(person.cvr, person.name, person.uuid)
                roles = {uri: uri for uri in person.job_function_roles}
                return _json({"oioBPP": rights.values[0], "nameID": str(own_name), "roleMap": roles}, 200)
        return _json({"error": "unknown user"}, 404)


def _json(content: dict[str, object], status: int) -> Response:
    return JSONResponse(content, status_code=status, headers={"Cache-Control": NO_STORE})

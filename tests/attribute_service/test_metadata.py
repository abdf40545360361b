from tests.attribute_service.house import SKOVRUPS_SERVICE, House


def test_it_serves_what_the_context_handler_has_registered(house: House):
    response = house.visit("GET", "/metadata")
    assert response.content == SKOVRUPS_SERVICE.metadata != b""
    assert response.headers["content-type"] == "application/samlmetadata+xml"

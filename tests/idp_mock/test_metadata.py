from tests.idp_mock.house import KORSBAEKS_IDP, House


def test_it_serves_what_the_context_handler_has_registered(house: House):
    response = house.visit("GET", "https://sim.test/metadata")
    assert response.content == KORSBAEKS_IDP.metadata != b""
    assert response.headers["content-type"] == "application/samlmetadata+xml"

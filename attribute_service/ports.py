"""What answering a query needs beside the query and the time, all of it handed in at start."""

from collections.abc import Callable
from dataclasses import dataclass

from attribute_service.answered import AnsweredQueries
from attribute_service.directory import Directory
from federation.model import AttributeService
from federation.sp_face import SpFace
from federation.urls import AttributeServiceUrls
from oiosaml.ids import IdSource
from oiosaml.keys import SigningKey


@dataclass(frozen=True, slots=True)
class Ports:
    """One municipality's attribute service, what it knows, and the Context Handler it answers."""

    service: AttributeService
    directory: Callable[[], Directory]
    """Gives what is known of people and their roles now; both may change while the house runs."""
    broker: SpFace
    answered: AnsweredQueries
    signing: SigningKey
    urls: AttributeServiceUrls
    ids: IdSource
    entropy: Callable[[int], bytes]
    """Gives that many random octets for content keys and initialisation vectors."""

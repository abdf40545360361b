"""Templates are compiled once in a process, however many houses show them: a house has pages in two languages, and shares its layout."""

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class CompiledTemplates(BytecodeCache):
    """What Jinja compiled, in memory. It serves environments with the same options alone: what is compiled depends on them."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was compiled before; Jinja itself sees by a checksum whether it was of this source."""
        compiled = self._compiled.get(bucket.key)
        if compiled is not None:
            bucket.bytecode_from_string(compiled)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled now."""
        self._compiled[bucket.key] = bucket.bytecode_to_string()

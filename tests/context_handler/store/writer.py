"""A process that logs people in until somebody kills it. It names each assertion on standard output once the store has accepted it."""

import sys
from pathlib import Path

from context_handler.answer_in_hand import AnswerInHand
from context_handler.login_state import LoginState
from context_handler.store.database import Database
from context_handler.store.sqlite import SqliteStore
from tests.context_handler.boots import BOOT
from tests.context_handler.store.contract import HERE, assertion, login, steps


def write_for_ever(path: Path, first: int) -> None:
    store = SqliteStore(Database(path), BOOT)
    number = first
    while True:
        flow = f"flow-{number}"
        store.save_pending(HERE, login(number), steps(flow, "begin", octets_in=b"x" * 5000))
        print(f"begun {number}", flush=True)
        store.accept_answer(
            HERE, AnswerInHand(login(number), assertion(f"_{number}"), steps(flow, "accept", octets_in=b"x" * 9000))
        )
        print(f"accepted {number}", flush=True)
        store.finish(
            HERE, login(number).flow, LoginState.COMPLETED, None, steps(flow, "answer", octets_out=b"x" * 9000)
        )
        number += 1


if __name__ == "__main__":
    write_for_ever(Path(sys.argv[1]), int(sys.argv[2]))

"""Who signs in waits here: for threads of their own, a few at once, and of these few from one network."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from extender.team.addresses import address_of, network_of
from project.threads import SIGN_IN_THREADS, SIGN_INS, SIGN_INS_OF_A_NETWORK


class SignIns:
    """The places, of which the loop knows who has them: it calls all of this."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(SIGN_IN_THREADS)
        self._held: Counter[str] = Counter()

    def enter(self, network: str) -> bool:
        """Takes a place, if somebody from there may have one more."""
        if self._held.total() >= SIGN_INS or self._held[network] >= SIGN_INS_OF_A_NETWORK:
            return False
        self._held[network] += 1
        return True

    def leave(self, network: str) -> None:
        """Gives it back."""
        self._held[network] -= 1
        if not self._held[network]:
            del self._held[network]


def network(client: Any, forwarded: str) -> str:
    """From where somebody comes whose socket says `client`, and whose proxy says that it forwards for `forwarded`."""
    peer = client[0] if isinstance(client, tuple) else ""
    return network_of(address_of(peer, forwarded) or "")

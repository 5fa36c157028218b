"""Two-factor: after the password, a code from an app (TOTP, RFC 6238) or a recovery code.

Who can read a recovery code's hash in Redis can read the secret beside it, so a fast hash does; it
keeps the codes themselves out of copies and logs.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

import pyotp

from stats.accounts.login_history import LoginMethod, new_entry, record_failure
from stats.accounts.passwords import credentials, password_fingerprint, verify_current
from stats.accounts.second_factor.code_lockout import count_code_attempt
from stats.accounts.sessions import (
    SESSION_ENDED,
    Halfway,
    Login,
    Proof,
    begin,
    new_session_id,
)
from stats.errors import InvalidInput, SessionEnded
from stats.lib.messages import N_
from stats.store.client import Db
from stats.store.keys import SWITCH_ON_KINDS, TWO_FACTOR_KINDS, user_keys
from stats.store.scripts import run

ISSUER = "Aira"
# Codes of the step before and after count too, for clocks that are a little off (section 6).
STEPS = (-1, 0, 1)
CODE = re.compile(r"[0-9]{6}")
CODES = 10
# Twelve of 32 characters are 60 bits. None looks like another (https://www.crockford.com/base32.html).
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH, GROUP = 12, 4
READ_AS = str.maketrans("oil", "011")

WRONG_PASSWORD = N_("This is not your current password.")
WRONG_CODE = N_("This code does not fit. Each works once; wait for the next one and try again.")
ALREADY_ON = N_("Two-factor is on already.")
ALREADY_OFF = N_("Two-factor is off already.")


def new_secret() -> str:
    """Return a secret of 160 bits in base 32, which is stored only by `switch_on`."""
    return pyotp.random_base32()


def address(secret: str, email: str) -> str:
    """Return the otpauth:// address from which an app takes a secret.

    https://github.com/google/google-authenticator/wiki/Key-Uri-Format
    """
    return pyotp.TOTP(secret, name=email, issuer=ISSUER).provisioning_uri()


@dataclass(frozen=True, slots=True)
class SwitchedOn:
    """The recovery codes, which cannot be shown again, and the new id of the session."""

    codes: list[str]
    session_id: str


def switch_on(
    db: Db, user_id: str, *, secret: str, code: str, password: str, session_id: str
) -> SwitchedOn:
    """Switch two-factor on, and end all sessions but this one, which goes on under a new id.

    Raises InvalidInput for the field `current_password` or `code`, or if it is on already, and
    SessionEnded; nothing is changed then.
    """
    digest = _verified(db, user_id, password)
    step = _step(secret, _plain(code))
    if step is None:
        raise InvalidInput(WRONG_CODE, "code")
    result = SwitchedOn(_new_codes(), new_session_id())
    keys = user_keys(user_id, SWITCH_ON_KINDS)
    arguments = (digest, secret, int(time.time()), step, session_id, result.session_id)
    reply = run(db, "two_factor/switch_on", keys, *arguments, *_hashes(user_id, result.codes))
    if reply == 0:
        raise InvalidInput(ALREADY_ON)
    if reply < 0:
        raise SessionEnded(SESSION_ENDED)
    return result


def make_codes(db: Db, user_id: str, *, code: str, password: str) -> list[str]:
    """Replace the recovery codes and return the new ones; raises InvalidInput like `switch_on`.

    Needs what `switch_off` needs, because a recovery code can switch two-factor off. Raises
    CodesLocked.
    """
    proof, codes = _prove_both(db, user_id, code, password), _new_codes()
    arguments = (*proof, *_hashes(user_id, codes))
    if not run(
        db, "two_factor/replace_recovery_codes", user_keys(user_id, TWO_FACTOR_KINDS), *arguments
    ):
        raise InvalidInput(WRONG_CODE, "code")
    return codes


def switch_off(db: Db, user_id: str, *, code: str, password: str) -> None:
    """Switch two-factor off, given code and password.

    Raises InvalidInput like `switch_on`, and CodesLocked.
    """
    proof = _prove_both(db, user_id, code, password)
    if not run(db, "two_factor/switch_off", user_keys(user_id, TWO_FACTOR_KINDS), *proof):
        raise InvalidInput(WRONG_CODE, "code")


def _prove_both(db: Db, user_id: str, code: str, password: str) -> tuple[str | int, ...]:
    digest = _verified(db, user_id, password)
    _, secret = credentials(db, user_id)
    if not secret:
        raise InvalidInput(ALREADY_OFF)
    count_code_attempt(db, user_id, int(time.time()))
    proof = _prove(user_id, digest, secret, code)
    return proof.digest, proof.secret, proof.step, proof.recovery


def forget(db: Db, user_id: str) -> bool:
    """Switch two-factor off without a code; return whether it was on.

    For operators, who have checked by other means who is asking.
    """
    return bool(run(db, "two_factor/switch_off", user_keys(user_id, TWO_FACTOR_KINDS)))


def finish(db: Db, half: Halfway, code: str, agent: str = "", address: str = "") -> Login | None:
    """Begin the session of a halfway log-in; None, and recorded as failed, for a wrong code.

    A code works once, and so does a recovery code. Raises CodesLocked.
    """
    digest, secret = credentials(db, half.user_id)
    login = None
    if secret and _same(half, digest):
        count_code_attempt(db, half.user_id, int(time.time()))
        proof = _prove(half.user_id, digest, secret, code)
        method = LoginMethod.RECOVERY if proof.recovery else LoginMethod.CODE
        login = begin(db, half.user_id, new_entry(method, agent, address), proof)
    if login is None:
        record_failure(db, half.user_id, LoginMethod.CODE, agent, address)
    return login


def is_void(db: Db, half: Halfway) -> bool:
    """Return whether a halfway log-in is void: another password by now, or two-factor off."""
    digest, secret = credentials(db, half.user_id)
    return not secret or not _same(half, digest)


def _same(half: Halfway, digest: str) -> bool:
    return hmac.compare_digest(half.fingerprint, password_fingerprint(digest))


def _verified(db: Db, user_id: str, password: str) -> str:
    digest = verify_current(db, user_id, password)
    if digest is None:
        raise InvalidInput(WRONG_PASSWORD, "current_password")
    return digest


def _prove(user_id: str, digest: str, secret: str, code: str) -> Proof:
    """Return what a code proves; nothing that a script takes if it is no code at all."""
    plain = _plain(code)
    if not CODE.fullmatch(plain):
        return Proof(digest, recovery=_hash(user_id, plain))
    step = _step(secret, plain)
    return Proof(digest, secret, -1 if step is None else step)


def _step(secret: str, code: str) -> int | None:
    """Return the time step of a code, None for a wrong one."""
    totp, now = pyotp.TOTP(secret), int(time.time())
    fits = [
        now // totp.interval + shift
        for shift in STEPS
        if hmac.compare_digest(totp.at(now, counter_offset=shift), code)
    ]
    return max(fits, default=None)


def _plain(code: str) -> str:
    """Return a code as it is compared: without spaces and hyphens, in lower case, ASCII alone."""
    joined = "".join(code.split()).replace("-", "").lower()
    return joined.encode("ascii", "replace").decode()


def _new_codes() -> list[str]:
    return [_new_code() for _ in range(CODES)]


def _new_code() -> str:
    text = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return "-".join(text[at : at + GROUP] for at in range(0, LENGTH, GROUP))


def _hashes(user_id: str, codes: Sequence[str]) -> list[str]:
    return [_hash(user_id, _plain(code)) for code in codes]


def _hash(user_id: str, plain: str) -> str:
    normalised = plain.translate(READ_AS)
    return hashlib.blake2s(f"{user_id}:{normalised}".encode(), digest_size=16).hexdigest()

"""Who lives where in the lab. A host with number N has 10.77.0.N and fd77::N (the same digits, as text)."""

NUMBERS = {
    "dns": 10,        # Knot: the root and the top-level zones
    "resolver": 11,   # the validating Unbound of everybody but Danewerk
    "foreign": 20,    # somebody else's mail provider: Postfix with DANE both ways
    "danewerk": 30,   # our program, its own Knot and Unbound
    "mbox1": 40,      # tenant contoso.lab: Dovecot over LMTP
    "mbox2": 41,      # tenant fabrikam.lab: Postfix with SMTPUTF8
    "stripped": 50,   # mx.stripped.lab, and so on: programs of lab/hostile run there
    "wrongcert": 51,
    "bogus": 52,
    "forged": 53,
    "attacker": 54,   # mx.attacker.lab, where the forged MX answer leads; its zone is not signed
}
TAMPER = 12           # also host dns: the zones whose answers can be tampered with
LEAVES = 13           # also host dns: the honest zones below the top-level ones

ATTACKED = ("stripped", "wrongcert", "bogus", "forged")   # zones <name>.lab with MX host mx.<name>.lab
MAIL_NAMES = {"foreign": "mx1.foreign.example", "mbox1": "mbox1.hoster.example", "mbox2": "mbox2.hoster.example",
              "danewerk": "danewerk.hoster.example", "attacker": "mx.attacker.lab",
              **{name: f"mx.{name}.lab" for name in ATTACKED}}

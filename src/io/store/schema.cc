#include "io/store/schema.h"

#include <array>
#include <string>

namespace danewerk::io {
namespace {

// 1: the queue and its history. message.id is the queue id, so age order is rowid order. A body small enough lies in
// `body`, a table of its own so that finishing a message never rewrites history; message.spooled says it is a file.
// The partial indexes repeat the column of their condition: without it SQLite looks every row up again to read it.
constexpr const char* queue_tables = R"(
CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  tenant TEXT NOT NULL,
  origin INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  finished_at INTEGER,
  sender TEXT,
  declared_size INTEGER,
  body_kind INTEGER NOT NULL,
  utf8 INTEGER NOT NULL,
  require_tls INTEGER NOT NULL,
  dsn_return INTEGER NOT NULL,
  envelope_id TEXT,
  prepended TEXT NOT NULL,
  body_size INTEGER NOT NULL,
  spooled INTEGER NOT NULL,
  recipients INTEGER NOT NULL,
  waiting INTEGER NOT NULL
);
CREATE INDEX message_waiting ON message(id, waiting) WHERE waiting > 0;
CREATE INDEX message_spooled ON message(spooled) WHERE spooled = 1;
CREATE INDEX message_finished ON message(finished_at) WHERE finished_at IS NOT NULL;
CREATE TABLE body (message INTEGER PRIMARY KEY, octets BLOB NOT NULL);
CREATE TABLE recipient (
  message INTEGER NOT NULL,
  position INTEGER NOT NULL,
  address TEXT,
  notify INTEGER,
  original_type TEXT,
  original_address TEXT,
  hop TEXT NOT NULL,
  state INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  last_at INTEGER,
  code TEXT,
  sentence TEXT,
  evidence TEXT,
  memo TEXT,
  PRIMARY KEY (message, position)
) WITHOUT ROWID;
CREATE INDEX recipient_due ON recipient(state, next_at, message, hop) WHERE state = 0;
CREATE TABLE attempt (
  id INTEGER PRIMARY KEY,
  message INTEGER NOT NULL,
  at INTEGER NOT NULL,
  hop TEXT NOT NULL,
  host TEXT NOT NULL,
  code TEXT NOT NULL,
  sentence TEXT NOT NULL,
  evidence TEXT NOT NULL
);
CREATE INDEX attempt_of ON attempt(message);
CREATE TABLE ledger (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  why TEXT NOT NULL,
  tenant TEXT,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX ledger_subject ON ledger(subject, id);
)";

// 2: tenants and their domains.
constexpr const char* domain_tables = R"(
CREATE TABLE tenant (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL, created_by TEXT NOT NULL)
  WITHOUT ROWID;
CREATE TABLE accepted_domain (
  domain TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  route TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX domain_of ON accepted_domain(tenant);
)";

// 3: keys, secrets, and what the publisher must remember about its zones.
constexpr const char* key_tables = R"(
CREATE TABLE key_pair (
  id TEXT PRIMARY KEY,
  algorithm TEXT NOT NULL,
  private_key TEXT NOT NULL,
  certificate TEXT NOT NULL,
  tlsa TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  published_at INTEGER,
  seen_everywhere_at INTEGER,
  serving_since INTEGER,
  retired_at INTEGER,
  withdrawn_at INTEGER
) WITHOUT ROWID;
CREATE TABLE secret (name TEXT PRIMARY KEY, algorithm TEXT NOT NULL, octets BLOB NOT NULL, created_at INTEGER NOT NULL)
  WITHOUT ROWID;
CREATE TABLE zone_fact (zone TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (zone, name)) WITHOUT ROWID;
)";

// 4: the operator's rules for destinations. owner '*' is everybody; lists are separated by spaces.
constexpr const char* connector_tables = R"(
CREATE TABLE connector (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  place INTEGER NOT NULL,
  pattern TEXT NOT NULL,
  dane TEXT NOT NULL,
  mta_sts TEXT NOT NULL,
  tls TEXT NOT NULL,
  verify_names TEXT NOT NULL,
  route TEXT,
  source TEXT NOT NULL,
  pool TEXT NOT NULL,
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) WITHOUT ROWID;
)";

// 5: what a hoster needs: suspended tenants, keys that sign mail, negative trust anchors.
constexpr const char* hoster_tables = R"(
CREATE TABLE tenant_suspension (
  tenant TEXT PRIMARY KEY,
  new_mail INTEGER NOT NULL,
  inbound INTEGER NOT NULL,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  why TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE dkim_key (
  domain TEXT NOT NULL,
  selector TEXT NOT NULL,
  tenant TEXT,
  algorithm TEXT NOT NULL,
  private_key TEXT NOT NULL,
  public_key TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  activated_at INTEGER,
  seen_at INTEGER,
  looked_at INTEGER,
  amiss TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (domain, selector)
) WITHOUT ROWID;
CREATE TABLE negative_anchor (
  domain TEXT PRIMARY KEY,
  who TEXT NOT NULL,
  why TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  ended_at INTEGER
) WITHOUT ROWID;
)";

// 6: finding a message again, how it came, what was written because of it; and the proofs behind its DANE records. `found` is cut into
// buckets of time: an index over all of history would have each new message touch three pages anywhere in it (measured: 37 us of
// CPU a message instead of 16, and a disk read each once history outgrows memory).
constexpr const char* trace_tables = R"(
ALTER TABLE message ADD COLUMN message_id TEXT;
ALTER TABLE message ADD COLUMN arrival TEXT;
ALTER TABLE message ADD COLUMN about INTEGER;
CREATE INDEX message_about ON message(about) WHERE about IS NOT NULL;
CREATE TABLE found (bucket INTEGER NOT NULL, key INTEGER NOT NULL, message INTEGER NOT NULL, PRIMARY KEY (bucket, key, message)) WITHOUT ROWID;
CREATE TABLE proof (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, octets BLOB NOT NULL, made_at INTEGER NOT NULL);
CREATE TABLE attempt_proof (
  attempt INTEGER PRIMARY KEY,
  message INTEGER NOT NULL,
  state INTEGER NOT NULL,
  proof INTEGER,
  why TEXT
);
CREATE INDEX attempt_proof_wanted ON attempt_proof(attempt, state) WHERE state = 1;
CREATE INDEX attempt_proof_of ON attempt_proof(message);
CREATE INDEX attempt_proof_uses ON attempt_proof(proof) WHERE proof IS NOT NULL;
)";

// 7: what is known of the MTA-STS policies of other domains.
constexpr const char* sts_tables = R"(
CREATE TABLE sts_policy (
  domain TEXT PRIMARY KEY,
  mode INTEGER,
  mx TEXT NOT NULL,
  max_age INTEGER NOT NULL,
  id TEXT NOT NULL,
  fetched_at INTEGER NOT NULL,
  failure INTEGER,
  failed_what TEXT NOT NULL,
  failed_at INTEGER NOT NULL,
  failed_id TEXT NOT NULL,
  failures INTEGER NOT NULL,
  used_at INTEGER NOT NULL
) WITHOUT ROWID;
)";

// 8: mail waits in lanes (one tenant's for one hop), which take turns: the index leads to the longest due of a lane, however
// much waits in others. It replaces the one by instant.
constexpr const char* lane_index = R"(
ALTER TABLE recipient ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
UPDATE recipient SET tenant = (SELECT m.tenant FROM message m WHERE m.id = recipient.message);
DROP INDEX recipient_due;
CREATE INDEX recipient_lane ON recipient(state, hop, tenant, next_at, message) WHERE state = 0;
CREATE INDEX recipient_held ON recipient(state) WHERE state = 4;
)";

// 9: the life of a domain (types/domain_facts.h). Instants are 0 for never. Domains of before were added by the operator and have
// been answered for with TLSA records ever since.
constexpr const char* life_tables = R"(
ALTER TABLE accepted_domain ADD COLUMN token BLOB NOT NULL DEFAULT x'00000000000000000000';
ALTER TABLE accepted_domain ADD COLUMN proof INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accepted_domain ADD COLUMN verified INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accepted_domain ADD COLUMN control_confirmed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accepted_domain ADD COLUMN dnssec_asked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accepted_domain ADD COLUMN dnssec_withdrawn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accepted_domain ADD COLUMN dane_asked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accepted_domain ADD COLUMN dane_withdrawn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accepted_domain ADD COLUMN mx_here INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accepted_domain ADD COLUMN mx_elsewhere INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accepted_domain ADD COLUMN others_gone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accepted_domain ADD COLUMN dane_live INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accepted_domain ADD COLUMN quarantined INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accepted_domain ADD COLUMN looked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accepted_domain ADD COLUMN mx_ttl INTEGER NOT NULL DEFAULT 0;
UPDATE accepted_domain SET proof = 3, verified = created_at, dnssec_asked = created_at, dane_asked = created_at;
)";

// 10: certificates that others issued, the orders to CAs, and what challenges put into a zone.
constexpr const char* certificate_tables = R"(
CREATE TABLE certificate (
  subject TEXT PRIMARY KEY,
  names TEXT NOT NULL,
  private_key TEXT NOT NULL,
  chain TEXT NOT NULL,
  source TEXT NOT NULL,
  at INTEGER NOT NULL,
  who TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE certificate_order (
  id INTEGER PRIMARY KEY,
  names TEXT NOT NULL,
  began_at INTEGER NOT NULL,
  ended_at INTEGER,
  failure TEXT NOT NULL,
  not_before INTEGER
);
CREATE INDEX certificate_order_of ON certificate_order(names, id);
CREATE TABLE challenge_record (name TEXT NOT NULL, value TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (name, value)) WITHOUT ROWID;
)";

// 11: what the last look at each domain found wrong.
constexpr const char* finding_table = R"(
CREATE TABLE domain_finding (
  domain TEXT NOT NULL,
  code TEXT NOT NULL,
  severity INTEGER NOT NULL,
  whose INTEGER NOT NULL,
  since INTEGER NOT NULL,
  evidence TEXT NOT NULL,
  PRIMARY KEY (domain, code)
) WITHOUT ROWID;
CREATE INDEX domain_finding_errors ON domain_finding(severity, whose) WHERE severity = 2;
)";

// 12: which MX hosts have records of their own by our doing (node_store.h), and an index of the domains that want some in a wildcard
// shard: types::stops_wildcard.
constexpr const char* node_table = R"(
CREATE TABLE mx_host (
  domain TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  zone TEXT NOT NULL,
  node TEXT NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX mx_host_off ON accepted_domain(domain)
  WHERE (dnssec_asked <= dnssec_withdrawn OR dane_asked <= dane_withdrawn) AND (dnssec_asked != 0 OR dane_asked != 0);
)";

// 13: which domains' MX hosts may need a change in the zone, where shards are held in other ways than by a wildcard (host_store.h): then
// there is a zone_fact "hosts". The triggers note it in the transaction that makes the change, whoever makes it. AUTOINCREMENT: an id
// is never used again, so that finished work never takes newer work along.
constexpr const char* host_tables = R"(
CREATE TABLE mx_host_work (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  domain TEXT NOT NULL UNIQUE,
  not_before INTEGER NOT NULL DEFAULT 0,
  fault TEXT NOT NULL DEFAULT ''
);
CREATE TRIGGER mx_host_of_new_domain AFTER INSERT ON accepted_domain WHEN EXISTS (SELECT 1 FROM zone_fact WHERE name = 'hosts') BEGIN
  DELETE FROM mx_host_work WHERE domain = NEW.domain;
  INSERT INTO mx_host_work(domain) VALUES(NEW.domain);
END;
CREATE TRIGGER mx_host_of_gone_domain AFTER DELETE ON accepted_domain WHEN EXISTS (SELECT 1 FROM zone_fact WHERE name = 'hosts') BEGIN
  DELETE FROM mx_host_work WHERE domain = OLD.domain;
  INSERT INTO mx_host_work(domain) VALUES(OLD.domain);
END;
CREATE TRIGGER mx_host_of_asked_domain AFTER UPDATE OF dnssec_asked, dnssec_withdrawn, dane_asked, dane_withdrawn ON accepted_domain
  WHEN (OLD.dnssec_asked != NEW.dnssec_asked OR OLD.dnssec_withdrawn != NEW.dnssec_withdrawn OR OLD.dane_asked != NEW.dane_asked
    OR OLD.dane_withdrawn != NEW.dane_withdrawn) AND EXISTS (SELECT 1 FROM zone_fact WHERE name = 'hosts')
BEGIN
  DELETE FROM mx_host_work WHERE domain = NEW.domain;
  INSERT INTO mx_host_work(domain) VALUES(NEW.domain);
END;
)";

// 14: MTA-STS policies that we serve, every text of them that somebody may still hold, and the MX hosts they must name.
constexpr const char* hosted_policy_tables = R"(
CREATE TABLE hosted_policy (
  domain TEXT PRIMARY KEY,
  asked_at INTEGER NOT NULL,
  mode INTEGER NOT NULL,
  max_age INTEGER NOT NULL,
  also TEXT NOT NULL,
  withdrawn INTEGER,
  record_removed INTEGER
) WITHOUT ROWID;
CREATE TABLE hosted_policy_version (
  domain TEXT NOT NULL,
  id TEXT NOT NULL,
  mode INTEGER NOT NULL,
  mx TEXT NOT NULL,
  max_age INTEGER NOT NULL,
  since INTEGER NOT NULL,
  fetched INTEGER,
  announced INTEGER,
  PRIMARY KEY (domain, id)
) WITHOUT ROWID;
CREATE TABLE hosted_policy_mx (domain TEXT NOT NULL, host TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (domain, host)) WITHOUT ROWID;
)";

// 15: the group of shards whose key it is (zone.key_groups).
constexpr const char* key_group_column = R"(
ALTER TABLE key_pair ADD COLUMN key_group TEXT NOT NULL DEFAULT '';
)";

constexpr std::array migrations = {queue_tables, domain_tables, key_tables, connector_tables, hoster_tables, trace_tables, sts_tables, lane_index,
                                    life_tables, certificate_tables, finding_table, node_table, host_tables, hosted_policy_tables,
                                    key_group_column};

Result<int> version_of(Database& database) {
  TRY(Rows rows, database.query("PRAGMA user_version"));
  TRY(const bool found, rows.next());
  return found ? static_cast<int>(rows.number(0)) : 0;
}

Result<void> apply(Database& database, int step) {
  TRY_VOID(database.script("BEGIN IMMEDIATE"));
  const std::string mark = "PRAGMA user_version = " + std::to_string(step);
  auto done = database.script(migrations[static_cast<std::size_t>(step - 1)]);
  if (done) done = database.script(mark.c_str());
  if (done) done = database.script("COMMIT");
  if (!done && database.in_transaction()) static_cast<void>(database.script("ROLLBACK"));
  return done;
}

}  // namespace

int schema_version() { return static_cast<int>(migrations.size()); }

Result<void> migrate(Database& database, int target) {
  TRY(const int found, version_of(database));
  if (found > schema_version()) {
    return fail(ErrorKind::conflict, "the store has schema version " + std::to_string(found) + ", this program knows up to " +
                                         std::to_string(schema_version()) + ": start the newer program, or restore the store"
                                         " from a copy made before the upgrade");
  }
  for (int step = found + 1; step <= target; ++step) TRY_VOID(apply(database, step));
  return {};
}

}  // namespace danewerk::io

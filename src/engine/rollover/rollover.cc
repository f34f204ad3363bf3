#include "engine/rollover/rollover.h"

#include <algorithm>

namespace danewerk::rollover {
namespace {

using types::KeyLine;

constexpr std::ptrdiff_t keys_wanted = 2;  // the one that serves, and the next

class Planner {
 public:
  explicit Planner(const Situation& situation)
      : keys_(situation.keys), seen_(situation.observation), timing_(situation.timing), wish_(situation.wish), here_(situation.serving_here),
        now_(situation.now) {}

  std::vector<Step> plan() {
    leave_superseded();
    tidy_after_crash();
    for (const KeyLine line : types::all_key_lines) serve_line(line);  // before publishing, which may fail again and again
    for (const KeyLine line : types::all_key_lines) keep_two_keys(line);
    keep_zone();
    for (const TrackedKey& key : keys_) let_go(key);
    for (const TrackedKey& key : keys_) keep_certified(key);
    offer(Action::wait, {}, now_ + timing_.key_lifetime, "nothing is due");
    std::stable_sort(steps_.begin(), steps_.end(), [](const Step& a, const Step& b) { return a.when < b.when; });
    return std::move(steps_);
  }

 private:
  void offer(Action what, const std::string& key, Instant when, std::string why) {
    steps_.push_back(Step{what, key, std::max(when, now_), std::move(why), Cause::planned, {}});
  }
  void obstacle(const std::string& key, std::string why) {
    steps_.push_back(Step{Action::wait, key, now_ + timing_.look_again, std::move(why), Cause::obstacle, {}});
  }

  bool is_here(const TrackedKey& key) const { return std::find(here_.begin(), here_.end(), key.facts.id) != here_.end(); }
  bool is_wanted(KeyLine line) const { return wish_.algorithm_of(line).has_value(); }
  bool is_wanted(const TrackedKey& key) const { return wish_.algorithm_of(key.line()) == key.facts.algorithm; }
  /// A line that is wanted serves, by the facts.
  bool wanted_one_serves() const {
    return std::any_of(types::all_key_lines.begin(), types::all_key_lines.end(),
                       [this](KeyLine line) { return is_wanted(line) && serving_key(keys_, line) != nullptr; });
  }
  const TrackedKey* served_wanted_key() const {
    for (const KeyLine line : types::all_key_lines) {
      const TrackedKey* key = is_wanted(line) ? serving_key(keys_, line) : nullptr;
      if (key && is_here(*key)) return key;
    }
    return nullptr;
  }
  const TrackedKey* spent_key() const {
    const auto found = std::find_if(keys_.begin(), keys_.end(), is_spent);
    return found == keys_.end() ? nullptr : &*found;
  }

  /// Only before this process serves anything: a store cannot become older under it.
  void leave_superseded() {
    if (!here_.empty() || seen_.primary == ZoneObservation::Primary::unknown || seen_.at_primary.empty()) return;
    const bool strangers = std::any_of(seen_.at_primary.begin(), seen_.at_primary.end(), [this](const types::TlsaRecord& record) {
      return std::none_of(keys_.begin(), keys_.end(), [&record](const TrackedKey& key) { return key.facts.tlsa == record; });
    });
    for (const TrackedKey& key : keys_) {
      const bool stood = key.facts.published_at || key.facts.serving_since;
      const bool left_behind = strangers && key.origin == Origin::store;
      if (key.facts.withdrawn_at || !(stood || left_behind) || holds(seen_.at_primary, key.facts.tlsa)) continue;
      offer(Action::supersede, key.facts.id, now_, "the zone holds the records of other keys and not its own: this store is older than the zone");
    }
  }

  /// "Serve" is written down for the new key first, then "retired" for the old one: between them we may have died.
  void tidy_after_crash() {
    for (const TrackedKey& key : keys_) {
      const TrackedKey* serving = serving_key(keys_, key.line());
      if (&key == serving || !key.facts.serving_since || !is_live(key)) continue;
      offer(Action::retire, key.facts.id, now_, "key " + serving->facts.id + " serves in its place");
    }
  }

  // --- which key serves ---

  void serve_line(KeyLine line) {
    const TrackedKey* serving = serving_key(keys_, line);
    if (!is_wanted(line)) {
      if (serving) keep_until_replaced(*serving);
    } else if (serving) {
      keep_serving(*serving);
    } else {
      begin_serving(line);
    }
  }

  /// A line that is not wanted serves on until another does.
  void keep_until_replaced(const TrackedKey& serving) {
    if (const TrackedKey* other = served_wanted_key()) {
      return offer(Action::retire, serving.facts.id, now_, std::string(to_string(serving.facts.algorithm)) + " is not wanted any more, and key " +
                                                               other->facts.id + " serves");
    }
    if (!is_here(serving)) resume(serving);
  }

  /// Nothing of this line has ever served: the first key that passes the gate does.
  void begin_serving(KeyLine line) {
    const bool nothing_else = here_.empty() && !wanted_one_serves();
    for (const TrackedKey& key : keys_) {
      if (key.line() != line || !is_incoming(key) || !is_wanted(key)) continue;
      return offer_switch(key, now_, nothing_else ? Need::first : Need::calendar, "key " + key.facts.id + " is published and known everywhere");
    }
  }

  void keep_serving(const TrackedKey& serving) {
    if (!is_here(serving)) resume(serving);
    const std::string& id = serving.facts.id;
    const bool lost = serving.compromised_at.has_value();
    const bool due_now = lost || serving.replace_asked_at || !is_wanted(serving);
    const Instant due = due_now ? now_ : std::min(*serving.facts.serving_since, now_) + timing_.key_lifetime;
    std::string why = "key " + id + " has served its time";
    if (!is_wanted(serving)) why = std::string(to_string(serving.facts.algorithm)) + ", the kind of key " + id + ", is not wanted any more";
    if (serving.replace_asked_at) why = "key " + id + " shall be replaced: " + serving.replace_why;
    if (lost) why = "key " + id + " is compromised";
    for (const TrackedKey& key : keys_) {
      if (key.line() != serving.line() || !is_incoming(key) || !is_wanted(key)) continue;
      return offer_switch(key, due, lost ? Need::emergency : Need::calendar, std::move(why));
    }
  }

  /// After a restart: senders expect the key that served last. Better an edge that some server confirms than none.
  void resume(const TrackedKey& serving) {
    if (seen_somewhere(serving.facts.tlsa, seen_)) {
      return offer(Action::serve, serving.facts.id, now_, "it served before the restart, and its record stands");
    }
    obstacle(serving.facts.id, "before serving again, a server must show the record of key " + serving.facts.id + "; lacking: " +
                                   who_lacks(serving.facts.tlsa, seen_));
  }

  enum class Need : std::uint8_t { calendar, first, emergency };

  /// PUB-03, DDNS-03: the gate before a key is served.
  void offer_switch(const TrackedKey& key, Instant due, Need need, std::string why) {
    const std::string& id = key.facts.id;
    if (due > now_) return offer(Action::wait, id, due, std::move(why) + " then");
    const TrackedKey* spent = spent_key();
    if (spent && need == Need::calendar) {  // PUB-04
      return offer(Action::wait, id, now_ + timing_.look_again, "one change at a time: the record of key " + spent->facts.id + " must leave the zone first");
    }
    const std::string shut = closed_gate(key);
    if (!shut.empty()) return obstacle(id, shut);
    const std::optional<Instant> ready = need == Need::emergency ? now_ : ready_at(key);  // PUB-10
    if (!ready) return obstacle(id, "the servers do not agree yet");
    if (*ready > now_) return offer(Action::wait, id, *ready, "caches may hold an answer without key " + id + " until then");
    if (key.certificate == Certificate::interim && need == Need::calendar) {
      return obstacle(id, "waiting for the certificate of key " + id + (key.source_says.empty() ? "" : ": " + key.source_says));
    }
    offer(Action::serve, id, now_, std::move(why));
  }

  /// Why this look does not allow the key to be served; empty where it does.
  std::string closed_gate(const TrackedKey& key) const {
    if (now_ - seen_.at > timing_.look_freshness) return "the last look at the servers is too old";
    if (!key.facts.seen_everywhere_at || !seen_everywhere(key.facts.tlsa, seen_)) {
      return "waiting for the record of key " + key.facts.id + " at " + who_lacks(key.facts.tlsa, seen_);
    }
    switch (seen_.validation) {
      case Validation::secure: break;
      case Validation::insecure: return "waiting for the zone's DS at the parent: " + seen_.validation_detail;
      case Validation::failed: return "a validating lookup fails: " + seen_.validation_detail;
      case Validation::not_asked: return "no validating lookup was made yet";
    }
    if (!holds(seen_.validated, key.facts.tlsa)) return "a validating lookup does not show key " + key.facts.id;
    return {};
  }

  // --- which keys there are, and what the zone holds ---

  void keep_two_keys(KeyLine line) {
    const auto algorithm = wish_.algorithm_of(line);
    if (!algorithm) return;
    const auto usable = std::count_if(keys_.begin(), keys_.end(), [&](const TrackedKey& key) {
      return key.line() == line && is_live(key) && !key.compromised_at && (key.facts.serving_since || is_wanted(key));
    });
    const bool hurry = std::any_of(keys_.begin(), keys_.end(),
                                   [line](const TrackedKey& key) { return key.line() == line && key.compromised_at && is_live(key); });
    if (usable >= keys_wanted || (spent_key() && !hurry && usable > 0)) return;  // PUB-04: one change at a time
    if (published_records(keys_).size() >= most_records) {
      return obstacle({}, "a new key waits: the zone holds 8 records already, and large senders fail above 12");
    }
    const std::string kind = to_string(line);
    offer(Action::make_key, {}, now_, usable == 0 ? "there is no " + kind + " key to serve" : "there is no next " + kind + " key");
    steps_.back().algorithm = *algorithm;
  }

  void keep_zone() {
    if (seen_.primary == ZoneObservation::Primary::differs) offer(Action::publish, {}, now_, "the zone does not hold what it should");
    if (seen_.primary == ZoneObservation::Primary::unknown) obstacle({}, "the primary server cannot be asked");
  }

  /// PUB-03: the new key is live, only then the old one goes.
  void let_go(const TrackedKey& key) {
    if (key.facts.withdrawn_at || (!key.facts.retired_at && key.facts.serving_since)) return;
    const TrackedKey* serving = serving_key(keys_, key.line());
    const bool replaced = serving ? is_here(*serving) : !is_wanted(key.line()) && served_wanted_key() != nullptr;
    if (!replaced || is_here(key)) return;
    const std::string& id = key.facts.id;
    if (key.compromised_at) return offer(Action::withdraw, id, now_, "it is compromised");
    if (!key.facts.retired_at) {
      if (!is_wanted(key)) offer(Action::withdraw, id, now_, std::string(to_string(key.facts.algorithm)) + " is not wanted any more");
      return;
    }
    const Instant from = key.retired_from.value_or(*key.facts.retired_at);
    const Instant spread = from + timing_.propagation;
    if (spread > now_) return offer(Action::wait, id, spread, "the record of key " + id + " stays for edges that are late");
    const std::string late = late_edges(key, serving, from);
    if (!late.empty()) return obstacle(id, "the record of key " + id + " stays: " + late);
    offer(Action::withdraw, id, now_, "nobody serves it any more");
  }

  /// Which edges were not seen to have let go of a retired key; empty where all have. A removed line has no successor.
  std::string late_edges(const TrackedKey& old, const TrackedKey* serving, Instant from) const {
    if (wish_.probing == Probing::off) return {};
    if (!seen_.edges || seen_.edges->at < from) return "the edges were not connected to since then";
    std::string out;
    std::size_t asked = 0;
    for (const EdgeSight& edge : seen_.edges->sights) {
      if (edge.line != old.line()) continue;
      ++asked;
      const std::string fault = fault_of(edge, old, serving);
      if (!fault.empty()) out += (out.empty() ? "" : "; ") + edge.address + " " + fault;
    }
    return asked == 0 ? "no edge was connected to" : out;
  }

  static std::string fault_of(const EdgeSight& edge, const TrackedKey& old, const TrackedKey* serving) {
    switch (edge.answer) {
      case EdgeAnswer::unreachable: return "could not be connected to (" + edge.detail + ")";
      case EdgeAnswer::no_such_line: return serving ? std::string("serves no ") + to_string(edge.line) + " key" : std::string();
      case EdgeAnswer::presented: break;
    }
    if (edge.record == old.facts.tlsa) return "still serves it";
    if (serving && edge.record == serving->facts.tlsa) return {};
    return "serves another key, and may yet come to serve this one";  // an edge so late that it has missed a change
  }

  void keep_certified(const TrackedKey& key) {
    if (!is_live(key) || key.compromised_at || !key.facts.seen_everywhere_at) return;
    if (!key.facts.serving_since && !is_wanted(key)) return;
    const bool interim = key.certificate == Certificate::interim;
    if (!interim && !key.certificate_expires) return;
    const Instant due = interim ? now_ : *key.certificate_expires - timing_.certificate_lead;
    offer(Action::obtain_certificate, key.facts.id, std::max(due, key.ask_source_at.value_or(due)),
          interim ? "the source has not certified it yet" : "its certificate ends " + to_rfc3339(*key.certificate_expires));
  }

  const std::vector<TrackedKey>& keys_;
  const ZoneObservation& seen_;
  const Timing& timing_;
  const Wish& wish_;
  const std::vector<std::string>& here_;
  Instant now_;
  std::vector<Step> steps_;
};

}  // namespace

std::optional<types::KeyAlgorithm> Wish::algorithm_of(types::KeyLine line) const {
  for (const types::KeyAlgorithm one : algorithms) {
    if (types::line_of(one) == line) return one;
  }
  return std::nullopt;
}

std::vector<Step> agenda(const Situation& situation) { return Planner(situation).plan(); }

Step next_step(const Situation& situation) { return agenda(situation).front(); }

const char* to_string(Action action) noexcept {
  switch (action) {
    case Action::wait: return "wait";
    case Action::make_key: return "make_key";
    case Action::publish: return "publish";
    case Action::serve: return "serve";
    case Action::retire: return "retire";
    case Action::withdraw: return "withdraw";
    case Action::supersede: return "supersede";
    case Action::obtain_certificate: return "obtain_certificate";
  }
  return "wait";
}

}  // namespace danewerk::rollover

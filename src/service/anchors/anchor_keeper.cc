#include "service/anchors/anchor_keeper.h"

#include <algorithm>

#include "service/anchors/anchor_events.h"

namespace danewerk::service {
namespace {

constexpr Duration look_interval = std::chrono::seconds(10);
constexpr Duration every_lookup_is_over = std::chrono::seconds(30);  // a lookup may wait for the canary as well (stub_resolver.h)

}  // namespace

io::Task<Result<void>> AnchorKeeper::mend() {
  CO_TRY(const auto held, co_await parts_.resolver.list());
  const auto wanted = parts_.store.snapshot();
  const Instant now = parts_.clock.now();
  for (const types::DomainName& domain : held) {
    const bool stays = std::any_of(wanted->begin(), wanted->end(), [&](const auto& one) { return one.domain == domain && one.in_force(now); });
    if (stays) continue;
    CO_TRY_VOID(co_await parts_.resolver.remove(domain));
    parts_.forget(domain);
    parts_.log.event(anchor_events::ended, {{"domain", domain.to_string()}});
  }
  for (const types::NegativeAnchor& anchor : *wanted) {
    if (anchor.in_force(now)) {
      if (std::find(held.begin(), held.end(), anchor.domain) != held.end()) continue;
      CO_TRY_VOID(co_await parts_.resolver.add(anchor.domain));
      parts_.forget(anchor.domain);
      parts_.log.event(anchor_events::begun,
                       {{"domain", anchor.domain.to_string()}, {"who", anchor.who}, {"why", anchor.why}, {"until", to_rfc3339(anchor.end())}});
    } else if (std::find(held.begin(), held.end(), anchor.domain) == held.end() && now >= anchor.end() + every_lookup_is_over) {
      // Seen without it, and no lookup is under way that began before: what is asked from here on is validated.
      parts_.forget(anchor.domain);
      types::AdminAct act{"danewerk", "its time ran out", now};
      CO_TRY_VOID(co_await parts_.store.forget(anchor, std::move(act)));
    }
  }
  co_return Result<void>{};
}

io::Task<Result<void>> AnchorKeeper::reconcile() {
  if (mending_) co_return fail(ErrorKind::conflict, "the resolver is being told already");
  struct Turn {
    bool& taken;
    ~Turn() { taken = false; }
  } turn{mending_};
  mending_ = true;
  auto done = co_await mend();
  const std::lock_guard guard(mutex_);
  const bool news = done.has_value() == fault_.has_value();
  fault_ = done ? std::nullopt : std::optional(done.error().what);
  if (news && !done && !parts_.store.snapshot()->empty()) parts_.log.event(anchor_events::unreached, {{"what", done.error().what}});
  co_return done;
}

Duration AnchorKeeper::until_next() const {
  // Never longer, also without anchors: one that is set while we sleep must not outlive its end by more than this.
  const auto anchors = parts_.store.snapshot();
  const Instant now = parts_.clock.now();
  Duration out = look_interval;
  for (const types::NegativeAnchor& anchor : *anchors) {
    if (anchor.in_force(now)) out = std::min(out, std::chrono::duration_cast<Duration>(anchor.end() - now));
  }
  return std::max(out, Duration{1});
}

io::Task<> AnchorKeeper::keep() {
  while (true) {
    const auto done = co_await reconcile();
    static_cast<void>(done);  // kept as fault(), tried again
    co_await parts_.clock.sleep_for(until_next());
  }
}

std::optional<std::string> AnchorKeeper::fault() const {
  const std::lock_guard guard(mutex_);
  return fault_;
}

}  // namespace danewerk::service

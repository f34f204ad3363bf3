#include "service/edge/edge.h"

#include <array>
#include <atomic>
#include <list>

#include "engine/smtp/reply_text.h"
#include "io/net/listener.h"
#include "io/runtime/task_group.h"
#include "io/runtime/together.h"
#include "service/edge/conversation.h"
#include "service/edge/edge_events.h"

namespace danewerk::service {
namespace {

constexpr Duration after_failed_accept = std::chrono::milliseconds(100);
constexpr Duration between_turned_away_records = std::chrono::seconds(1);

/// "c" and nine letters or digits: counts on from the millisecond of the start, so that no id comes twice over restarts
/// unless there were more than a thousand connections a second all the time.
std::string next_connection_id(Instant now) {
  static std::atomic<std::uint64_t> next = 0;
  std::uint64_t first = 0;
  next.compare_exchange_strong(first, static_cast<std::uint64_t>(now.time_since_epoch().count()));
  std::uint64_t number = next.fetch_add(1);
  std::string out(10, '0');
  for (std::size_t i = out.size(); i-- > 1; number /= 36) out[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36];
  out[0] = 'c';
  return out;
}

}  // namespace

/// What one reactor has of an Edge. Everything but the constructor and the destructor runs on that reactor.
class Edge::Shard {
 public:
  Shard(const EdgeParts& parts, const EdgeRules& rules, io::Reactor& reactor)
      : parts_(parts),
        rules_(rules),
        reactor_(reactor),
        accepting_(reactor.executor(), "edge-accept"),
        talking_(reactor.executor(), "edge") {}

  io::Reactor& reactor() noexcept { return reactor_; }
  void add(io::Listener listener) { listeners_.push_back(std::move(listener)); }
  void begin() {
    for (io::Listener& listener : listeners_) accepting_.spawn("accept", accept_from(listener));
  }
  io::Task<> stop(Duration grace);

 private:
  io::Task<> accept_from(io::Listener& listener);
  io::Task<> let_in(io::Accepted accepted);
  io::Task<> turn_away(io::Accepted accepted, types::Reply reply);
  io::Task<> converse(io::Accepted accepted, Door::Pass pass);
  io::Task<Result<bool>> all_gone();

  const EdgeParts& parts_;
  const EdgeRules& rules_;
  io::Reactor& reactor_;
  std::list<io::Listener> listeners_;
  io::TaskGroup accepting_;
  io::TaskGroup talking_;
  std::list<Conversation*> conversations_;
  std::array<char, 16384> buffer_;  // one TLS record; see conversation.h for why one is enough
  Instant turned_away_logged_{};
  std::uint64_t turned_away_ = 0;
};

io::Task<> Edge::Shard::accept_from(io::Listener& listener) {
  while (true) {
    auto accepted = co_await listener.accept();
    if (accepted) {
      co_await let_in(*std::move(accepted));
      continue;
    }
    if (accepting_.stopping()) co_return;
    parts_.log.event(edge_events::accept_failed, {{"error", accepted.error().what}});
    co_await parts_.clock.sleep_for(after_failed_accept);
  }
}

io::Task<> Edge::Shard::let_in(io::Accepted accepted) {
  auto welcome = parts_.admission.peer(accepted.peer.address);
  if (!welcome) co_return co_await turn_away(std::move(accepted), std::move(welcome).error());
  auto pass = parts_.door.enter(accepted.peer.address);
  if (!pass) co_return co_await turn_away(std::move(accepted), std::move(pass).error());
  talking_.spawn("connection", converse(std::move(accepted), *std::move(pass)));
}

io::Task<> Edge::Shard::turn_away(io::Accepted accepted, types::Reply reply) {
  std::string line;
  engine::smtp::append_reply(line, reply);
  const std::string peer = accepted.peer.address.to_string();
  io::Connection connection(std::move(accepted.socket));
  connection.expires_after(Duration::zero());  // a fresh socket takes a line at once; we wait for nobody here
  static_cast<void>(co_await connection.write_all(line));
  connection.shutdown();
  ++turned_away_;
  const Instant now = parts_.clock.now();
  if (now - turned_away_logged_ < between_turned_away_records) co_return;
  turned_away_logged_ = now;
  parts_.log.event(edge_events::turned_away,
                   {{"peer", peer}, {"reply", reply.to_string()}, {"count", std::to_string(std::exchange(turned_away_, 0))}});
}

io::Task<> Edge::Shard::converse(io::Accepted accepted, Door::Pass pass) {
  Conversation conversation(parts_, rules_, std::move(accepted), std::move(pass), next_connection_id(parts_.clock.now()), buffer_);
  struct Place {
    std::list<Conversation*>& list;
    std::list<Conversation*>::iterator at;
    ~Place() { list.erase(at); }
  } place{conversations_, conversations_.insert(conversations_.end(), &conversation)};
  co_await conversation.run();
}

io::Task<Result<bool>> Edge::Shard::all_gone() {
  co_await talking_.join();
  co_return true;
}

io::Task<> Edge::Shard::stop(Duration grace) {
  accepting_.stop();
  for (io::Listener& listener : listeners_) listener.close();
  co_await accepting_.join();
  for (auto place = conversations_.begin(); place != conversations_.end();) (*place++)->wind_down();
  auto gone = co_await io::within(grace, all_gone());
  static_cast<void>(gone);  // if not: cut off
  talking_.stop();
  co_await talking_.join();
}

Edge::Edge(EdgeParts parts, EdgeRules rules) : parts_(std::move(parts)), rules_(std::move(rules)) {}

Edge::~Edge() = default;

Result<void> Edge::start() {
  CHECK(shards_.empty());
  if (parts_.certificate && !parts_.certificate()) {
    return fail(ErrorKind::unavailable, "the edge does not listen before there is a certificate to serve");
  }
  std::vector<std::unique_ptr<Shard>> shards;
  std::vector<types::Endpoint> endpoints = rules_.listen;
  for (const types::Endpoint& at : endpoints) TRY_VOID(io::Listener::check_free(at));
  for (std::size_t i = 0; i < parts_.reactors.size(); ++i) {
    auto shard = std::make_unique<Shard>(parts_, rules_, parts_.reactors.at(i));
    for (types::Endpoint& at : endpoints) {
      TRY(auto listener, io::Listener::open(shard->reactor().executor(), at));
      at = listener.local();
      shard->add(std::move(listener));
    }
    shards.push_back(std::move(shard));
  }
  shards_ = std::move(shards);
  endpoints_ = std::move(endpoints);
  for (const auto& shard : shards_) shard->reactor().post([&shard = *shard] { shard.begin(); });
  for (const auto& at : endpoints_) parts_.log.event(edge_events::listening, {{"address", at.to_string()}});
  return {};
}

namespace {

/// Runs a task on its own reactor and waits for it here.
io::Task<bool> on(io::Reactor& reactor, io::Task<> task) {
  boost::asio::use_awaitable_t<io::Executor> token;
  co_await boost::asio::co_spawn(reactor.executor(), std::move(task), token);
  co_return true;
}

}  // namespace

io::Task<> Edge::stop(Duration grace) {
  std::vector<io::Task<bool>> stops;
  for (const auto& shard : shards_) stops.push_back(on(shard->reactor(), shard->stop(grace)));
  co_await io::together(std::move(stops));
  if (!shards_.empty()) parts_.log.event(edge_events::stopped, {});
  shards_.clear();
}

}  // namespace danewerk::service

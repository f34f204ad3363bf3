#include "io/http/https_client.h"

#include <csignal>

#include <algorithm>

#include "io/http/transfer.h"

namespace danewerk::io {
namespace {

constexpr int idle_wait_ms = 60'000;   // libcurl is woken for every new request
constexpr int queued_wait_ms = 250;    // somebody waits for a turn, and may run out of time

/// SIGPIPE would end the process where a peer goes away while OpenSSL writes.
void block_broken_pipe_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

HttpsResult failed(HttpsFault fault, std::string what) { return Failure{HttpsFailure{fault, std::move(what)}}; }

}  // namespace

struct HttpsClient::Multi {
  CURLM* handle = nullptr;
  ~Multi() { curl_multi_cleanup(handle); }
};

Result<std::unique_ptr<HttpsClient>> HttpsClient::start(AddressFilter filter, Limits limits) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const curl_version_info_data* info = curl_version_info(CURLVERSION_NOW);
  if (ready != CURLE_OK || info->ssl_version == nullptr || !std::string_view(info->ssl_version).starts_with("OpenSSL")) {
    return fail(ErrorKind::internal, "this libcurl has no TLS of OpenSSL; install libcurl4");
  }
  auto multi = std::make_unique<Multi>();
  multi->handle = curl_multi_init();
  if (multi->handle == nullptr) return fail(ErrorKind::internal, "libcurl cannot start");
  return std::unique_ptr<HttpsClient>(new HttpsClient(std::move(filter), limits, std::move(multi)));
}

HttpsClient::HttpsClient(AddressFilter filter, Limits limits, std::unique_ptr<Multi> multi)
    : filter_(std::move(filter)), limits_(limits), multi_(std::move(multi)), thread_([this] { loop(); }) {}

HttpsClient::~HttpsClient() {
  stop();
  thread_.join();
}

void HttpsClient::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  curl_multi_wakeup(multi_->handle);
}

Task<HttpsResult> HttpsClient::get(HttpsRequest request) {
  auto begin = [this, &request](Completion<HttpsResult> done) {
    auto transfer = std::make_unique<HttpsTransfer>(std::move(request), filter_, done);
    const std::lock_guard lock(mutex_);
    if (stopping_) return done(failed(HttpsFault::ours, "the program stops"));
    new_.push_back(std::move(transfer));
    curl_multi_wakeup(multi_->handle);
  };
  co_return co_await completed_by<HttpsResult>(begin);
}

void HttpsClient::loop() {
  block_broken_pipe_signals();
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.splice(waiting_.end(), new_);
      if (stopping_) break;
    }
    start_waiting();
    int running = 0;
    curl_multi_perform(multi_->handle, &running);
    collect();
    curl_multi_poll(multi_->handle, nullptr, 0, waiting_.empty() ? idle_wait_ms : queued_wait_ms, nullptr);
  }
  for (auto& transfer : running_) curl_multi_remove_handle(multi_->handle, transfer->easy.get());
  running_.splice(running_.end(), waiting_);
  for (auto& transfer : running_) transfer->done(failed(HttpsFault::ours, "the program stops"));
  running_.clear();
}

bool HttpsClient::may_start(const HttpsTransfer& transfer) const {
  if (running_.size() >= limits_.in_all) return false;
  const auto same = [&transfer](const std::unique_ptr<HttpsTransfer>& other) { return other->allowed.front() == transfer.allowed.front(); };
  return static_cast<std::size_t>(std::count_if(running_.begin(), running_.end(), same)) < limits_.at_one_address;
}

/// In order, but nobody waits for somebody else's address.
void HttpsClient::start_waiting() {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    HttpsTransfer& transfer = **it;
    const auto here = it++;
    const std::string host = transfer.request.host.to_string();
    if (transfer.allowed.empty()) {
      const char* why = transfer.request.addresses.empty() ? " has no address" : " has no address that is public";
      transfer.done(failed(HttpsFault::no_address, host + why));
      waiting_.erase(here);
    } else if (transfer.left().count() <= 0) {
      transfer.done(failed(HttpsFault::ours, host + ": no turn came in time; too many policies are being fetched from its address"));
      waiting_.erase(here);
    } else if (may_start(transfer)) {
      auto prepared = transfer.prepare();
      if (prepared && curl_multi_add_handle(multi_->handle, transfer.easy.get()) == CURLM_OK) {
        running_.splice(running_.end(), waiting_, here);
      } else {
        transfer.done(prepared ? failed(HttpsFault::ours, "libcurl takes no more requests") : HttpsResult(Failure{prepared.error()}));
        waiting_.erase(here);
      }
    }
  }
}

void HttpsClient::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_->handle, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;
    const auto it = std::find_if(running_.begin(), running_.end(), [easy](const auto& one) { return one->easy.get() == easy; });
    CHECK(it != running_.end());
    curl_multi_remove_handle(multi_->handle, easy);
    (*it)->done((*it)->conclude(code));
    running_.erase(it);
  }
  if (!waiting_.empty()) start_waiting();
}

}  // namespace danewerk::io

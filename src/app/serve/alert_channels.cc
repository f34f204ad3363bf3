// The part of Worker that carries alerts to a webhook and to a mailbox of ours.
#include "app/control/protocol.h"
#include "app/serve/worker.h"
#include "app/serve/worker_events.h"

namespace danewerk::app {
namespace {

using service::AlertNews;
using News = std::vector<AlertNews>;

std::string as_json(const std::string& hostname, const News& news) {
  Json json = object({{"from", hostname}, {"news", Json::array()}});
  for (const AlertNews& one : news) {
    json["news"].push_back(object({{"subject", one.subject}, {"state", service::to_string(one.state)}, {"what", one.what},
                                   {"since", to_rfc3339(one.since)}, {"at", to_rfc3339(one.at)}}));
  }
  return json.dump();
}

/// One line of text: what a stranger's server said may stand in it.
std::string printable(const std::string& text) {
  constexpr std::size_t longest = 900;  // RFC 5322 2.1.1
  std::string out;
  for (const char c : text.substr(0, longest)) out += c >= 0x20 && c < 0x7f ? c : '?';
  return out;
}

std::string as_mail(const std::string& hostname, const std::string& to, const std::string& id, const News& news, Instant now) {
  const AlertNews& first = news.front();
  const std::string others = news.size() > 1 ? " and " + std::to_string(news.size() - 1) + " more" : "";
  std::string out = "From: Danewerk <postmaster@" + hostname + ">\r\nTo: <" + to + ">\r\nDate: " + to_rfc5322(now) + "\r\nMessage-ID: <" + id + "@" +
                    hostname + ">\r\nSubject: " + hostname + ": " + first.subject + " " + service::to_string(first.state) + others +
                    "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n";
  for (const AlertNews& one : news) {
    const std::string word = one.state == AlertNews::State::begun ? "BEGUN " : "OVER  ";
    out += word + one.subject + ", since " + to_rfc3339(one.since) + "\r\n";
    if (one.state == AlertNews::State::begun) out += "  " + printable(one.what) + "\r\n";
  }
  return out + "\r\n`danewerk status` on " + hostname + " shows what stands now.\r\n";
}

}  // namespace

/// Addresses come from the settings, so that it works while our resolver does not.
io::Task<Result<void>> Worker::post_alerts(News news) {
  const Webhook& to = *settings_.alerts.webhook;
  io::HttpsRequest request;
  request.host = to.host;
  request.path = to.path;
  request.port = to.port;
  request.addresses = settings_.alerts.webhook_addresses;
  request.trust = trust_;
  request.at = clock_.now();
  request.limit = std::chrono::seconds(20);
  request.post = as_json(settings_.edge.hostname.to_string(), news);
  const auto reply = co_await alert_https_->get(std::move(request));
  if (!reply) co_return fail(ErrorKind::unavailable, reply.error().what);
  if (reply->status < 200 || reply->status > 299) co_return fail(ErrorKind::unavailable, "it answers with status " + std::to_string(reply->status));
  co_return Result<void>{};
}

/// To a domain of ours only: its mail needs nothing of the Internet, and belongs to a tenant.
io::Task<Result<void>> Worker::mail_alerts(News news) {
  const types::Mailbox& to = *settings_.alerts.mail;
  const auto* name = std::get_if<types::DomainName>(&to.domain());
  const auto snapshot = domains_->snapshot();
  const types::AcceptedDomain* own = name ? snapshot->find(*name) : nullptr;
  if (!own) co_return fail(ErrorKind::not_found, "alerts.mail: " + types::to_string(to.domain()) + " is not accepted here (danewerk domain add)");
  const Instant now = clock_.now();
  io::BodyWriter body = queue_->begin(now);
  const std::string text = as_mail(settings_.edge.hostname.to_string(), to.to_string(), body.id().to_string(), news, now);
  CO_TRY_VOID(co_await body.append(text));
  types::NewMessage message{own->tenant, types::Origin::notice, {}, {service::route_key(*name)}, now, now, {}};
  message.message_id = body.id().to_string() + "@" + settings_.edge.hostname.to_string();
  types::Recipient recipient{to, {}, {}};
  recipient.notify.specified = recipient.notify.never = true;
  message.envelope.recipients.push_back(std::move(recipient));
  CO_TRY_VOID(co_await queue_->accept(std::move(message), std::move(body)));
  scheduler_->wake();
  co_return Result<void>{};
}

Result<void> Worker::build_alerts() {
  const auto add = [this](const char* channel, service::AlertSender::Send send) {
    alert_senders_.push_back(std::make_unique<service::AlertSender>(channel, std::move(send), clock_, log_, service::AlertSender::Pace{}));
    service::AlertSender* sender = alert_senders_.back().get();
    home().post([this, sender] { group_->spawn("alerts", sender->run()); });
  };
  if (settings_.alerts.webhook) {
    std::vector<types::Network> opened;
    for (const types::IpAddress& address : settings_.alerts.webhook_addresses) {
      TRY(const types::Network network, types::Network::parse(address.to_string()));
      opened.push_back(network);
    }
    TRY(alert_https_, io::HttpsClient::start(io::AddressFilter(std::move(opened)), {}));
    add("webhook", [this](News news) { return post_alerts(std::move(news)); });
  }
  if (settings_.alerts.mail) add("mail", [this](News news) { return mail_alerts(std::move(news)); });
  if (alert_senders_.empty()) return {};
  alerts_.listen([this](const Alert& alert, Alerts::Change change) {
    const auto state = change == Alerts::Change::begun ? AlertNews::State::begun : AlertNews::State::over;
    for (const auto& sender : alert_senders_) sender->tell({alert.subject, alert.what, alert.since, clock_.now(), state});
  });
  return {};
}

}  // namespace danewerk::app

// StsBridge: hands the MTA-STS service to delivery; services do not know each other.
#pragma once

#include "service/delivery/sts_source.h"
#include "service/sts/sts_service.h"

namespace danewerk::app {

class StsBridge final : public service::StsSource {
 public:
  explicit StsBridge(service::StsService& service) : service_(service) {}
  io::Task<types::StsFact> look(io::dns::Resolver& resolver, types::DomainName domain) override {
    return service_.look(resolver, std::move(domain));
  }
  io::Task<types::StsFact> recheck(io::dns::Resolver& resolver, types::DomainName domain) override {
    return service_.recheck(resolver, std::move(domain));
  }

 private:
  service::StsService& service_;
};

}  // namespace danewerk::app

// ResolverAnchors: the negative trust anchors a validating resolver holds at the moment.
//
// A seam: UnboundAnchors tells our own Unbound over its control socket; HeldAnchors is the same in memory. An anchor that Unbound
// is told at run time is gone when it restarts, so somebody has to look and tell it again (service/anchors).
#pragma once

#include <set>
#include <vector>

#include "io/dns/unbound_control.h"

namespace danewerk::io::dns {

class ResolverAnchors {
 public:
  virtual ~ResolverAnchors() = default;
  /// Errors everywhere: unavailable, timeout, refused.
  virtual Task<Result<std::vector<types::DomainName>>> list() = 0;
  /// Both also make the resolver forget what it knows at and below the name. To add what is there is no error, nor to remove what is not.
  virtual Task<Result<void>> add(types::DomainName domain) = 0;
  virtual Task<Result<void>> remove(types::DomainName domain) = 0;
};

class UnboundAnchors final : public ResolverAnchors {
 public:
  explicit UnboundAnchors(UnboundControl control) : control_(std::move(control)) {}
  Task<Result<std::vector<types::DomainName>>> list() override;
  Task<Result<void>> add(types::DomainName domain) override;
  Task<Result<void>> remove(types::DomainName domain) override;

 private:
  Task<Result<void>> change(std::string command, types::DomainName domain);
  UnboundControl control_;
};

/// In memory. `restart()` forgets everything, as the real one does; while `away`, nobody answers.
class HeldAnchors final : public ResolverAnchors {
 public:
  Task<Result<std::vector<types::DomainName>>> list() override;
  Task<Result<void>> add(types::DomainName domain) override;
  Task<Result<void>> remove(types::DomainName domain) override;
  void restart() { held_.clear(); }
  void set_away(std::optional<Error> error) { away_ = std::move(error); }

 private:
  std::set<types::DomainName> held_;
  std::optional<Error> away_;
};

}  // namespace danewerk::io::dns

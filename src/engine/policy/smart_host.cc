#include "engine/policy/smart_host.h"

namespace danewerk::policy {
namespace {

void blame(types::Fault& fault, const types::DeliveryPlan& plan) {
  if (fault.lasting != types::Lasting::permanent || fault.kind != types::FaultKind::ordinary) return;
  fault.kind = types::FaultKind::ours;
  fault.lasting = types::Lasting::transient;
  fault.code = {4, 3, 5};  // RFC 3463 3.4: system incorrectly configured
  fault.reply_code = 0;
  const std::string rule = plan.rule ? "connector " + plan.rule->id.to_string() : "a rule";
  fault.sentence = "The smart host " + plan.next_hop.to_string() + " that " + rule + " names cannot be used; repair the rule, or the smart host's DNS: " +
                   fault.sentence;
}

}  // namespace

void blame_smart_host(types::DeliveryPlan& plan) {
  if (plan.stop) blame(*plan.stop, plan);
  for (types::HostOut& out : plan.out) blame(out.fault, plan);
}

}  // namespace danewerk::policy

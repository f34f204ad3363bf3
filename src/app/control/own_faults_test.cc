#include "app/control/own_faults.h"

#include <gtest/gtest.h>

namespace danewerk::app {
namespace {

constexpr Instant noon = Instant(std::chrono::hours(12));

types::Fault fault_of(types::FaultKind kind) {
  types::Fault fault;
  fault.kind = kind;
  fault.code = {4, 3, 5};
  fault.sentence = "no such smart host";
  return fault;
}

TEST(OwnFaults, stand_while_mail_meets_them) {
  OwnFaults faults;
  EXPECT_FALSE(faults.standing(noon).has_value());
  faults.note("dest.test", fault_of(types::FaultKind::ours), noon);
  const auto said = faults.standing(noon + std::chrono::minutes(16));
  ASSERT_TRUE(said.has_value());
  EXPECT_NE(said->find("last, to dest.test: 4.3.5 no such smart host"), std::string::npos) << *said;
  faults.note("dest.test", std::nullopt, noon + std::chrono::minutes(20));  // other mail to the same hop may go another way
  EXPECT_TRUE(faults.standing(noon + std::chrono::minutes(21)).has_value());
  EXPECT_FALSE(faults.standing(noon + std::chrono::minutes(31)).has_value());
}

TEST(OwnFaults, are_neither_the_destinations_nor_the_resolvers) {
  OwnFaults faults;
  faults.note("dest.test", fault_of(types::FaultKind::policy), noon);
  faults.note("dest.test", fault_of(types::FaultKind::ordinary), noon);
  types::Fault lookup = fault_of(types::FaultKind::ours);
  lookup.evidence.emplace();
  lookup.evidence->error.emplace();
  faults.note("dest.test", lookup, noon);
  EXPECT_FALSE(faults.standing(noon).has_value());
}

}  // namespace
}  // namespace danewerk::app

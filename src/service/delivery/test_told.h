// For tests only: JSON that was told, such as the evidence of an attempt, taken apart and compared.
//
// Comparing a nlohmann value with a literal instantiates half of that library and of GoogleTest's printers once a length of
// literal. This says the same, `EXPECT_EQ(told["dane"]["verdict"], "matched")`, and is compiled once (decision 0091).
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <type_traits>

namespace danewerk::service::test {

class Told {
 public:
  /// What is no JSON is null.
  explicit Told(const std::string& json);

  /// A member, an element; null where there is none, which equals nothing.
  Told operator[](std::string_view member) const;
  Told operator[](std::size_t index) const;
  bool contains(std::string_view member) const;
  std::size_t size() const;
  /// The text that this is, "" if it is none.
  std::string text() const;
  /// A member that is a number, 0 if there is none.
  std::int64_t number(std::string_view member) const;

  bool operator==(const Told& other) const { return json_ != "null" && json_ == other.json_; }
  bool operator==(std::string_view text) const;
  template <class T>
    requires std::is_integral_v<T>
  bool operator==(T value) const {
    if constexpr (std::is_same_v<T, bool>) return json_ == (value ? "true" : "false");
    return json_ == std::to_string(value);
  }
  friend std::ostream& operator<<(std::ostream& out, const Told& told);

 private:
  std::string json_;  ///< as nlohmann prints it: members by name
};

}  // namespace danewerk::service::test

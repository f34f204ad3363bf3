// Lines: the connections of one reactor that have just been used and may be used again within a moment.
//
// A connection rests for a short time after its message and then ends with QUIT: long enough for the next message of a
// busy destination, short enough not to hold places at somebody else's server. There are only so many; the one that has
// rested longest gives way. What rests is read by nobody: whoever takes a line looks first what has come meanwhile, and
// where anything has (a 421, the end of the connection, noise) the line is closed and another tried, so that no MAIL is
// written to a peer that has said something unasked.
//
// One reactor only. RFC 5321 4.1.1.10 (QUIT), 4.5.3.2.
#pragma once

#include <list>
#include <map>

#include "io/runtime/clock.h"
#include "io/runtime/task_group.h"
#include "service/delivery/line.h"

namespace danewerk::service {

struct LineLimits {
  Duration idle = std::chrono::seconds(2);  ///< zero: nothing is kept
  std::uint32_t messages = 100;             ///< on one connection; 1: nothing is kept
  std::size_t open = 250;                   ///< resting at once
};

class Lines {
 public:
  Lines(io::Executor executor, io::Clock& clock, LineLimits limits);
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  /// A line that serves `wanted` and on which nothing has come since it was laid down; null if there is none. The one used
  /// last goes first. The caller judges the names.
  std::unique_ptr<Line> take(const LineTerms& wanted);
  /// Keeps a line whose session is idle, or ends it politely where the limits say so.
  void keep(std::unique_ptr<Line> line);
  /// Ends a line politely, without the caller waiting for it.
  void dismiss(std::unique_ptr<Line> line);
  /// Says QUIT on every line and waits a little for the answers; keeps nothing from then on.
  io::Task<> stop();

  std::size_t resting() const noexcept { return resting_.size(); }

 private:
  struct Resting {
    std::unique_ptr<Line> line;
    Instant until;
  };
  using Order = std::list<Resting>;  // the one to end first in front
  std::unique_ptr<Line> remove(Order::iterator resting);
  static bool is_quiet(Line& line);
  io::Task<> watch();

  io::Clock& clock_;
  LineLimits limits_;
  Order resting_;
  std::multimap<types::Endpoint, Order::iterator> by_peer_;  // equal peers in order of their coming
  io::Event something_;
  io::TaskGroup watching_;
  io::TaskGroup goodbyes_;
  bool stopping_ = false;
};

}  // namespace danewerk::service

#include <algorithm>

#include <sys/resource.h>
#include <unistd.h>

#include "app/serve/children.h"
#include "app/serve/serve.h"
#include "io/log/log.h"
#include "io/process/supervisor.h"

namespace danewerk::app {
namespace {

constexpr types::LogEvent child_event{"supervisor.child", types::LogLevel::warning, "A process of ours ended or could not start.",
                                      "It is started again; if it keeps ending, its own messages above say why."};
constexpr types::LogEvent started{"supervisor.started", types::LogLevel::info, "Starting resolver, name server and mail process.", ""};

/// One descriptor a connection: the default of 1024 would be the limit long before the settings are.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  if (geteuid() == 0) limit.rlim_max = std::max<rlim_t>(limit.rlim_max, 65536);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Result<int> run_supervisor(const Settings& settings, const std::string& config_path) {
  TRY_VOID(make_run_directory(settings));
  raise_descriptor_limit();
  const io::SystemClock clock;
  io::DescriptorLog log(clock, STDERR_FILENO, settings.server.log_style == LogStyle::json ? io::LogFormat::json : io::LogFormat::logfmt,
                        types::LogLevel::info);
  const auto prepare = [&]() -> Result<std::vector<io::ChildSpec>> {
    TRY(auto children, children_of(settings, config_path));
    std::string names;
    for (const io::ChildSpec& child : children) names += (names.empty() ? "" : ",") + child.name;
    log.event(started, {{"children", names}, {"state", settings.server.state_directory}});
    return children;
  };
  const auto report = [&log](const std::string& child, const std::string& what) { log.event(child_event, {{"child", child}, {"what", what}}); };
  return io::supervise(prepare, settings.server.state_directory + "/run", report);
}

}  // namespace danewerk::app

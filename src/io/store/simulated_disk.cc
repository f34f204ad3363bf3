#include "io/store/simulated_disk.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "io/store/simulated_vfs.h"

namespace danewerk::io {
namespace simulated {

void Inode::remember(std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t sector = from / sector_size; sector * sector_size < to; ++sector) {
    if (auto was_lost = lost.extract(sector)) {
      pending.insert(std::move(was_lost));
      continue;
    }
    if (pending.contains(sector)) continue;
    const std::uint64_t start = sector * sector_size;
    std::string platter(sector_size, '\0');
    if (start < octets.size()) octets.copy(platter.data(), sector_size, start);
    pending.emplace(sector, std::move(platter));
  }
}

void Inode::write(std::uint64_t offset, std::string_view data) {
  remember(offset, offset + data.size());
  if (octets.size() < offset + data.size()) octets.resize(offset + data.size(), '\0');
  std::copy(data.begin(), data.end(), octets.begin() + static_cast<std::ptrdiff_t>(offset));
}

void Inode::truncate(std::uint64_t size) {
  if (size < octets.size()) remember(size, octets.size());
  octets.resize(size, '\0');
}

void Inode::synced() {
  pending.clear();
  durable_size = octets.size();
}

void Inode::sync_failed() {
  lost.merge(pending);
  pending.clear();
}

std::string Inode::survivor(Entropy& coin) const {
  std::string left = octets;
  // A size between what was synced and what was written, to the octet.
  const std::uint64_t low = std::min<std::uint64_t>(durable_size, octets.size());
  const std::uint64_t high = std::max<std::uint64_t>(durable_size, octets.size());
  const std::uint64_t size = high == low ? low : low + coin.number() % (high - low + 1);
  left.resize(size, '\0');
  const auto put_back = [&left](std::uint64_t sector, const std::string& platter) {
    const std::uint64_t start = sector * sector_size;
    if (start >= left.size()) return;
    const std::size_t part = std::min<std::size_t>(sector_size, left.size() - start);
    std::copy_n(platter.begin(), part, left.begin() + static_cast<std::ptrdiff_t>(start));
  };
  for (const auto& [sector, platter] : lost) put_back(sector, platter);
  for (const auto& [sector, platter] : pending) {
    if (coin.number() % 2 == 0) put_back(sector, platter);
  }
  return left;
}

}  // namespace simulated

namespace {

const char* sentence(SimulatedDisk::Fate fate) {
  switch (fate) {
    case SimulatedDisk::Fate::done: return "done";
    case SimulatedDisk::Fate::no_power: return "the power is off";
    case SimulatedDisk::Fate::io_error: return "input/output error";
    case SimulatedDisk::Fate::full: return "no space left on device";
    case SimulatedDisk::Fate::missing: return "no such file";
  }
  return "";
}

Result<void> result_of(SimulatedDisk::Fate fate, const std::string& name) {
  if (fate == SimulatedDisk::Fate::done) return {};
  ErrorKind kind = ErrorKind::unavailable;
  if (fate == SimulatedDisk::Fate::full) kind = ErrorKind::limit;
  if (fate == SimulatedDisk::Fate::missing) kind = ErrorKind::not_found;
  return fail(kind, "simulated disk: " + name + ": " + sentence(fate));
}

std::string spool_name(types::QueueId id) { return "spool/" + id.to_string(); }

class SimulatedSpoolFile final : public SpoolFile {
 public:
  SimulatedSpoolFile(std::shared_ptr<SimulatedDisk> disk, SimulatedDisk::File file, std::string name)
      : disk_(std::move(disk)), file_(std::move(file)), name_(std::move(name)) {}
  Result<void> append(std::string_view octets) override {
    return result_of(disk_->write(file_, disk_->size(file_), octets), name_);
  }
  Result<void> sync() override { return result_of(disk_->sync(file_, &name_), name_); }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) const override {
    std::size_t got = 0;
    TRY_VOID(result_of(disk_->read(file_, offset, into, got), name_));
    return got;
  }
  Result<ByteCount> size() const override { return ByteCount{disk_->size(file_)}; }

 private:
  std::shared_ptr<SimulatedDisk> disk_;
  SimulatedDisk::File file_;
  std::string name_;
};

class SimulatedLock final : public DiskLock {
 public:
  explicit SimulatedLock(bool& flag) : flag_(flag) { flag_ = true; }
  ~SimulatedLock() override { flag_ = false; }

 private:
  bool& flag_;
};

}  // namespace

std::shared_ptr<SimulatedDisk> SimulatedDisk::make(std::uint64_t seed, Faults faults) {
  std::shared_ptr<SimulatedDisk> disk(new SimulatedDisk(seed, faults));
  register_simulated_vfs(*disk, disk->vfs_name_);
  return disk;
}

SimulatedDisk::SimulatedDisk(std::uint64_t seed, Faults faults)
    : seed_(seed),
      vfs_name_("simulated-" + std::to_string(reinterpret_cast<std::uintptr_t>(this))),
      coin_(seed),
      faults_(faults) {}

SimulatedDisk::~SimulatedDisk() { unregister_simulated_vfs(vfs_name_); }

std::shared_ptr<SimulatedDisk> SimulatedDisk::after_power_cut(Faults faults) {
  const std::lock_guard guard(mutex_);
  if (!power_off_) cut_power();
  auto next = make(seed_ * 6364136223846793005U + 1442695040888963407U, faults);
  for (const auto& [name, octets] : survived_) {
    auto file = std::make_shared<simulated::Inode>();
    file->octets = octets;
    file->durable_size = octets.size();
    next->names_[name] = file;
    next->durable_names_[name] = file;
  }
  return next;
}

void SimulatedDisk::cut_power() {
  power_off_ = true;
  std::set<std::string> all;
  for (const auto& [name, file] : names_) all.insert(name);
  for (const auto& [name, file] : durable_names_) all.insert(name);
  for (const std::string& name : all) {
    const auto now = names_.find(name);
    const auto then = durable_names_.find(name);
    const File seen = now == names_.end() ? nullptr : now->second;
    const File kept = then == durable_names_.end() ? nullptr : then->second;
    const File left = seen == kept || coin_.number() % 2 == 0 ? kept : seen;
    if (left) survived_[name] = left->survivor(coin_);
  }
}

bool SimulatedDisk::power_is_off() const {
  const std::lock_guard guard(mutex_);
  return power_off_;
}

std::uint64_t SimulatedDisk::operations() const {
  const std::lock_guard guard(mutex_);
  return operations_;
}

std::uint64_t SimulatedDisk::syncs() const {
  const std::lock_guard guard(mutex_);
  return syncs_;
}

void SimulatedDisk::set_faults(Faults faults) {
  const std::lock_guard guard(mutex_);
  faults_ = faults;
}

SimulatedDisk::Begin SimulatedDisk::begin_operation() {
  if (power_off_) return Begin::off;
  return faults_.power_cut_at == operations_++ ? Begin::last_one : Begin::go;
}

SimulatedDisk::Fate SimulatedDisk::end_operation(Begin begin) {
  if (begin == Begin::go) return Fate::done;
  cut_power();
  return Fate::no_power;
}

std::uint64_t SimulatedDisk::used() const {
  std::uint64_t sum = 0;
  for (const auto& [name, file] : names_) sum += file->octets.size();
  return sum;
}

bool SimulatedDisk::has_space(std::uint64_t more) const { return !faults_.capacity || used() + more <= *faults_.capacity; }

SimulatedDisk::File SimulatedDisk::find(const std::string& name) const {
  const std::lock_guard guard(mutex_);
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : found->second;
}

SimulatedDisk::Fate SimulatedDisk::make_file(const std::string& name, File& file) {
  const std::lock_guard guard(mutex_);
  const Begin begin = begin_operation();
  if (begin == Begin::off) return Fate::no_power;
  file = std::make_shared<simulated::Inode>();
  names_[name] = file;
  return end_operation(begin);
}

SimulatedDisk::Fate SimulatedDisk::remove_file(const std::string& name, bool sync_names) {
  const std::lock_guard guard(mutex_);
  if (!names_.contains(name)) return power_off_ ? Fate::no_power : Fate::missing;
  const Begin begin = begin_operation();
  if (begin == Begin::off) return Fate::no_power;
  names_.erase(name);
  if (sync_names && begin == Begin::go) durable_names_.erase(name);
  return end_operation(begin);
}

SimulatedDisk::Fate SimulatedDisk::write(const File& file, std::uint64_t offset, std::string_view data) {
  const std::lock_guard guard(mutex_);
  const Begin begin = begin_operation();
  if (begin == Begin::off) return Fate::no_power;
  const std::uint64_t end = offset + data.size();
  if (end > file->octets.size() && !has_space(end - file->octets.size())) return Fate::full;
  file->write(offset, data);
  return end_operation(begin);
}

SimulatedDisk::Fate SimulatedDisk::truncate(const File& file, std::uint64_t size) {
  const std::lock_guard guard(mutex_);
  const Begin begin = begin_operation();
  if (begin == Begin::off) return Fate::no_power;
  file->truncate(size);
  return end_operation(begin);
}

SimulatedDisk::Fate SimulatedDisk::sync(const File& file, const std::string* name_too) {
  const std::lock_guard guard(mutex_);
  const Begin begin = begin_operation();
  if (begin == Begin::off) return Fate::no_power;
  if (faults_.fail_sync == syncs_++) {
    file->sync_failed();
    return begin == Begin::go ? Fate::io_error : end_operation(begin);
  }
  // The power may go before, within or after it: within is what survivor() makes of pending sectors anyway.
  if (begin == Begin::go || coin_.number() % 2 == 0) {
    file->synced();
    const auto named = name_too == nullptr ? names_.end() : names_.find(*name_too);
    if (named != names_.end()) durable_names_[*name_too] = named->second;
  }
  return end_operation(begin);
}

SimulatedDisk::Fate SimulatedDisk::read(const File& file, std::uint64_t offset, std::span<char> into, std::size_t& got) const {
  const std::lock_guard guard(mutex_);
  if (power_off_) return Fate::no_power;
  got = offset >= file->octets.size() ? 0 : file->octets.copy(into.data(), into.size(), offset);
  return Fate::done;
}

std::uint64_t SimulatedDisk::size(const File& file) const {
  const std::lock_guard guard(mutex_);
  return file->octets.size();
}

void SimulatedDisk::random(std::span<std::uint8_t> into) {
  const std::lock_guard guard(mutex_);
  coin_.fill(into);
}

Result<std::unique_ptr<DiskLock>> SimulatedDisk::prepare() {
  if (locked_) return fail(ErrorKind::conflict, "simulated disk: in use");
  if (!find(database_path())) {
    File file;
    TRY_VOID(result_of(make_file(database_path(), file), database_path()));
    TRY_VOID(sync_database_directory());
  }
  return std::unique_ptr<DiskLock>(std::make_unique<SimulatedLock>(locked_));
}

Result<void> SimulatedDisk::sync_database_directory() {
  const std::lock_guard guard(mutex_);
  const Begin begin = begin_operation();
  if (begin == Begin::off) return result_of(Fate::no_power, "directory");
  if (begin == Begin::go) {
    std::erase_if(durable_names_, [](const auto& entry) { return entry.first.find('/') == std::string::npos; });
    for (const auto& [name, file] : names_) {
      if (name.find('/') == std::string::npos) durable_names_[name] = file;
    }
  }
  return result_of(end_operation(begin), "directory");
}

Result<std::unique_ptr<SpoolFile>> SimulatedDisk::create(types::QueueId id) {
  const std::string name = spool_name(id);
  File file;
  TRY_VOID(result_of(make_file(name, file), name));
  return std::unique_ptr<SpoolFile>(std::make_unique<SimulatedSpoolFile>(shared_from_this(), file, name));
}

Result<std::unique_ptr<SpoolFile>> SimulatedDisk::open(types::QueueId id) {
  const std::string name = spool_name(id);
  File file = find(name);
  if (!file) return fail(ErrorKind::not_found, "simulated disk: " + name + ": no such file");
  return std::unique_ptr<SpoolFile>(std::make_unique<SimulatedSpoolFile>(shared_from_this(), file, name));
}

Result<void> SimulatedDisk::remove(types::QueueId id) {
  const std::string name = spool_name(id);
  const Fate fate = remove_file(name, false);
  return result_of(fate == Fate::missing ? Fate::done : fate, name);
}

Result<std::vector<types::QueueId>> SimulatedDisk::list() {
  const std::lock_guard guard(mutex_);
  std::vector<types::QueueId> ids;
  if (power_off_) return fail(ErrorKind::unavailable, "simulated disk: the power is off");
  for (const auto& [name, file] : names_) {
    if (!name.starts_with("spool/")) continue;
    if (auto id = types::QueueId::parse(std::string_view(name).substr(6))) ids.push_back(*id);
  }
  return ids;
}

Result<Room> SimulatedDisk::room() {
  const std::lock_guard guard(mutex_);
  const std::uint64_t sum = used();
  const std::uint64_t capacity = faults_.capacity.value_or(std::uint64_t{1} << 40);
  const ByteCount left{capacity > sum ? capacity - sum : 0};
  return Room{left, left};
}

}  // namespace danewerk::io

#include "tests/db/faults/shim_vfs.h"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace lazaret::db::testing {
namespace {

constexpr std::size_t kSector = 512;

// Of one file: what is sure to be on the disk, and what was asked since.
struct Image {
  struct Change {
    bool truncate = false;
    std::size_t at = 0;  // or the new size
    std::string bytes;
  };
  std::string durable;
  bool exists = false;   // durably
  bool deleted = false;  // which the folder was not synced for
  std::vector<Change> pending;
};

// SQLite hands a VFS nothing of ours to its files, so there is one of this.
struct State {
  std::mutex mutex;
  sqlite3_vfs* system = nullptr;
  sqlite3_vfs vfs{};
  int countdown = -1;  // calls that still succeed; below 0: all
  Fault fault = Fault::kError;
  bool lasting = false;
  int calls = 0;
  int failed = 0;
  bool power = false;  // the plan is a power cut
  bool lie = false;
  std::map<std::string, Image> images;
};
State g_state;

enum class Call { kOther, kWrite, kChange };

bool Fails(Call call) {
  const std::lock_guard lock(g_state.mutex);
  const bool dead = g_state.power && g_state.failed > 0;
  if (dead) return true;
  if (g_state.power && call == Call::kOther) return false;
  ++g_state.calls;
  if (g_state.countdown < 0) return false;
  if (g_state.countdown > 0) {
    --g_state.countdown;
    return false;
  }
  if (!g_state.lasting && g_state.failed > 0) return false;
  if (g_state.fault == Fault::kFull && call != Call::kWrite) return false;
  ++g_state.failed;
  return true;
}

struct ShimFile {
  sqlite3_file base;
  const char* name;
  sqlite3_file* real;
};

sqlite3_file* Real(sqlite3_file* file) { return reinterpret_cast<ShimFile*>(file)->real; }
#define LAZARET_REAL(method, ...) Real(f)->pMethods->method(Real(f), ##__VA_ARGS__)

// Under the mutex; null when nothing is noted of the file.
Image* ImageOf(sqlite3_file* file) {
  const char* name = reinterpret_cast<ShimFile*>(file)->name;
  if (!g_state.power || name == nullptr) return nullptr;
  const auto found = g_state.images.find(name);
  return found == g_state.images.end() ? nullptr : &found->second;
}

void NoteOpened(ShimFile& file) {
  const std::lock_guard lock(g_state.mutex);
  if (!g_state.power || file.name == nullptr) return;
  if (const auto known = g_state.images.find(file.name); known != g_state.images.end()) {
    if (known->second.deleted) known->second.pending.push_back({true, 0, {}});
    known->second.deleted = false;
    return;
  }
  Image& image = g_state.images[file.name];
  sqlite3_int64 size = 0;
  file.real->pMethods->xFileSize(file.real, &size);
  image.durable.resize(static_cast<std::size_t>(size));
  image.exists = size > 0;
  if (size > 0)
    file.real->pMethods->xRead(file.real, image.durable.data(), static_cast<int>(size), 0);
}

int Close(sqlite3_file* f) { return LAZARET_REAL(xClose); }

int Read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
  if (Fails(Call::kOther)) return SQLITE_IOERR_READ;
  return LAZARET_REAL(xRead, to, n, at);
}

int Write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  if (Fails(Call::kWrite)) {
    if (g_state.fault == Fault::kError) return SQLITE_IOERR_WRITE;
    LAZARET_REAL(xWrite, from, n / 2, at);
    return g_state.fault == Fault::kFull ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }
  {
    const std::lock_guard lock(g_state.mutex);
    if (Image* image = ImageOf(f)) {
      image->pending.push_back(
          {false, static_cast<std::size_t>(at),
           std::string(static_cast<const char*>(from), static_cast<std::size_t>(n))});
    }
  }
  return LAZARET_REAL(xWrite, from, n, at);
}

int Truncate(sqlite3_file* f, sqlite3_int64 size) {
  if (Fails(Call::kChange)) return SQLITE_IOERR_TRUNCATE;
  {
    const std::lock_guard lock(g_state.mutex);
    if (Image* image = ImageOf(f)) {
      image->pending.push_back({true, static_cast<std::size_t>(size), {}});
    }
  }
  return LAZARET_REAL(xTruncate, size);
}

void Apply(const Image::Change& change, std::string& content) {
  if (change.truncate) {
    content.resize(change.at);
    return;
  }
  if (content.size() < change.at + change.bytes.size()) {
    content.resize(change.at + change.bytes.size());
  }
  content.replace(change.at, change.bytes.size(), change.bytes);
}

// The machine does not fail here, so nothing need reach the disk.
int Sync(sqlite3_file* f, int) {
  if (Fails(Call::kChange)) return SQLITE_IOERR_FSYNC;
  const std::lock_guard lock(g_state.mutex);
  Image* image = ImageOf(f);
  if (image == nullptr || g_state.lie) return SQLITE_OK;
  for (const Image::Change& change : image->pending) Apply(change, image->durable);
  image->pending.clear();
  image->exists = true;
  return SQLITE_OK;
}

int Size(sqlite3_file* f, sqlite3_int64* size) {
  if (Fails(Call::kOther)) return SQLITE_IOERR_FSTAT;
  return LAZARET_REAL(xFileSize, size);
}
int Lock(sqlite3_file* f, int level) {
  if (Fails(Call::kOther)) return SQLITE_IOERR_LOCK;
  return LAZARET_REAL(xLock, level);
}
int Unlock(sqlite3_file* f, int level) { return LAZARET_REAL(xUnlock, level); }
int Reserved(sqlite3_file* f, int* out) { return LAZARET_REAL(xCheckReservedLock, out); }
int Control(sqlite3_file* f, int what, void* with) {
  return LAZARET_REAL(xFileControl, what, with);
}
int Sector(sqlite3_file* f) { return LAZARET_REAL(xSectorSize); }
int Device(sqlite3_file* f) { return LAZARET_REAL(xDeviceCharacteristics); }
int ShmMap(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  if (Fails(Call::kOther)) return SQLITE_IOERR_SHMMAP;
  return LAZARET_REAL(xShmMap, page, size, extend, out);
}
int ShmLock(sqlite3_file* f, int at, int n, int flags) {
  if ((flags & SQLITE_SHM_LOCK) != 0 && Fails(Call::kOther)) return SQLITE_IOERR_SHMLOCK;
  return LAZARET_REAL(xShmLock, at, n, flags);
}
void ShmBarrier(sqlite3_file* f) { LAZARET_REAL(xShmBarrier); }
int ShmUnmap(sqlite3_file* f, int remove) { return LAZARET_REAL(xShmUnmap, remove); }

// Version 2: no memory mapping, which would go around the shim.
const sqlite3_io_methods kMethods = {
    2,       Close,  Read,   Write,  Truncate, Sync,       Size,     Lock,    Unlock, Reserved,
    Control, Sector, Device, ShmMap, ShmLock,  ShmBarrier, ShmUnmap, nullptr, nullptr};

int OpenFile(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  auto* shim = reinterpret_cast<ShimFile*>(file);
  shim->base.pMethods = nullptr;
  shim->name = name;
  shim->real = reinterpret_cast<sqlite3_file*>(shim + 1);
  if (Fails(Call::kOther)) return SQLITE_CANTOPEN;
  const int result = g_state.system->xOpen(g_state.system, name, shim->real, flags, out);
  if (shim->real->pMethods == nullptr) return result;
  shim->base.pMethods = &kMethods;
  NoteOpened(*shim);
  return result;
}

int Delete(sqlite3_vfs*, const char* name, int sync_folder) {
  if (Fails(Call::kChange)) return SQLITE_IOERR_DELETE;
  {
    const std::lock_guard lock(g_state.mutex);
    const auto image = g_state.images.find(name);
    if (image != g_state.images.end() && sync_folder != 0 && !g_state.lie) {
      g_state.images.erase(image);
    } else if (image != g_state.images.end()) {
      image->second.deleted = true;
    }
  }
  return g_state.system->xDelete(g_state.system, name, 0);
}

void Plan(int passing, Fault fault, bool lasting) {
  const std::lock_guard lock(g_state.mutex);
  g_state.countdown = passing;
  g_state.fault = fault;
  g_state.lasting = lasting;
  g_state.calls = g_state.failed = 0;
  g_state.power = false;
}

// What a disk makes of changes it was not told to keep.
std::string Torn(Image image, std::mt19937& random) {
  for (const Image::Change& change : image.pending) {
    if (change.truncate) {
      if (random() % 2 == 0) Apply(change, image.durable);
      continue;
    }
    const unsigned odds = random() % 4;  // none, some sectors or all of it
    for (std::size_t at = 0; at < change.bytes.size(); at += kSector) {
      if (random() % 3 < odds) {
        Apply({false, change.at + at, change.bytes.substr(at, kSector)}, image.durable);
      }
    }
  }
  return image.durable;
}

}  // namespace

ShimVfs::ShimVfs() {
  g_state.system = sqlite3_vfs_find(nullptr);
  g_state.vfs = *g_state.system;
  g_state.vfs.zName = "lazaret-shim";
  g_state.vfs.szOsFile = static_cast<int>(sizeof(ShimFile)) + g_state.system->szOsFile;
  g_state.vfs.xOpen = OpenFile;
  g_state.vfs.xDelete = Delete;
  sqlite3_vfs_register(&g_state.vfs, 1);
  Heal();
  g_state.lie = false;
}

ShimVfs::~ShimVfs() {
  sqlite3_vfs_unregister(&g_state.vfs);
  sqlite3_vfs_register(g_state.system, 1);
}

void ShimVfs::FailAfter(int passing, Fault fault, bool lasting) { Plan(passing, fault, lasting); }
void ShimVfs::Heal() { Plan(-1, Fault::kError, false); }

int ShimVfs::calls() const {
  const std::lock_guard lock(g_state.mutex);
  return g_state.calls;
}

int ShimVfs::failed() const {
  const std::lock_guard lock(g_state.mutex);
  return g_state.failed;
}

void ShimVfs::CutPowerAfter(int passing) {
  Plan(passing, Fault::kError, true);
  const std::lock_guard lock(g_state.mutex);
  g_state.power = true;
  g_state.images.clear();
}

void ShimVfs::LieAboutSyncs(bool lie) { g_state.lie = lie; }

void ShimVfs::RestoreAfterPowerCut(std::uint32_t seed) {
  std::mt19937 random(seed);
  for (const auto& [name, image] : g_state.images) {
    const std::string content = Torn(image, random);
    // A file whose folder entry was never synced may be gone. The database itself is made and
    // synced before SQLite sees it.
    const bool made_by_sqlite = name.find("verdicts.db-") != std::string::npos;
    if ((image.deleted || (!image.exists && made_by_sqlite)) && random() % 2 == 0) {
      ::unlink(name.c_str());
      continue;
    }
    std::ofstream(name, std::ios::binary | std::ios::trunc) << content;
  }
  // Shared memory is never read after a start: SQLite makes it anew.
  for (const auto& [name, image] : g_state.images) ::unlink((name + "-shm").c_str());
  Heal();
}

}  // namespace lazaret::db::testing

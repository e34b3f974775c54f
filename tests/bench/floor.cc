// The floor: what libclamav alone costs on the same messages, one thread, no huge pages, no clean
// cache, each message one call from memory. The engine stays loaded, so that a pass can be made
// between two passes of the filter that is compared with it.
//   bench_floor DATABASE     says "loaded"; then for each line "FOLDER COUNT" one JSON object
#include <clamav.h>
#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/json.h"

using namespace lazaret;

namespace {

constexpr std::size_t kMaxMessageBytes = 1U << 30;

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::vector<std::string> ReadFolder(const std::string& folder, std::size_t most) {
  std::vector<std::string> names;
  if (DIR* listing = ::opendir(folder.c_str())) {
    while (const dirent* entry = ::readdir(listing)) {
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    ::closedir(listing);
  }
  std::sort(names.begin(), names.end());
  if (names.size() > most) names.resize(most);
  std::vector<std::string> mails;
  for (const std::string& name : names) {
    auto content = base::ReadFile(folder + "/" + name, kMaxMessageBytes);
    if (content.ok()) mails.push_back(std::move(content).value());
  }
  return mails;
}

cl_engine* Load(const char* database) {
  if (cl_init(CL_INIT_DEFAULT) != CL_SUCCESS) return nullptr;
  cl_engine* engine = cl_engine_new();
  cl_engine_set_num(engine, CL_ENGINE_DISABLE_CACHE, 1);
  unsigned signatures = 0;
  cl_error_t code = cl_load(database, engine, &signatures, CL_DB_STDOPT);
  if (code == CL_SUCCESS) code = cl_engine_compile(engine);
  if (code == CL_SUCCESS) return engine;
  std::fprintf(stderr, "%s: %s\n", database, cl_strerror(code));
  return nullptr;
}

cl_error_t ScanOne(const cl_engine* engine, const std::string& mail) {
  cl_scan_options options{};
  options.general = CL_SCAN_GENERAL_HEURISTICS;
  options.parse = ~0U;
  const char* name = nullptr;
  unsigned long scanned = 0;
  cl_fmap_t* map = cl_fmap_open_memory(mail.data(), mail.size());
  const cl_error_t code =
      cl_scanmap_callback(map, nullptr, &name, &scanned, engine, &options, nullptr);
  cl_fmap_close(map);
  return code;
}

void Pass(const cl_engine* engine, const std::string& folder, std::size_t count) {
  const std::vector<std::string> mails = ReadFolder(folder, count);
  int found = 0;
  int failed = 0;
  const double before = CpuSeconds();
  for (const std::string& mail : mails) {
    const cl_error_t code = ScanOne(engine, mail);
    if (code == CL_VIRUS) ++found;
    if (code != CL_VIRUS && code != CL_CLEAN) ++failed;
  }
  base::JsonWriter json;
  json.BeginObject();
  json.Field("messages", mails.size());
  json.Field("cpu_s", CpuSeconds() - before);
  json.Field("found", found);
  json.Field("failed", failed);
  json.EndObject();
  std::puts(json.text().c_str());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: bench_floor DATABASE\n", stderr);
    return 2;
  }
  const cl_engine* engine = Load(argv[1]);
  if (engine == nullptr) return 1;
  std::puts("loaded");
  std::fflush(stdout);
  std::string folder;
  std::size_t count = 0;
  while (std::cin >> folder >> count) Pass(engine, folder, count);
  return 0;
}

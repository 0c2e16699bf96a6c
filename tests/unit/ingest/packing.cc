#include "tests/unit/ingest/packing.h"

#include <archive.h>
#include <archive_entry.h>

#include <cstdio>
#include <cstdlib>

namespace culprit {
namespace {
void Must(bool ok, archive* a) {
  if (ok) return;
  std::fprintf(stderr, "packing: %s\n", archive_error_string(a));
  std::abort();
}
la_ssize_t Append(archive*, void* self, const void* bytes, size_t size) {
  static_cast<std::string*>(self)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}
}  // namespace

std::string Pack(const std::string& format, const std::string& filter, const Members& members) {
  std::string out;
  archive* a = archive_write_new();
  Must(
      archive_write_set_format_by_name(a, format == "cpio" ? "newc" : format.c_str()) == ARCHIVE_OK,
      a);
  if (!filter.empty()) Must(archive_write_add_filter_by_name(a, filter.c_str()) == ARCHIVE_OK, a);
  archive_write_set_bytes_in_last_block(a, 1);
  Must(archive_write_open(a, &out, nullptr, Append, nullptr) == ARCHIVE_OK, a);
  for (const auto& [name, bytes] : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    const bool directory = name.back() == '/';
    archive_entry_set_filetype(entry, directory ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, 1700000000, 0);
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    Must(archive_write_header(a, entry) == ARCHIVE_OK, a);
    if (!bytes.empty()) {
      Must(archive_write_data(a, bytes.data(), bytes.size()) ==
               static_cast<la_ssize_t>(bytes.size()),
           a);
    }
    archive_entry_free(entry);
  }
  Must(archive_write_close(a) == ARCHIVE_OK, a);
  archive_write_free(a);
  return out;
}

}  // namespace culprit

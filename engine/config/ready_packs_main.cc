// ready_packs OUT_DIR PACK/pack.yaml ...: reads the built-in packs while the program is built and
// writes each as OUT_DIR/PACK.pack, ready to be compiled in. Exit 1: a mistake in one of them, or a
// file that cannot be read or written.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/config/ready_pack.h"

namespace culprit {
namespace {

bool Convert(const std::filesystem::path& file, const std::filesystem::path& out_dir) {
  std::ostringstream yaml;
  std::ifstream in(file, std::ios::binary);
  if (!(yaml << in.rdbuf())) {
    std::fprintf(stderr, "%s: cannot be read\n", file.c_str());
    return false;
  }
  ConfigErrors errors;
  ReadPack({file.string(), yaml.str()}, &errors);
  if (!errors.empty()) {
    std::fprintf(stderr, "%s\n", std::string(errors.ToStatus().message()).c_str());
    return false;
  }
  const std::string name = file.parent_path().filename().string();
  const ParsedPack pack = ReadPack({"builtin:" + name + "/pack.yaml", yaml.str()}, &errors);
  std::ofstream out(out_dir / (name + ".pack"), std::ios::binary);
  if (out << WriteReadyPack(pack) && out.flush()) return true;
  std::fprintf(stderr, "%s: cannot be written\n", (out_dir / (name + ".pack")).c_str());
  return false;
}

}  // namespace
}  // namespace culprit

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: ready_packs OUT_DIR PACK/pack.yaml ...\n");
    return 1;
  }
  std::error_code error;
  std::filesystem::create_directories(argv[1], error);
  bool good = true;
  for (int i = 2; i < argc; ++i) good &= culprit::Convert(argv[i], argv[1]);
  return good ? 0 : 1;
}

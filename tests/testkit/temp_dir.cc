// Folders that go when the test does.
#include "testkit/temp_dir.h"

#include <stdlib.h>

#include <system_error>

#include "core/assert.h"

namespace strata::testkit {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "strata-test-XXXXXX").string();
  const char* made = ::mkdtemp(name.data());
  STRATA_ASSERT(made != nullptr);
  path_ = name;
}

TempDir::~TempDir() {
  // A folder that a test made unreadable is no reason to fail it.
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace strata::testkit

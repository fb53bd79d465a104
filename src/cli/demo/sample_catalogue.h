// A small catalogue for the demo's own tests: two sections, two countries.
#pragma once

#include "cli/demo/catalogue.h"

namespace strata::demo {

inline Catalogue sample_catalogue() {
  return {.packages = {{.name = "bash", .package_version = "5.2", .section = "shells"},
                       {.name = "g++", .package_version = "12.2", .section = "devel"},
                       {.name = "zsh", .package_version = "5.9", .section = "shells"}},
          .places = {{.zone = "Europe/Berlin", .country_code = "DE", .country_name = "Germany"},
                     {.zone = "Europe/Busingen", .country_code = "DE", .country_name = "Germany"},
                     {.zone = "Europe/Paris", .country_code = "FR", .country_name = "France"}}};
}

}  // namespace strata::demo

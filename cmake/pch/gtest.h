// GoogleTest, precompiled beside std.h for every test program.
#pragma once

#include <gtest/gtest.h>

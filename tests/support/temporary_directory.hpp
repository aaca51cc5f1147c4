// SPDX-License-Identifier: MIT
#pragma once
#include "examples/support/temporary_directory.hpp"

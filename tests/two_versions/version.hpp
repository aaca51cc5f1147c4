// SPDX-License-Identifier: MIT
#pragma once
#include <string>

/// The observations of one version of the library in this program.
struct Version {
  std::string instruction_set;  // of the kernels that compute
  std::string text;             // the continuation of a prompt by the model
};

Version first_version(const std::string& model);
Version second_version(const std::string& model);

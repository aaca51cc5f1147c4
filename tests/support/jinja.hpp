// SPDX-License-Identifier: MIT
#pragma once
#include "detail/io/json.hpp"
#include "detail/text/jinja/json.hpp"
#include "detail/text/jinja/template.hpp"

#include <string>
#include <string_view>

/// The text of a template with the members of a JSON object as variables, on 2 January 2026 at 03:04:05.
inline std::string render_jinja(std::string_view source, const std::string& variables = "{}") {
  namespace jinja = moe::detail::jinja;
  const moe::JsonDocument document(variables, "variables");
  return jinja::Template(source, "template").render({2026, 1, 2, 3, 4, 5}, [&](jinja::Memory& memory) {
    jinja::Template::Variables out;
    for (const moe::Json member : document.root())
      out.emplace_back(member.key(), jinja::from_json(memory, member));
    return out;
  });
}

// SPDX-License-Identifier: MIT
#pragma once
#include "detail/io/json.hpp"
#include "detail/text/jinja/json.hpp"
#include "detail/text/jinja/template.hpp"
#include "support/message_of.hpp"

#include <string>
#include <string_view>

/// Variables for templates: values of each kind that JSON has.
inline const std::string jinja_variables = R"({
  "s": "héllo Wörld",
  "n": 5,
  "f": 2.5,
  "l": [3, 1, 2],
  "d": {"b": 1, "a": [1, 2]},
  "z": null,
  "w": " \t a  b\nc ",
  "big": 123456789012345678901234567890,
  "msgs": [{"role": "user", "content": "Hi", "x": {"y": 1}}, {"role": "assistant", "content": "Yo", "calls": [{"name": "f"}]}]
})";

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

/// The text of a template with jinja_variables.
inline std::string rendered_template(std::string_view source) {
  return render_jinja(source, jinja_variables);
}

/// The message of the error of a template with jinja_variables; empty without an error.
inline std::string error_of_template(std::string_view source) {
  return message_of([&] { rendered_template(source); });
}

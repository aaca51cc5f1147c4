// SPDX-License-Identifier: MIT
// Parts of SVG pictures that are readable on light and on dark pages.
#pragma once
#include <cstdio>
#include <string>

namespace svg {

template <class... Numbers>
std::string format(const char* text, Numbers... numbers) {
  char out[512];
  std::snprintf(out, sizeof out, text, numbers...);
  return out;
}

inline std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
  return out;
}

/// `classes`: title, strong, small, end, middle, number, or none.
inline std::string text(double x, double y, const char* classes, const std::string& content) {
  return format("<text x=\"%g\" y=\"%g\" class=\"%s\">", x, y, classes) + escaped(content) + "</text>\n";
}

/// Text that runs upwards, centred at a point.
inline std::string upright_text(double x, double y, const std::string& content) {
  return format("<text class=\"small middle\" transform=\"translate(%g %g) rotate(-90)\">", x, y) +
         escaped(content) + "</text>\n";
}

/// A rectangle as a part of a path.
inline std::string cell(double x, double y, double width, double height) {
  return format("M%g %gh%gv%gh%gz", x, y, width, height, -width);
}

/// Style rules for dark pages only.
inline std::string dark_page(const std::string& rules) {
  return "@media(prefers-color-scheme:dark){" + rules + "}";
}

/// A whole picture as the text of a file. `rules`: further style rules.
inline std::string page(double width, double height, const std::string& title, const std::string& rules,
                        const std::string& body) {
  const char* const own_rules =
      "text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:#5b6270}"
      ".page{fill:#ffffff}.strong{font-size:14px;font-weight:600;fill:#20242c}"
      ".title{font-size:20px;font-weight:600;fill:#20242c}.small{font-size:11px}"
      ".end{text-anchor:end}.middle{text-anchor:middle}.tick{stroke:#5b6270}"
      ".number{font-variant-numeric:tabular-nums}";
  return format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%g\" height=\"%g\" "
             "role=\"img\">\n",
             width, height, width, height) +
         "<title>" + escaped(title) + "</title>\n<style>" + own_rules +
         dark_page("text{fill:#9aa3b2}.page{fill:#0f1319}.strong,.title{fill:#e8ebf0}.tick{stroke:#9aa3b2}") +
         rules + "</style>\n" + format("<rect class=\"page\" width=\"%g\" height=\"%g\"/>\n", width, height) +
         body + "</svg>\n";
}

}  // namespace svg

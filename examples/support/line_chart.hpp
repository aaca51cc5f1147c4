// SPDX-License-Identifier: MIT
// Line charts as a self-contained SVG, readable on light and on dark pages.
#pragma once
#include "svg.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

struct LineChart {
  struct Line {
    std::string name;
    std::vector<std::pair<double, double>> points;  // in ascending order of x
  };

  std::string title, subtitle, x_label, y_label;
  double y_max = 100;  // above 0; both axes begin at 0
  std::vector<Line> lines;
};

namespace line_chart {

using namespace svg;

constexpr double left = 72, top = 84, width = 640, height = 360, legend = 150;

/// The largest round number (1, 2 or 5 times a power of ten) that divides `range` into at least four parts.
inline double step_of(double range) {
  double step = 1;
  while (step * 10 * 4 <= range) step *= 10;
  while (step * 4 > range) step /= 10;
  for (const double factor : {5., 2.})
    if (step * factor * 4 <= range) return step * factor;
  return step;
}

inline std::string style() {
  const std::vector<std::string> light{"#2068a0", "#c2410c", "#15803d", "#7c3aed",
                                       "#ca8a04", "#64748b", "#be185d"};
  const std::vector<std::string> dark{"#7abeff", "#ffaa6e", "#7abe80", "#c4a7ff",
                                      "#fcd34d", "#94a3b8", "#f9a8d4"};
  const auto rules = [](const std::vector<std::string>& colours) {
    std::string out;
    for (std::size_t i = 0; i < colours.size(); ++i)
      out += format(".l%zu{stroke:", i) + colours[i] + "}" + format(".p%zu{fill:", i) + colours[i] + "}";
    return out;
  };
  return ".grid{stroke:#e3e6ea}.line{fill:none;stroke-width:2}" + rules(light) +
         dark_page(".grid{stroke:#2a303a}" + rules(dark));
}

/// The places of numbers in the picture.
struct Axes {
  double x_max, y_max;

  double x(double number) const { return left + width * number / x_max; }
  double y(double number) const { return top + height * (1 - number / y_max); }
};

inline std::string grid(const LineChart& chart, const Axes& axes) {
  std::string out;
  for (double y = 0; y <= axes.y_max * 1.0001; y += step_of(axes.y_max)) {
    out += format("<path class=\"grid\" d=\"M%g %gh%g\"/>\n", left, axes.y(y), width);
    out += text(left - 8, axes.y(y) + 3.5, "small end number", format("%g", y));
  }
  for (double x = 0; x <= axes.x_max * 1.0001; x += step_of(axes.x_max)) {
    out += format("<path class=\"tick\" d=\"M%g %gv4\"/>\n", axes.x(x), top + height);
    out += text(axes.x(x), top + height + 18, "small middle number", format("%g", x));
  }
  return out + text(left + width, top + height + 36, "small end", chart.x_label) +
         upright_text(24, top + height / 2, chart.y_label);
}

inline std::string line(const LineChart::Line& line, const Axes& axes, std::size_t number) {
  std::string path, circles;
  for (const auto& [x, y] : line.points) {
    path += format(path.empty() ? "M%g %g" : "L%g %g", axes.x(x), axes.y(y));
    circles += format("<circle class=\"p%zu\" cx=\"%g\" cy=\"%g\" r=\"3\"/>\n", number, axes.x(x), axes.y(y));
  }
  return format("<path class=\"line l%zu\" d=\"", number) + path + "\"/>\n" + circles;
}

}  // namespace line_chart

/// The chart as the text of a file.
inline std::string to_svg(const LineChart& chart) {
  using namespace line_chart;
  Axes axes{1e-9, chart.y_max};
  for (const LineChart::Line& line : chart.lines)
    for (const auto& point : line.points) axes.x_max = std::max(axes.x_max, point.first);
  std::string body =
      text(left, 36, "title", chart.title) + text(left, 58, "", chart.subtitle) + grid(chart, axes);
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    const double x = left + width + 20, y = top + 16 + 22 * static_cast<double>(i);
    body += line(chart.lines[i], axes, i % 7);
    body += format("<path class=\"line l%zu\" d=\"M%g %gh22\"/>\n", i % 7, x, y - 4);
    body += text(x + 30, y, "", chart.lines[i].name);
  }
  return page(left + width + legend, top + height + 56, chart.title, style(), body);
}

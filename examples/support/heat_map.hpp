// SPDX-License-Identifier: MIT
// Heat maps: matrices of numbers as a self-contained SVG, readable on light and on dark pages.
#pragma once
#include "svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

/// The meaning of the colours of a panel. Positions, like cells, range from 0 to 1, or from -1 to 1 if the scale diverges.
struct HeatMapScale {
  struct Tick {
    double position;
    std::string label;
  };

  std::string title;
  bool diverging = false;
  std::vector<Tick> ticks;
};

struct HeatMapPanel {
  std::string title;
  const HeatMapScale* scale;
  std::vector<double> cells;       // [rows, columns]: 0 to 1, or -1 to 1
  std::vector<std::string> notes;  // a text beside each row, if there is room; may be empty
};

struct HeatMap {
  std::string title, subtitle, row_label, column_label, note_label;
  std::size_t rows = 0, columns = 0;
  std::vector<std::string> row_names;
  std::vector<HeatMapPanel> panels;
};

namespace heat_map {

using namespace svg;

struct Rgb {
  double red, green, blue;
};
using Ramp = std::array<Rgb, 5>;

// Colours from 0 to 1, and from -1 to 1. Small values are light on a light page, and dark on a dark page.
constexpr Ramp light{{{244, 242, 236}, {196, 222, 214}, {98, 173, 182}, {32, 108, 150}, {20, 44, 92}}};
constexpr Ramp dark{{{29, 34, 42}, {24, 69, 92}, {30, 125, 132}, {122, 190, 128}, {252, 239, 160}}};
constexpr Ramp light_diverging{
    {{24, 86, 158}, {128, 176, 214}, {244, 242, 236}, {234, 164, 126}, {178, 62, 30}}};
constexpr Ramp dark_diverging{
    {{122, 190, 255}, {48, 100, 150}, {29, 34, 42}, {156, 80, 44}, {255, 170, 110}}};

constexpr int levels = 24;  // colours on each side of 0

/// The colour of a ramp at a position from 0 to 1.
inline std::string colour(const Ramp& ramp, double place) {
  const double at = place * static_cast<double>(ramp.size() - 1);
  const auto i = std::min<std::size_t>(static_cast<std::size_t>(at), ramp.size() - 2);
  const double part = at - static_cast<double>(i);
  const auto mix = [part](double a, double b) { return static_cast<int>(std::lround(a + part * (b - a))); };
  return format("#%02x%02x%02x", mix(ramp[i].red, ramp[i + 1].red), mix(ramp[i].green, ramp[i + 1].green),
                mix(ramp[i].blue, ramp[i + 1].blue));
}

/// The CSS class of a level: s0 to s24 for sequential scales, dm24 to d24 for diverging ones.
inline std::string name(bool diverging, int level) {
  return format(level < 0 ? "%sm%d" : "%s%d", diverging ? "d" : "s", std::abs(level));
}

inline std::string colours(const Ramp& sequential, const Ramp& diverging) {
  std::string out;
  for (int level = 0; level <= levels; ++level)
    out += '.' + name(false, level) + "{fill:" + colour(sequential, 1. * level / levels) + '}';
  for (int level = -levels; level <= levels; ++level)
    out += '.' + name(true, level) + "{fill:" + colour(diverging, 0.5 + 0.5 * level / levels) + '}';
  return out;
}

inline std::string style() {
  return colours(light, light_diverging) + dark_page(colours(dark, dark_diverging));
}

/// Positions and sizes in the picture.
struct Layout {
  explicit Layout(const HeatMap& map)
      : cell_width(std::clamp(std::floor(1024. / static_cast<double>(map.columns)), 1., 40.)),
        cell_height(std::clamp(std::floor(384. / static_cast<double>(map.rows)), 5., 22.)),
        width(cell_width * static_cast<double>(map.columns)),
        height(cell_height * static_cast<double>(map.rows)) {}

  double cell_width, cell_height;
  double width, height;  // of a panel's cells
  double left = 64, right = 92, top = 84, between = 66;

  double page_width() const { return left + std::max(width, 420.) + right; }
  double panel_top(std::size_t panel) const {
    return top + 28 + static_cast<double>(panel) * (height + between);
  }
};

/// All cells of a panel, one path per colour, with a thin gap between cells where there is room.
inline std::string cells(const HeatMap& map, const HeatMapPanel& panel, const Layout& layout, double top) {
  std::vector<std::string> paths(2 * levels + 1);
  const double gap_x = layout.cell_width >= 4 ? 1 : 0, gap_y = layout.cell_height >= 8 ? 1 : 0;
  for (std::size_t i = 0; i < panel.cells.size(); ++i) {
    const double value = std::clamp(panel.cells[i], -1., 1.);
    const auto row = static_cast<double>(i / map.columns), column = static_cast<double>(i % map.columns);
    paths[static_cast<std::size_t>(std::lround(value * levels) + levels)] +=
        cell(layout.left + column * layout.cell_width, top + row * layout.cell_height,
             layout.cell_width - gap_x, layout.cell_height - gap_y);
  }
  std::string out;
  for (int level = -levels; level <= levels; ++level)
    if (const std::string& path = paths[static_cast<std::size_t>(level + levels)]; !path.empty())
      out += "<path class=\"" + name(panel.scale->diverging, level) + "\" d=\"" + path + "\"/>\n";
  return out;
}

/// The numbers of columns and rows. Only every 2^n-th number is drawn, so that numbers do not touch.
inline std::string axes(const HeatMap& map, const Layout& layout, double top) {
  std::string out;
  const auto step = [](double size, double least) {
    double n = 1;
    while (n * size < least) n *= 2;
    return static_cast<std::size_t>(n);
  };
  for (std::size_t i = 0; i < map.columns; i += step(layout.cell_width, 60))
    out += text(layout.left + (static_cast<double>(i) + 0.5) * layout.cell_width, top + layout.height + 14,
                "small middle number", std::to_string(i));
  for (std::size_t i = 0; i < map.rows; i += step(layout.cell_height, 14))
    out += text(layout.left - 8, top + (static_cast<double>(i) + 0.5) * layout.cell_height + 3.5,
                "small end number", map.row_names[i]);
  out += text(layout.left + layout.width, top + layout.height + 29, "small end", map.column_label);
  return out + upright_text(24, top + layout.height / 2, map.row_label);
}

inline std::string notes(const HeatMap& map, const HeatMapPanel& panel, const Layout& layout, double top) {
  if (panel.notes.empty() || layout.cell_height < 12) return "";
  const double x = layout.left + layout.width + layout.right - 24;
  std::string out = text(x, top - 10, "small end", map.note_label);
  for (std::size_t row = 0; row < map.rows; ++row)
    out += text(x, top + (static_cast<double>(row) + 0.5) * layout.cell_height + 3.5, "small end number",
                panel.notes[row]);
  return out;
}

inline std::string legend(const HeatMapScale& scale, double left, double top) {
  constexpr double width = 320;
  const int first = scale.diverging ? -levels : 0, count = levels - first + 1;
  std::string out = text(left, top, "small", scale.title);
  for (int i = 0; i < count; ++i)
    out += "<path class=\"" + name(scale.diverging, first + i) + "\" d=\"" +
           cell(left + width * i / count, top + 8, width / count + 0.2, 12) + "\"/>\n";
  for (const HeatMapScale::Tick& tick : scale.ticks) {
    const double x = left + width * (scale.diverging ? (tick.position + 1) / 2 : tick.position);
    out += format("<path class=\"tick\" d=\"M%g %gv4\"/>\n", x, top + 20);
    out += text(x, top + 36, "small middle number", tick.label);
  }
  return out;
}

}  // namespace heat_map

/// The picture as the text of a file. A scale that several panels share is drawn once, below all panels.
inline std::string to_svg(const HeatMap& map) {
  using namespace heat_map;
  const Layout layout(map);
  std::string body = text(layout.left, 36, "title", map.title) + text(layout.left, 58, "", map.subtitle);
  std::vector<const HeatMapScale*> scales;
  for (std::size_t i = 0; i < map.panels.size(); ++i) {
    const HeatMapPanel& panel = map.panels[i];
    const double top = layout.panel_top(i);
    body += text(layout.left, top - 10, "strong", panel.title) + cells(map, panel, layout, top) +
            axes(map, layout, top) + notes(map, panel, layout, top);
    if (std::find(scales.begin(), scales.end(), panel.scale) == scales.end()) scales.push_back(panel.scale);
  }
  const double legends_top = layout.panel_top(map.panels.size()) - 12;
  for (std::size_t i = 0; i < scales.size(); ++i)
    body += legend(*scales[i], layout.left + static_cast<double>(i) * 440, legends_top);
  const double width = std::max(layout.page_width(), layout.left + static_cast<double>(scales.size()) * 440);
  const double height = legends_top + 60;
  return svg::page(width, height, map.title, style(), body);
}

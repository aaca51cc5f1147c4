// SPDX-License-Identifier: MIT
// White space around tags. The expected texts are from Jinja2 3.1 with trim_blocks and lstrip_blocks.
#include "support/jinja.hpp"

#include <doctest/doctest.h>

TEST_CASE(
    "jinja: block tags remove the white space before them in their line, and one line feed after them") {
  CHECK(rendered_template("a\n  {% if 1 %}\n  b\n  {% endif %}\nc") == "a\n  b\nc");
  CHECK(rendered_template("  {# c #}\nb") == "b");
  CHECK(rendered_template("a  {% if 1 %}b{% endif %}") == "a  b");
  CHECK(rendered_template("\t{% if 1 %}b{% endif %}\t\n c") == "b\t\n c");
  CHECK(rendered_template("{% if 1 %}\n{% if 1 %}\nq\n{% endif %}\n{% endif %}\nz") == "q\nz");
  CHECK(rendered_template("   {% set x = 1 %}   \n{{ x }}") == "   \n1");
}

TEST_CASE("jinja: expressions keep white space") {
  CHECK(rendered_template("  {{ n }}  \nx") == "  5  \nx");
  CHECK(rendered_template("{{ n }}\n\nx") == "5\n\nx");
  CHECK(rendered_template("a{{ '' }}\n{{ 1 }}x") == "a\n1x");
}

TEST_CASE("jinja: - removes all white space, and + keeps it") {
  CHECK(rendered_template("a {%- if 1 -%}  b  {%- endif -%} c") == "abc");
  CHECK(rendered_template("x {{- n }} y") == "x5 y");
  CHECK(rendered_template("{{ n -}} \n x") == "5x");
  CHECK(rendered_template("a\n  {%+ if 1 %}\n b{% endif %}") == "a\n   b");
  CHECK(rendered_template("a\n\n{% if 1 +%}\nb{% endif %}") == "a\n\n\nb");
  CHECK(rendered_template("a{#- c -#} y") == "ay");
  CHECK(rendered_template("{%- for x in l -%} {{ x }} {%- endfor -%}") == "312");
}

TEST_CASE("jinja: one line feed at the end of the template is removed") {
  CHECK(rendered_template("x\n") == "x");
  CHECK(rendered_template("x\n\n") == "x\n");
  CHECK(rendered_template("\n") == "");
  CHECK(rendered_template("{{ n }}\n") == "5");
}

TEST_CASE("jinja: line breaks become line feeds") {
  CHECK(rendered_template("a\r\nb\r{{ n }}\r\n") == "a\nb\n5");
}

TEST_CASE("jinja: raw blocks are text") {
  CHECK(rendered_template("{% raw %}{{ x }}{% if %}{% endraw %}|") == "{{ x }}{% if %}|");
  CHECK(rendered_template("a {%- raw -%} b {%- endraw -%} c") == "abc");
}

TEST_CASE("jinja: ends of tags in texts and brackets are no ends") {
  CHECK(rendered_template("{{ '}}' }}") == "}}");
  CHECK(rendered_template("{{ {'a':{'b':1}}['a']['b'] }}") == "1");
  CHECK(rendered_template("{% if '%}' %}x{% endif %}") == "x");
}

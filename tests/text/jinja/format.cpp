// SPDX-License-Identifier: MIT
// The % operator, the filter format and the method format of texts. The expected texts are from Jinja2 3.1, or
// from Python 3.11, whose formats Jinja2 uses.
#include "support/jinja.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

std::string error_of_format(std::string_view source) {
  return message_of([&] { render_jinja(source); });
}

}  // namespace

TEST_CASE("jinja: a brace format of a real number with a precision only has a digit after the point") {
  CHECK(render_jinja("{{ '{:.3} {:.3} {:.3}'.format(1.0, 12.0, 0.0) }}") == "1.0 12.0 0.0");
  CHECK(render_jinja("{{ '{:.3} {:.3} {:.0}'.format(123.0, 1e5, 1.0) }}") == "1.23e+02 1e+05 1e+00");
  CHECK(render_jinja("{{ '{:.3} {:.3}'.format(0.0001234, 0.00001234) }}") == "0.000123 1.23e-05");
  CHECK(render_jinja("{{ '{:.4} {:.2}'.format(9999.6, 99.9) }}") == "1e+04 1e+02");
  CHECK(render_jinja("{{ '{:.5} {:,.9}'.format(-1234.5678, 1234567.0) }}") == "-1234.6 1,234,567.0");
}

TEST_CASE("jinja: a brace format of a type that the value does not have is refused") {
  CHECK(error_of_format("{{ '{:q}'.format(1) }}").ends_with("'q' for object of type 'int'"));
  CHECK(error_of_format("{{ '{:q}'.format(1.5) }}").ends_with("'q' for object of type 'float'"));
  CHECK(error_of_format("{{ '{:s}'.format(true) }}").ends_with("'s' for object of type 'bool'"));
  CHECK(error_of_format("{{ '{:d}'.format('a') }}").ends_with("'d' for object of type 'str'"));
  CHECK(error_of_format("{{ '{:5}'.format([1]) }}").ends_with("passed to list.__format__"));
  CHECK(render_jinja("{{ '{:n} {:n} {:.1f} {:b}'.format(12, 1.5, true, 5) }}") == "12 1.5 1.0 101");
}

TEST_CASE("jinja: formats write values as Python does") {
  CHECK(render_jinja(R"({{ "%s-%d"|format("a",5) }})") == "a-5");
  CHECK(
      render_jinja(R"({{ "%05.2f|%-5s|%+d|%x|%e|%g|%%|%r" % (3.14159,"ab",5,255,12345.678,0.0001,"q") }})") ==
      "03.14|ab   |+5|ff|1.234568e+04|0.0001|%|'q'");
  CHECK(render_jinja(R"({{ "%(a)s" % {"a":1} }})") == "1");
  CHECK(error_of_format(R"({{ "%d" % "a" }})").ends_with(": %d format: a real number is required, not str"));
  CHECK(error_of_format(R"({{ "%s %s" % 1 }})").ends_with(": not enough arguments for format string"));
  CHECK(render_jinja(R"({{ "{} {}".format(1,2) }})") == "1 2");
  CHECK(render_jinja(R"({{ "{0}-{name}".format(1,name="x") }})") == "1-x");
  CHECK(
      render_jinja(R"({{ "{:>5}|{:^5}|{:05d}|{:.2f}|{:,}|{:x}".format("a","c",42,3.14159,1234567,255) }})") ==
      "    a|  c  |00042|3.14|1,234,567|ff");
}

TEST_CASE("jinja: a width of a percent format fills characters with spaces, as in Python") {
  CHECK(render_jinja("{{ '%5c|%-3c|%05c' % ('a', 'é', 65) }}") == "    a|é  |    A");
}

TEST_CASE("jinja: a precision of a percent format is the least number of digits of an integer") {
  CHECK(render_jinja("{{ '%.3d|%.4x|%05.3d|%+.3d|%-6.3d|%.0d' % (5, 255, 5, 5, 5, 0) }}") ==
        "005|00ff|00005|+005|005   |0");
  CHECK(render_jinja("{{ '%#.4x|%08.3d|%.3i' % (255, -5, true) }}") == "0x00ff|-0000005|001");
  CHECK(render_jinja("{{ '%.25d' % 123456789012345678901 }}") == "0000123456789012345678901");
}

TEST_CASE("jinja: a zero before the width of a brace format sets the fill, unless another fill is given") {
  CHECK(render_jinja("{{ '{:08d}|{:<08d}|{:^+08}|{:*<08d}|{:<+010.2f}'.format(-7, -7, 5, -7, -0.5) }}") ==
        "-0000007|-7000000|000+5000|-7******|-0.5000000");
  CHECK(render_jinja("{{ '{:05}|{:>05}'.format('a', 'b') }}") == "a0000|0000b");
  CHECK(error_of_format("{{ '{:0=5}'.format('a') }}")
            .ends_with(": '=' alignment not allowed in string format specifier"));
}

TEST_CASE("jinja: zeros that fill the width of a brace format are grouped as the digits are, as in Python") {
  CHECK(render_jinja("{{ '{:08,d}|{:07,d}|{:0=+8,}|{:<08,d}'.format(1234, 1234, -1234, 1234) }}") ==
        "0,001,234|001,234|-001,234|1,234000");
  CHECK(render_jinja("{{ '{:012,.2f}|{:09,.2f}|{:015,%}|{:#012_x}'.format(1234.5, -1234.5, 0.5, 255) }}") ==
        "0,001,234.50|-1,234.50|000,050.000000%|0x0_0000_00ff");
}

TEST_CASE("jinja: formats of real numbers accept whole numbers beyond 64 bits") {
  CHECK(render_jinja("{{ '{:.2e}|{:g}'.format(123456789012345678901, -123456789012345678901) }}") ==
        "1.23e+20|-1.23457e+20");
  CHECK(render_jinja("{{ '%.3f|%.2e' % (123456789012345678901, 123456789012345678901) }}") ==
        "123456789012345683968.000|1.23e+20");
  CHECK(
      error_of_format("{{ '%f' % ('1' ~ '0' * 400)|int }}").ends_with(": int too large to convert to float"));
}

TEST_CASE("jinja: the format filter writes characters and ASCII") {
  CHECK(render_jinja("{{ '%c%c'|format(65, 8364) }}") == "A€");
  CHECK(render_jinja("{{ '%c'|format('é') }}") == "é");
  CHECK(render_jinja("{{ '%a'|format('aé😀€') }}") == "'a\\xe9\\U0001f600\\u20ac'");
  CHECK(render_jinja("{{ '%.3a|%8a'|format('é', 1) }}") == "'\\x|       1");
  CHECK_FALSE(error_of_format("{{ '%c'|format(1114112) }}").empty());
  CHECK_FALSE(error_of_format("{{ '%c'|format(1.5) }}").empty());
}

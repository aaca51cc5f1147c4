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

TEST_CASE("jinja: the mark # keeps the point and the zeros of real numbers") {
  CHECK(render_jinja("{{ '{:#g} {:#.3g} {:#g} {:#G}'.format(1.0, 1, 0.0001, 1e20) }}") ==
        "1.00000 1.00 0.000100000 1.00000E+20");
  CHECK(render_jinja("{{ '{:#.0f} {:#.0e} {:#.0%} {:#n}'.format(1.0, 1.0, 1.0, 1.0) }}") ==
        "1. 1.e+00 100.% 1.00000");
  CHECK(render_jinja("{{ '{:#} {:#} {:#.3} {:#.3}'.format(1.5, 1e16, 1.0, 100.0) }}") ==
        "1.5 1.e+16 1.00 1.00e+02");
  CHECK(render_jinja("{{ '%#g %#.0f %#.0e' % (1.0, 1.0, 1.0) }}") == "1.00000 1. 1.e+00");
}

TEST_CASE("jinja: the type n has the sign and the mark of the types d and g") {
  CHECK(render_jinja("{{ '{:+n} {:#n} {: n} {:+n} {:#.3n}'.format(5, 5, 5, 5.0, 5.0) }}") ==
        "+5 5  5 +5 5.00");
}

TEST_CASE("jinja: marks between digits are refused for types that cannot have them") {
  CHECK(error_of_format("{{ '{:,n}'.format(5) }}").ends_with(": Cannot specify ',' with 'n'."));
  CHECK(error_of_format("{{ '{:_n}'.format(5.0) }}").ends_with(": Cannot specify '_' with 'n'."));
  CHECK(error_of_format("{{ '{:,b}'.format(5) }}").ends_with(": Cannot specify ',' with 'b'."));
  CHECK(error_of_format("{{ '{:_c}'.format(65) }}").ends_with(": Cannot specify '_' with 'c'."));
  CHECK(error_of_format("{{ '{:,_}'.format(5) }}").ends_with(": Cannot specify both ',' and '_'."));
}

TEST_CASE("jinja: signs are refused for texts and characters") {
  CHECK(
      error_of_format("{{ '{:-}'.format('a') }}").ends_with(": Sign not allowed in string format specifier"));
  CHECK(error_of_format("{{ '{: }'.format('a') }}")
            .ends_with(": Space not allowed in string format specifier"));
  CHECK(error_of_format("{{ '{:-c}'.format(65) }}")
            .ends_with(": Sign not allowed with integer format specifier 'c'"));
  CHECK(render_jinja("{{ '{:-5d}|{:-.1f}'.format(5, -5) }}") == "    5|-5.0");
}

TEST_CASE("jinja: the mark z removes the sign of a real number that is rounded to 0") {
  CHECK(render_jinja("{{ '{:z.1f} {:.1f} {:z} {:z.1f}'.format(-0.01, -0.01, -0.0, -0.1) }}") ==
        "0.0 -0.0 0.0 -0.1");
  CHECK(error_of_format("{{ '{:z}'.format(1) }}")
            .ends_with(": Negative zero coercion (z) not allowed in integer format specifier"));
}

TEST_CASE("jinja: a format writes all digits that its precision asks for") {
  CHECK(render_jinja("{{ ('{:.300f}'.format(0.1))|length }},{{ ('%.300e' % 0.1)|length }}") == "302,306");
  CHECK(render_jinja("{{ '%.60f' % 0.1 }}") ==
        "0.100000000000000005551115123125782702118158340454101562500000");
  CHECK(error_of_format("{{ '{:.}'.format(1.5) }}").ends_with(": Format specifier missing precision"));
}

TEST_CASE("jinja: a width or a precision above 1000000 is refused") {
  for (const char* const source : {"{{ '{:2000000}'.format(1) }}", "{{ '%2000000d' % 1 }}",
                                   "{{ '{:.2000000f}'.format(1) }}", "{{ '%*d' % (2000000, 1) }}"})
    CHECK(error_of_format(source).ends_with(": the template needs more than the allowed memory"));
}

TEST_CASE("jinja: a star in a percent format takes the width or the precision from the arguments") {
  CHECK(render_jinja("{{ '%*d|%-*d|%*d|%.*f' % (4, 3, 4, 3, -4, 3, 2, 1.5) }}") == "   3|3   |3   |1.50");
  CHECK(error_of_format("{{ '%*d' % ('a', 1) }}").ends_with(": * wants int"));
}

TEST_CASE("jinja: the sizes of C in a percent format have no effect") {
  CHECK(render_jinja("{{ '%ld %hd %Lf' % (1, 2, 3.0) }}") == "1 2 3.000000");
}

TEST_CASE("jinja: a key in a percent format may have parentheses, and its value is the only argument") {
  CHECK(render_jinja("{{ '%((a))s' % {'(a)': 1} }}") == "1");
  CHECK(error_of_format("{{ '%(a)s %s' % {'a': 1} }}").ends_with(": not enough arguments for format string"));
}

TEST_CASE("jinja: a percent format of a whole number truncates every real number") {
  CHECK(render_jinja("{{ '%d %d %i' % (1e30, -1e19, -1.9) }}") ==
        "1000000000000000019884624838656 -10000000000000000000 -1");
  CHECK(error_of_format("{{ '%d' % 1e400 }}").ends_with(": cannot convert float infinity to integer"));
}

TEST_CASE("jinja: an error about the type of a percent format names the character and its index") {
  CHECK(
      error_of_format("{{ 'é %q' % 1 }}").ends_with(": unsupported format character 'q' (0x71) at index 3"));
  CHECK(error_of_format("{{ '%5%' % 1 }}").ends_with(": unsupported format character '%' (0x25) at index 2"));
}

TEST_CASE("jinja: only digits are the number of an argument or an element") {
  CHECK(error_of_format("{{ '{0abc}'.format(1) }}").ends_with(": '0abc'"));
  CHECK(render_jinja("{{ '{0[1a]}|{1[-1]}|{1[1]}'.format({'1a': 5}, [1, 2]) }}") == "5||2");
}

TEST_CASE("jinja: the key of an element in a brace format may have any character but ]") {
  CHECK(render_jinja("{{ '{a[b:c]}{a[}]:>3}{a[!r]}'.format(a={'b:c': 1, '}': 2, '!r': 3}) }}") == "1  23");
}

TEST_CASE("jinja: wrong fields of brace formats are refused") {
  CHECK(error_of_format("{{ '{0.}'.format(1) }}").ends_with(": Empty attribute in format string"));
  CHECK(error_of_format("{{ '{0[1]x}'.format([1, 2]) }}")
            .ends_with(": Only '.' or '[' may follow ']' in format field specifier"));
  CHECK(error_of_format("{{ '{0[a}'.format(1) }}").ends_with(": expected '}' before end of string"));
  CHECK(error_of_format("{{ '{!rx}'.format(1) }}").ends_with(": expected ':' after conversion specifier"));
  CHECK(error_of_format("{{ '{!q}'.format(1) }}").ends_with(": Unknown conversion specifier q"));
  CHECK(error_of_format("{{ '{:5xx}'.format(1) }}")
            .ends_with(": Invalid format specifier '5xx' for object of type 'int'"));
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

// SPDX-License-Identifier: MIT
// Filters of numbers. The expected texts are from Jinja2 3.1.
#include "support/jinja.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

TEST_CASE("jinja: numbers that are rounded and parsed keep Python's types") {
  CHECK(rendered_template("{{ -7|round(-1) }}") == "-10");
  CHECK(rendered_template("{{ -0.0|round(0, 'floor') }}") == "0.0");
  CHECK(rendered_template("{{ 1e22|int }}") == "10000000000000000000000");
  CHECK(rendered_template("{{ 92e17|int == 9200000000000000000 }}{{ -0.5|int }}") == "True0");
  CHECK(rendered_template("{{ 2.5 is odd }}{{ 3 is odd }}") == "FalseTrue");
}

TEST_CASE("jinja: filters of numbers have the results of Jinja2") {
  CHECK(rendered_template(R"({{ "42"|int }})") == "42");
  CHECK(rendered_template(R"({{ "4.7"|int }})") == "4");
  CHECK(rendered_template(R"({{ "x"|int(9) }})") == "9");
  CHECK(rendered_template(R"({{ "0x1f"|int(base=16) }})") == "31");
  CHECK(rendered_template("{{ none|int }}") == "0");
  CHECK(rendered_template("{{ -4.9|int }}") == "-4");
  CHECK(error_of_template("{{ missing|int }}").ends_with(": 'missing' is undefined"));
  CHECK(rendered_template(R"({{ "3.5"|float }})") == "3.5");
  CHECK(rendered_template(R"({{ "x"|float(1.5) }})") == "1.5");
  CHECK(rendered_template("{{ 2.5|round }}") == "2.0");
  CHECK(rendered_template("{{ 2.675|round(2) }}") == "2.67");
  CHECK(rendered_template(R"({{ 42.55|round(1,"floor") }})") == "42.5");
  CHECK(rendered_template("{{ -7|abs }}") == "7");
  CHECK(error_of_template(R"({{ "a"|abs }})").ends_with(": bad operand type for abs(): 'str'"));
}

TEST_CASE("jinja: int reads no text with a base that Python refuses") {
  CHECK(rendered_template("{{ 'ff'|int(7, 99) }}") == "7");
  CHECK(rendered_template("{{ 'ff'|int(7, -1) }}") == "7");
  CHECK(rendered_template("{{ 'ff'|int(7, 2 ** 40 + 16) }}") == "7");
  CHECK(rendered_template("{{ 'ff'|int(7, 'x') }}") == "7");
  CHECK(rendered_template("{{ '42'|int(0, 1) }}") == "42");  // read by float()
  CHECK(rendered_template("{{ 'z'|int(7, 36) }},{{ '0x1f'|int(7, 0) }}") == "35,31");
}

TEST_CASE("jinja: int keeps all digits of whole numbers beyond 64 bits") {
  CHECK(rendered_template("{{ '123456789012345678901'|int }}") == "123456789012345678901");
  CHECK(rendered_template("{{ '-0012345678901_2345678901'|int }}") == "-123456789012345678901");
  CHECK(rendered_template("{{ ('1' * 5000)|int(3) }}") == "3");
  CHECK(error_of_template("{{ ('f' * 20)|int(0, 16) }}").ends_with("supported in decimal only"));
}

TEST_CASE("jinja: int reads one sign, and an underscore after the prefix of a base") {
  CHECK(rendered_template("{{ '+-5'|int(7) }},{{ '--5'|int(7) }},{{ '0x-5'|int(7, 16) }}") == "7,7,7");
  CHECK(rendered_template("{{ '0x_1f'|int(7, 16) }},{{ '-0b_11'|int(7, 0) }},{{ '0x__5'|int(7, 16) }}") ==
        "31,-3,7");
}

TEST_CASE("jinja: round to tens and more is exact") {
  CHECK(rendered_template("{{ 1234567890123456785|round(-1) }} {{ -1234567890123456785|round(-2) }}") ==
        "1234567890123456780 -1234567890123456800");
  CHECK(rendered_template("{{ 9223372036854775807|round(-1) }} {{ big|round(-20) }} {{ -4|round(-1) }}") ==
        "9223372036854775810 123456789000000000000000000000 0");
  CHECK(rendered_template(
            "{{ 25.0|round(-1) }} {{ 25.5|round(-1) }} {{ -995.0|round(-1) }} {{ 4.9|round(-2) }}") ==
        "20.0 30.0 -1000.0 0.0");
}

TEST_CASE("jinja: numbers in texts may have underscores and digits of any script") {
  CHECK(render_jinja("{{ '1_0.5'|float }},{{ '1_0'|float }},{{ '1__0'|float }},{{ '_1'|float }},{{ "
                     "'1_'|float }},{{ '1e1_0'|float }},{{ '1_e1'|float }},{{ '1 2'|float }}") ==
        "10.5,10.0,0.0,0.0,0.0,10000000000.0,0.0,0.0");
  CHECK(render_jinja("{{ '٣١'|int }},{{ '१.२'|float }},{{ '𝟙𝟢'|int }},{{ '٣x'|int }},{{ '²'|int }}") ==
        "31,1.2,10,0,0");
  CHECK(render_jinja("{{ -9223372036854775808 }},{{ -9223372036854775808 + 1 }},{{ -(-9223372036854775808) "
                     "}},{{ -99999999999999999999 }},{{ --99999999999999999999 }}") ==
        "-9223372036854775808,-9223372036854775807,9223372036854775808,-99999999999999999999,"
        "99999999999999999999");
}

TEST_CASE("jinja: filesizeformat writes a number of bytes with a decimal or binary unit") {
  CHECK(render_jinja("{{ 1|filesizeformat }},{{ 0|filesizeformat }},{{ 999|filesizeformat }},{{ "
                     "1000|filesizeformat }},{{ 1000000|filesizeformat }},{{ 1500000000|filesizeformat }}") ==
        "1 Byte,0 Bytes,999 Bytes,1.0 kB,1.0 MB,1.5 GB");
  CHECK(render_jinja("{{ 1023|filesizeformat(true) }},{{ 1024|filesizeformat(true) }},{{ "
                     "1048576|filesizeformat(binary=true) }},{{ '300'|filesizeformat }},{{ "
                     "13000000000000|filesizeformat }}") == "1023 Bytes,1.0 KiB,1.0 MiB,300 Bytes,13.0 TB");
  CHECK_FALSE(message_of([] { render_jinja("{{ 'a'|filesizeformat }}"); }).empty());
  CHECK(render_jinja("{{ 1e27|filesizeformat }}") == "1000.0 YB");
  CHECK(render_jinja("{{ -1e20|filesizeformat }},{{ 1e400|filesizeformat }}") ==
        "-100000000000000000000 Bytes,inf YB");
}

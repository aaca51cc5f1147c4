// SPDX-License-Identifier: MIT
// Expressions of templates. The expected texts are from Jinja2 3.1.
#include "support/jinja.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

TEST_CASE("jinja: arithmetic has the results and the errors of Python") {
  CHECK(rendered_template("{{ 1+2*3 }}") == "7");
  CHECK(rendered_template("{{ 7//2 }}") == "3");
  CHECK(rendered_template("{{ -7//2 }}") == "-4");
  CHECK(rendered_template("{{ 7%3 }}") == "1");
  CHECK(rendered_template("{{ -7%3 }}") == "2");
  CHECK(rendered_template("{{ 7%-3 }}") == "-2");
  CHECK(rendered_template("{{ 2**10 }}") == "1024");
  CHECK(rendered_template("{{ 2**-1 }}") == "0.5");
  CHECK(rendered_template("{{ 7/2 }}") == "3.5");
  CHECK(rendered_template("{{ -5.5%2 }}") == "0.5");
  CHECK(rendered_template("{{ true+1 }}") == "2");
  CHECK(rendered_template("{{ 10-2-3 }}") == "5");
  CHECK(rendered_template("{{ 2**3**2 }}") == "64");
  CHECK(rendered_template("{{ -2**2 }}") == "4");
  CHECK(error_of_template("{{ 1/0 }}").ends_with(": division by zero"));
  CHECK(error_of_template("{{ 1//0 }}").ends_with(": integer division or modulo by zero"));
  CHECK(error_of_template("{{ 1%0 }}").ends_with(": integer modulo by zero"));
  CHECK(error_of_template("{{ 1.0%0 }}").ends_with(": float modulo"));
  CHECK(error_of_template(R"({{ "a"+1 }})").ends_with(R"(: can only concatenate str (not "int") to str)"));
  CHECK(
      error_of_template(R"({{ 1+"a" }})").ends_with(": unsupported operand type(s) for +: 'int' and 'str'"));
  CHECK(
      error_of_template(R"({{ [1]+"a" }})").ends_with(R"(: can only concatenate list (not "str") to list)"));
  CHECK(
      error_of_template("{{ z+1 }}").ends_with(": unsupported operand type(s) for +: 'NoneType' and 'int'"));
  CHECK(error_of_template(R"({{ -"a" }})").ends_with(": bad operand type for unary -: 'str'"));
  CHECK(error_of_template("{{ {}-1 }}").ends_with(": unsupported operand type(s) for -: 'dict' and 'int'"));
}

TEST_CASE("jinja: floor division of real numbers uses the exact remainder") {
  CHECK(rendered_template("{{ 1.0//0.1 }} {{ -1.0//0.1 }}") == "9.0 -10.0");
  CHECK(rendered_template("{{ 7.5//-2 }} {{ -0.0//1 }} {{ 1//-3.0 }}") == "-4.0 -0.0 -1.0");
  CHECK(rendered_template("{{ -1e-20//1.0 }} {{ 1e300//1e-10 }}") == "-1.0 inf");
}

TEST_CASE("jinja: a remainder of zero has the sign of the divisor") {
  CHECK(rendered_template("{{ -4.0 % 2 }} {{ 4.0 % -2 }}") == "0.0 -0.0");
}

TEST_CASE("jinja: a range is written with its arguments") {
  CHECK(rendered_template("{{ range(0,5,2) }} {{ range(3) }}") == "range(0, 5, 2) range(0, 3)");
  CHECK(rendered_template("{{ range(3,3) }} {{ range(5,0) }}") == "range(3, 3) range(5, 0)");
}

TEST_CASE("jinja: the slice of a range is a range with the bounds of the slice") {
  CHECK(rendered_template("{{ range(10)[::2] }} {{ range(0,5,2)[:2] }}") == "range(0, 10, 2) range(0, 4, 2)");
  CHECK(rendered_template("{{ range(10)[::-1] }} {{ range(10)[::100] }}") ==
        "range(9, -1, -1) range(0, 10, 100)");
}

TEST_CASE("jinja: sequences are added and repeated") {
  CHECK(rendered_template(R"({{ "a"+"b" }})") == "ab");
  CHECK(rendered_template(R"({{ "ab"*2 }})") == "abab");
  CHECK(rendered_template("{{ 2*[1] }}") == "[1, 1]");
  CHECK(rendered_template("{{ [1]+[2] }}") == "[1, 2]");
  CHECK(rendered_template("{{ (1,)+(2,) }}") == "(1, 2)");
  CHECK(rendered_template(R"({{ "a"*-1 }})") == "");
  CHECK(error_of_template(R"({{ "a"*1.5 }})")
            .ends_with(": can't multiply sequence by non-int of type 'float'"));
  CHECK(error_of_template(R"({{ "a"*big }})").ends_with(": cannot fit 'int' into an index-sized integer"));
}

TEST_CASE("jinja: numbers are written as Python writes them") {
  CHECK(rendered_template("{{ 1.0 }}") == "1.0");
  CHECK(rendered_template("{{ 1e16 }}") == "1e+16");
  CHECK(rendered_template("{{ 1e15 }}") == "1000000000000000.0");
  CHECK(rendered_template("{{ 0.1+0.2 }}") == "0.30000000000000004");
  CHECK(rendered_template("{{ 1e-5 }}") == "1e-05");
  CHECK(rendered_template("{{ 0.0001 }}") == "0.0001");
  CHECK(rendered_template("{{ 1e400 }}") == "inf");
  CHECK(rendered_template("{{ -0.0 }}") == "-0.0");
  CHECK(rendered_template("{{ 1_000 }}") == "1000");
  CHECK(rendered_template("{{ 0x1f }}") == "31");
  CHECK(rendered_template("{{ 0b11 }}") == "3");
  CHECK(rendered_template("{{ 0o17 }}") == "15");
  CHECK(rendered_template("{{ 1.5e-3 }}") == "0.0015");
  CHECK(rendered_template("{{ big }}") == "123456789012345678901234567890");
  CHECK(rendered_template("{{ 9223372036854775808 }}") == "9223372036854775808");
  CHECK(rendered_template("{{ 123456789.125 }}") == "123456789.125");
}

TEST_CASE("jinja: a whole number of more than 4300 digits is refused, as in Python") {
  const std::string digits(4301, '9'), expected = "value has 4301 digits";
  CHECK(error_of_template("{{ " + digits + " }}").ends_with(expected));
  CHECK(message_of([&] { render_jinja("", "{\"x\": -" + digits + "}"); }).ends_with(expected));
  CHECK(rendered_template("{{ (" + digits.substr(1) + " ~ '')|length }}") == "4300");
}

TEST_CASE("jinja: values are compared as in Python") {
  CHECK(rendered_template("{{ 1==1.0 }}") == "True");
  CHECK(rendered_template(R"({{ 1=="1" }})") == "False");
  CHECK(rendered_template("{{ none==false }}") == "False");
  CHECK(rendered_template("{{ [1,2]==[1,2] }}") == "True");
  CHECK(rendered_template("{{ (1,)==[1] }}") == "False");
  CHECK(rendered_template(R"({{ {"a":1}=={"a":1.0} }})") == "True");
  CHECK(rendered_template(R"({{ "a"<"b" }})") == "True");
  CHECK(rendered_template("{{ [1,2]<[1,3] }}") == "True");
  CHECK(rendered_template("{{ 1<2<3 }}") == "True");
  CHECK(rendered_template("{{ 3>2>1 }}") == "True");
  CHECK(rendered_template("{{ 1<2>5 }}") == "False");
  CHECK(rendered_template("{{ 1!=2 }}") == "True");
  CHECK(error_of_template(R"({{ 1<"a" }})")
            .ends_with(": '<' not supported between instances of 'int' and 'str'"));
  CHECK(error_of_template("{{ z<1 }}")
            .ends_with(": '<' not supported between instances of 'NoneType' and 'int'"));
  CHECK(error_of_template("{{ {}<{} }}")
            .ends_with(": '<' not supported between instances of 'dict' and 'dict'"));
}

TEST_CASE("jinja: whole and real numbers are compared without rounding") {
  CHECK(rendered_template("{{ 9007199254740993 == 9007199254740992.0 }}") == "False");
  CHECK(rendered_template("{{ 9007199254740993 > 9007199254740992.0 }}") == "True");
  CHECK(rendered_template("{{ 9223372036854775807 < 9223372036854775808.0 }}") == "True");
  CHECK(rendered_template("{{ -9223372036854775808 == -9223372036854775808.0 }}") == "True");
  CHECK(rendered_template("{{ 0 > -0.5 }}{{ -1 < -0.5 }}{{ 5 < 5.5 }}{{ 6 > 5.5 }}") == "TrueTrueTrueTrue");
  CHECK(rendered_template("{{ 1 < 1e400 }}{{ 1 > -1e400 }}{{ 1 == 'nan'|float }}") == "TrueTrueFalse");
}

TEST_CASE("jinja: whole numbers beyond 64 bits are compared with all numbers") {
  CHECK(rendered_template("{{ big == 123456789012345678901234567890.0 }}") == "False");
  CHECK(rendered_template("{{ big < 1.234567890123457e29 }}{{ big > 1e29 }}") == "TrueTrue");
  CHECK(rendered_template("{{ 18446744073709551616 == 18446744073709551616.0 }}") == "True");
  CHECK(rendered_template("{{ big > 5 }}{{ -big < 5 }}{{ 5 < big }}{{ 5 > -big }}") == "TrueTrueTrueTrue");
  CHECK(rendered_template("{{ big < 1e400 }}{{ -big > -1e400 }}{{ big > 0.5 }}{{ -big < 0.5 }}") ==
        "TrueTrueTrueTrue");
  CHECK(rendered_template("{{ -big == big }}{{ (-big ~ '0')|int < -big }}") == "FalseTrue");
  CHECK(rendered_template("{{ {18446744073709551616: 'x'}[18446744073709551616.0] }}") == "x");
}

TEST_CASE("jinja: dicts keep whole numbers apart that are rounded to the same real number") {
  CHECK(rendered_template("{{ {9007199254740993: 1, 9007199254740992.0: 2, 9007199254740992: 3} }}") ==
        "{9007199254740993: 1, 9007199254740992.0: 3}");
  CHECK(rendered_template(
            "{{ [9007199254740994.0, 9007199254740998, 9007199254740996, 9007199254740992, 9007199254740995, "
            "9007199254740996.0, 9007199254740997, 9007199254740994]|unique|list|length }}") == "6");
}

TEST_CASE("jinja: membership is tested in texts, lists and dicts") {
  CHECK(rendered_template(R"({{ "l" in s }})") == "True");
  CHECK(rendered_template("{{ 4 in l }}") == "False");
  CHECK(rendered_template(R"({{ "a" in d }})") == "True");
  CHECK(error_of_template("{{ 1 in z }}").ends_with(": argument of type 'NoneType' is not iterable"));
  CHECK(error_of_template(R"({{ 1 in "a" }})")
            .ends_with(": 'in <string>' requires string as left operand, not int"));
  CHECK(rendered_template("{{ 1 in missing }}") == "False");
  CHECK(rendered_template(R"({{ "x" not in s }})") == "True");
  CHECK(error_of_template("{{ [] in d }}").ends_with(": unhashable type: 'list'"));
  CHECK(error_of_template("{{ 1 in 5 }}").ends_with(": argument of type 'int' is not iterable"));
}

TEST_CASE("jinja: elements, attributes and slices are found as in Jinja2") {
  CHECK(rendered_template("{{ s[1] }}") == "é");
  CHECK(rendered_template("{{ s[-1] }}") == "d");
  CHECK(rendered_template("{{ s[1:3] }}") == "él");
  CHECK(rendered_template("{{ s[::-1] }}") == "dlröW olléh");
  CHECK(rendered_template("{{ s[100] }}") == "");
  CHECK(rendered_template("{{ l[-1] }}") == "2");
  CHECK(rendered_template("{{ l[1:] }}") == "[1, 2]");
  CHECK(rendered_template("{{ l[::2] }}") == "[3, 2]");
  CHECK(rendered_template(R"({{ d["b"] }})") == "1");
  CHECK(rendered_template("{{ d.b }}") == "1");
  CHECK(rendered_template("{{ d.q }}") == "");
  CHECK(error_of_template("{{ d.q.r }}").ends_with(": 'dict object' has no attribute 'q'"));
  CHECK(error_of_template(R"({{ d["q"]["r"] }})").ends_with(": 'dict object' has no attribute 'q'"));
  CHECK(rendered_template("{{ z.a }}") == "");
  CHECK(rendered_template("{{ msgs.0.role }}") == "user");
  CHECK(rendered_template(R"({{ msgs[0]["x"].y }})") == "1");
  CHECK(error_of_template("{{ l[5].x }}").ends_with(": list object has no element 5"));
  CHECK(error_of_template("{{ z[1:] }}").ends_with(": 'NoneType' object is not subscriptable"));
  CHECK(error_of_template("{{ d[1:] }}").ends_with(": unhashable type: 'slice'"));
  CHECK(error_of_template(R"({{ l["x":] }})")
            .ends_with(": slice indices must be integers or None or have an __index__ method"));
  CHECK(rendered_template("{{ (1,2)[1] }}") == "2");
}

TEST_CASE("jinja: conditions and logical operators return operands") {
  CHECK(rendered_template("{{ n if true }}") == "5");
  CHECK(rendered_template("{{ n if false }}") == "");
  CHECK(rendered_template("{{ n if false else f }}") == "2.5");
  CHECK(rendered_template("{{ 1 if 0 else 2 if 0 else 3 }}") == "3");
  CHECK(rendered_template("{{ 0 and 2 }}") == "0");
  CHECK(rendered_template("{{ 1 or 2 }}") == "1");
  CHECK(rendered_template(R"({{ 0 or "" }})") == "");
  CHECK(rendered_template("{{ not 1 == 2 }}") == "True");
  CHECK(error_of_template("{{ (n if false) + 1 }}")
            .ends_with(
                ": the inline if-expression on line 1 evaluated to false and no else section was defined."));
}

TEST_CASE("jinja: ~ joins texts of all values") {
  CHECK(rendered_template(R"({{ "a" ~ 1 ~ z ~ true ~ l }})") == "a1NoneTrue[3, 1, 2]");
  CHECK(error_of_template("{{ 1 ~ 2 + 3 }}").ends_with(R"(: can only concatenate str (not "int") to str)"));
  CHECK(rendered_template(R"({{ "a" "b" }})") == "ab");
}

TEST_CASE("jinja: texts have the escapes of Python") {
  CHECK(rendered_template(R"({{ "\n\t\\\'\"" }})") == "\n\t\\'\"");
  CHECK(rendered_template(R"({{ "\x41\u00e9\U0001F600" }})") == "Aé😀");
  CHECK(rendered_template(R"({{ "\101\q" }})") == R"(A\q)");
}

TEST_CASE("jinja: containers are written as Python writes them") {
  CHECK(rendered_template(R"({{ [1,"a",none,true,1.5,{"k":"v"},(1,2)] }})") ==
        "[1, 'a', None, True, 1.5, {'k': 'v'}, (1, 2)]");
  CHECK(rendered_template(R"({{ {"a":1,"a":2} }})") == "{'a': 2}");
  CHECK(rendered_template(R"({{ {1:"x",1.0:"y",true:"z"} }})") == "{1: 'z'}");
  CHECK(rendered_template("{{ () }}") == "()");
  CHECK(rendered_template("{{ (1,) }}") == "(1,)");
  CHECK(rendered_template("{{ [s] }}") == "['héllo Wörld']");
  CHECK(rendered_template(R"({{ ["it's"] }})") == R"(["it's"])");
  CHECK(rendered_template("{{ [missing] }}") == "[Undefined]");
  CHECK(rendered_template("{{ msgs }}") ==
        "[{'role': 'user', 'content': 'Hi', 'x': {'y': 1}}, {'role': 'assistant', 'content': 'Yo', 'calls': "
        "[{'name': 'f'}]}]");
  CHECK(error_of_template("{{ {[1]:2} }}").ends_with(": unhashable type: 'list'"));
  CHECK(rendered_template("{{ range(3) }}") == "range(0, 3)");
}

TEST_CASE("jinja: an undefined value is printed as nothing, and its use is an error") {
  CHECK(rendered_template("{{ missing }}") == "");
  CHECK(error_of_template("{{ missing.a }}").ends_with(": 'missing' is undefined"));
  CHECK(error_of_template(R"({{ missing["a"] }})").ends_with(": 'missing' is undefined"));
  CHECK(error_of_template("{{ missing() }}").ends_with(": 'missing' is undefined"));
  CHECK(error_of_template("{{ missing + 1 }}").ends_with(": 'missing' is undefined"));
  CHECK(rendered_template("{{ missing == other }}") == "True");
  CHECK(rendered_template("{{ missing | list }}") == "[]");
  CHECK(error_of_template("{{ missing < 1 }}").ends_with(": 'missing' is undefined"));
  CHECK(rendered_template("{{ [missing]|join }}") == "");
  CHECK(error_of_template("{{ d.q() }}").ends_with(": 'dict object' has no attribute 'q'"));
  CHECK(rendered_template("{{ missing is defined }}") == "False");
  CHECK(rendered_template("{{ d.q is defined }}") == "False");
}

TEST_CASE("jinja: methods that change their object are refused") {
  CHECK(error_of_template("{{ l.append(1) }}")
            .ends_with(": access to attribute 'append' of 'list' object is unsafe."));
  CHECK(error_of_template(R"({{ d.pop("b") }})")
            .ends_with(": access to attribute 'pop' of 'dict' object is unsafe."));
  CHECK(error_of_template("{{ l.sort() }}")
            .ends_with(": access to attribute 'sort' of 'list' object is unsafe."));
  CHECK(rendered_template(R"({{ "".__class__ }})") == "");
  CHECK(rendered_template("{{ [].clear }}") == "");
}

TEST_CASE("jinja: global functions have the results and the errors of Jinja2") {
  CHECK(rendered_template("{{ range(5,0,-2)|list }}") == "[5, 3, 1]");
  CHECK(error_of_template("{{ range(100001) }}")
            .ends_with(": Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000)."));
  CHECK(error_of_template("{{ range(1,2,0) }}").ends_with(": range() arg 3 must not be zero"));
  CHECK(rendered_template("{{ dict(a=1) }}") == "{'a': 1}");
  CHECK(rendered_template(R"({{ dict([("a",1)],b=2) }})") == "{'a': 1, 'b': 2}");
  CHECK(rendered_template("{{ namespace(a=1).a }}") == "1");
  CHECK(rendered_template("{{ namespace(a=1).b }}") == "");
  CHECK(rendered_template(R"({{ cycler("a","b").next() }})") == "a");
  CHECK(rendered_template("{{ joiner()() }}") == "");
  CHECK(error_of_template(R"({{ raise_exception("boom") }})").ends_with(": boom"));
  CHECK(rendered_template(R"({{ strftime_now("%Y-%m-%d %H:%M:%S") }})") == "2026-01-02 03:04:05");
  CHECK(rendered_template(R"({{ strftime_now("%d %B %Y, %A %a %b %j %y %I %p %U %W %u %-d") }})") ==
        "02 January 2026, Friday Fri Jan 002 26 03 AM 00 00 5 2");
  CHECK(error_of_template("{{ nothing() }}").ends_with(": 'nothing' is undefined"));
}

TEST_CASE("jinja: wrong expressions are errors with a place") {
  CHECK(error_of_template("{{ }}").ends_with(": Expected an expression, got 'end of print statement'"));
  CHECK(error_of_template("{{ 1 + }}").ends_with(": unexpected 'end of print statement'"));
  CHECK(error_of_template("{{ (1 }}").ends_with(": unexpected '}', expected ')'"));
  CHECK(error_of_template("{{ a b }}").ends_with(": expected token 'end of print statement', got 'b'"));
  CHECK(error_of_template("{{ f(a=1, 2) }}").ends_with(": invalid syntax for function call expression"));
  for (const char* const call : {"f(*l, 1)", "f(*l, *l)", "f(**d, *l)", "f(**d, a=1)", "f(**d, **d)"})
    CHECK(error_of_template("{{ " + std::string(call) + " }}")
              .ends_with(": invalid syntax for function call expression"));
  CHECK(error_of_template("{{ n | }}").ends_with(": expected token 'name', got 'end of print statement'"));
  CHECK(error_of_template("{{ x is }}").ends_with(": expected token 'name', got 'end of print statement'"));
}

TEST_CASE("jinja: a comparison names the operands in their order") {
  CHECK(error_of_template("{{ none <= 1 }}")
            .ends_with(": '<=' not supported between instances of 'NoneType' and 'int'"));
  CHECK(error_of_template("{{ 1 > 'a' }}")
            .ends_with(": '>' not supported between instances of 'int' and 'str'"));
  CHECK(rendered_template("{{ 'nan'|float <= 1 }}{{ [1, 2] >= [1] }}{{ 2 <= 2.0 }}") == "FalseTrueTrue");
}

TEST_CASE("jinja: strftime_now writes the week of ISO 8601 and flags of the C library of GNU") {
  CHECK(rendered_template("{{ strftime_now('%G-%V %g %^a %#b %Q') }}") == "2026-01 26 FRI JAN %Q");
}

TEST_CASE("jinja: powers that are no real numbers, or too large for real numbers, are refused") {
  const auto error = [](std::string_view source) { return message_of([&] { render_jinja(source); }); };
  CHECK(error("{{ (-8.0) ** 0.5 }}").ends_with(": complex numbers are not supported"));
  CHECK(error("{{ 10.0 ** 400 }}").ends_with(": (34, 'Numerical result out of range')"));
}

TEST_CASE("jinja: views of keys and items cannot be keys of dicts") {
  const auto error = [](std::string_view source) { return message_of([&] { render_jinja(source); }); };
  CHECK(error("{{ {{}.items(): 1} }}").ends_with(": unhashable type: 'dict_items'"));
  CHECK(render_jinja("{{ {{}.values(): 1}|length }}") == "1");
}

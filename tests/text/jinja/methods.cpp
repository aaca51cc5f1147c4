// SPDX-License-Identifier: MIT
// Methods of values in templates. The expected texts are from Python 3.11.
#include "support/jinja.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <string_view>

TEST_CASE("jinja: methods change the case of letters as Python does") {
  CHECK(rendered_template("{{ s.upper() }}") == "HÉLLO WÖRLD");
  CHECK(rendered_template("{{ s.title() }}") == "Héllo Wörld");
  CHECK(rendered_template("{{ s.capitalize() }}") == "Héllo wörld");
  CHECK(rendered_template(R"({{ "aB".swapcase() }})") == "Ab");
  CHECK(rendered_template(R"({{ "Straße".casefold() }})") == "strasse");
}

TEST_CASE("jinja: strip removes white space or the given characters") {
  CHECK(rendered_template("{{ w.strip() }}") == "a  b\nc");
  CHECK(rendered_template(R"({{ "xxaxx".strip("x") }})") == "a");
  CHECK(rendered_template(R"({{ "abcabc".lstrip("ab") }})") == "cabc");
  CHECK(rendered_template(R"({{ "abc".rstrip("c") }})") == "ab");
  CHECK(error_of_template(R"({{ "a".strip(5) }})").ends_with(": strip arg must be None or str"));
}

TEST_CASE("jinja: methods split and join texts as Python does") {
  CHECK(rendered_template(R"({{ "a,b,c".split(",",1) }})") == "['a', 'b,c']");
  CHECK(rendered_template(R"({{ "a,b,c".rsplit(",",1) }})") == "['a,b', 'c']");
  CHECK(rendered_template(R"({{ "aaa".rsplit("aa",1) }})") == "['a', '']");
  CHECK(rendered_template(R"({{ "aaa".split("aa",1) }})") == "['', 'a']");
  CHECK(rendered_template("{{ w.split() }}") == "['a', 'b', 'c']");
  CHECK(rendered_template("{{ w.split(none,1) }}") == R"(['a', 'b\nc '])");
  CHECK(rendered_template("{{ w.rsplit(none,1) }}") == R"([' \t a  b', 'c'])");
  CHECK(rendered_template(R"({{ "".split() }})") == "[]");
  CHECK(rendered_template(R"({{ "".split(",") }})") == "['']");
  CHECK(error_of_template(R"({{ "a".split("") }})").ends_with(": empty separator"));
  CHECK(rendered_template(R"({{ "a b c".split(maxsplit=1) }})") == "['a', 'b c']");
  CHECK(rendered_template(R"({{ "a\nb\r\nc\n".splitlines() }})") == "['a', 'b', 'c']");
  CHECK(rendered_template(R"({{ "a\nb".splitlines(true) }})") == R"(['a\n', 'b'])");
  CHECK(rendered_template(R"({{ ",".join(["a","b"]) }})") == "a,b");
  CHECK(error_of_template(R"({{ ",".join([1]) }})")
            .ends_with(": sequence item 0: expected str instance, int found"));
  CHECK(rendered_template(R"({{ "a=b=c".partition("=") }})") == "('a', '=', 'b=c')");
  CHECK(rendered_template(R"({{ "a=b=c".rpartition("=") }})") == "('a=b', '=', 'c')");
  CHECK(rendered_template(R"({{ "abc".partition("=") }})") == "('abc', '', '')");
}

TEST_CASE("jinja: methods search and replace texts as Python does") {
  CHECK(rendered_template(R"({{ "abc".startswith(("x","a")) }})") == "True");
  CHECK(rendered_template(R"({{ "abc".startswith("b",1) }})") == "True");
  CHECK(rendered_template(R"({{ "abc".endswith("b",0,2) }})") == "True");
  CHECK(error_of_template(R"({{ "abc".startswith(1) }})")
            .ends_with(": startswith first arg must be str or a tuple of str, not int"));
  CHECK(rendered_template(R"({{ "héé".find("é",2) }})") == "2");
  CHECK(rendered_template(R"({{ "abc".find("z") }})") == "-1");
  CHECK(rendered_template(R"({{ "abcabc".rfind("b") }})") == "4");
  CHECK(error_of_template(R"({{ "abc".index("z") }})").ends_with(": substring not found"));
  CHECK(rendered_template(R"({{ "aaaa".count("aa") }})") == "2");
  CHECK(rendered_template(R"({{ "abc".count("") }})") == "4");
  CHECK(rendered_template(R"({{ "aaa".replace("a","b",2) }})") == "bba");
  CHECK(rendered_template(R"({{ "aaa".replace("","-") }})") == "-a-a-a-");
  CHECK(rendered_template(R"({{ "abc".removeprefix("a") }})") == "bc");
  CHECK(rendered_template(R"({{ "abc".removesuffix("c") }})") == "ab");
}

TEST_CASE("jinja: methods fill texts to a width as Python does") {
  CHECK(rendered_template(R"({{ "-5".zfill(4) }})") == "-005");
  CHECK(rendered_template(R"({{ "a".ljust(3,"-") ~ "|" }})") == "a--|");
  CHECK(rendered_template(R"({{ "a".rjust(3) }})") == "  a");
  CHECK(rendered_template(R"({{ "ab".center(5,"*") }})") == "**ab*");
  CHECK(rendered_template(R"({{ "abc".center(6,"*") }})") == "*abc**");
  CHECK(rendered_template(R"({{ "a\tb".expandtabs(4) }})") == "a   b");
  CHECK(rendered_template(R"({{ "a\tb".expandtabs(150)|length }})") == "151");
}

TEST_CASE("jinja: methods test the classes of characters as Python does") {
  CHECK(rendered_template(R"({{ "abc".isalpha() }})") == "True");
  CHECK(rendered_template(R"({{ "abc1".isalnum() }})") == "True");
  CHECK(rendered_template(R"({{ "²".isdigit() }})") == "True");
  CHECK(rendered_template(R"({{ "²".isdecimal() }})") == "False");
  CHECK(rendered_template(R"({{ "½".isnumeric() }})") == "True");
  CHECK(rendered_template(R"({{ "".isalpha() }})") == "False");
  CHECK(rendered_template(R"({{ "Abc Def".istitle() }})") == "True");
  CHECK(rendered_template(R"({{ "ABC".isupper() }})") == "True");
  CHECK(rendered_template(R"({{ "ǅ".isupper() }}{{ "ǅ".islower() }}{{ "ǅ".istitle() }})") ==
        "FalseFalseTrue");
  CHECK(rendered_template(R"({{ "1a".isidentifier() }})") == "False");
  CHECK(rendered_template(R"({{ "é".isascii() }})") == "False");
}

TEST_CASE("jinja: dicts and lists have the methods of Python") {
  CHECK(rendered_template(R"({{ d.get("b") }})") == "1");
  CHECK(rendered_template(R"({{ d.get("q") }})") == "None");
  CHECK(rendered_template(R"({{ d.get("q",3) }})") == "3");
  CHECK(rendered_template("{{ d.items() }}") == "dict_items([('b', 1), ('a', [1, 2])])");
  CHECK(rendered_template("{{ d.keys()|list }}") == "['b', 'a']");
  CHECK(rendered_template("{{ d.values()|list }}") == "[1, [1, 2]]");
  CHECK(rendered_template("{{ d.items()[0] }}") == "");
  CHECK(rendered_template("{{ l.index(1) }}") == "1");
  CHECK(error_of_template("{{ l.index(9) }}").ends_with(": 9 is not in list"));
  CHECK(rendered_template("{{ l.count(1) }}") == "1");
  CHECK(rendered_template("{{ (2.0).is_integer() }}") == "True");
  CHECK(error_of_template("{{ n() }}").ends_with(": 'int' object is not callable"));
  CHECK(error_of_template("{{ l.foo() }}").ends_with(": 'list object' has no attribute 'foo'"));
}

TEST_CASE("jinja: texts in lists are written as repr() of Python") {
  CHECK(rendered_template(R"({{ ["it's"] }})") == R"(["it's"])");
  CHECK(rendered_template(R"({{ ["\"it's\""] }})") == R"(['"it\'s"'])");
  CHECK(rendered_template(R"({{ ["\n\t\\"] }})") == R"(['\n\t\\'])");
  CHECK(rendered_template("{{ [\"é​\"] }}") == R"(['é\u200b\x7f'])");
}

TEST_CASE("jinja: methods of texts refuse arguments with Python's messages") {
  CHECK(error_of_template("{{ 'a'.startswith(nothing) }}")
            .ends_with(": startswith first arg must be str or a tuple of str, not Undefined"));
  CHECK(error_of_template("{{ 'a'.replace(nothing, '') }}")
            .ends_with(": replace() argument 1 must be str, not Undefined"));
  CHECK(error_of_template("{{ 'a'.replace('b') }}")
            .ends_with(": replace expected at least 2 arguments, got 1"));
  CHECK(error_of_template("{{ 'a'.find(1) }}").ends_with(": must be str, not int"));
  CHECK(error_of_template("{{ 'a'.split(nothing) }}").ends_with(": must be str or None, not Undefined"));
  CHECK(rendered_template("{{ '{a}'.format_map({'a': 5}) }}") == "5");
}

// ---- Compared with Jinja2 3.1.6

TEST_CASE("jinja: methods take names of arguments only where Python does") {
  CHECK_FALSE(message_of([] { render_jinja("{{ 'a'.upper(x=1) }}"); }).empty());
  CHECK(render_jinja("{{ 'a b'.split(sep=' ', maxsplit=1) }}") == "['a', 'b']");
  CHECK(render_jinja("{{ 'a b'.rsplit(sep=' ') }}") == "['a', 'b']");
  CHECK(render_jinja("{{ 'a\\nb'.splitlines(keepends=true) }}") == "['a\\n', 'b']");
  CHECK(render_jinja("{{ 'a\\tb'.expandtabs(tabsize=2) }}") == "a b");
  CHECK(render_jinja("{{ '{x}'.format(x=1) }}") == "1");
  CHECK_FALSE(message_of([] { render_jinja("{{ 'a'.replace(old='a', new='b') }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ 'a'.strip(chars='a') }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ 'a'.startswith(prefix='a') }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ {'a': 1}.get(key='a') }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ {'a': 1}.get('b', default=2) }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ [1].index(value=1) }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ [1].count(value=1) }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ (1.5).is_integer(1) }}"); }).empty());
  CHECK(render_jinja("{{ (1.5).is_integer() }}") == "False");
  CHECK_FALSE(message_of([] { render_jinja("{{ 'a'.zfill(3, 'b') }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ 'a'.center(width=3) }}"); }).empty());
}

TEST_CASE("jinja: index of a list takes bounds") {
  CHECK(render_jinja("{{ [1, 2, 1, 2].index(1, 1) }},{{ [1, 2, 1].index(1, -1) }},{{ (1, 2, 1).index(1, 1, "
                     "3) }},{{ [1, 2].index(2, -99, 99) }}") == "2,2,2,1");
  CHECK_FALSE(message_of([] { render_jinja("{{ [1, 2].index(1, 1) }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ [1, 2].index(2, 0, 1) }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ [1].index(1, none) }}"); }).empty());
  CHECK(render_jinja("{{ range(5).index(3) }},{{ range(5).count(3) }}") == "3,1");
  CHECK_FALSE(message_of([] { render_jinja("{{ range(5).index(3, 1) }}"); }).empty());
}

TEST_CASE("jinja: a safe text escapes its arguments") {
  CHECK(render_jinja("{{ '%s %r %d'|safe % ('<', '<', 1) }}") == "&lt; &#39;&lt;&#39; 1");
  CHECK(render_jinja("{{ ('%s'|safe % ('<'|safe)) is escaped }}") == "True");
  CHECK(render_jinja("{{ '%s'|safe|format('&') }}") == "&amp;");
  CHECK(render_jinja("{{ '<{}>{x}'|safe.format('<', x='&'|safe) if 0 else ('<{}>{x}'|safe).format('<', "
                     "x='&'|safe) }}") == "<&lt;>&");
  CHECK(render_jinja("{{ ('{:>3}'|safe).format('<') }}") == "  &lt;");
  CHECK_FALSE(message_of([] { render_jinja("{{ ('{:3}'|safe).format('<'|safe) }}"); }).empty());
  CHECK(render_jinja("{{ ('<'|safe).join(['&', 1, '>'|safe]) }}") == "&amp;<1<>");
  CHECK(render_jinja("{{ ('a<'|safe).replace('a', '<') }}") == "&lt;<");
  CHECK(render_jinja("{{ ('%(a)s'|safe) % {'a': '<'} }}") == "&lt;");
  CHECK(render_jinja("{{ '<%s>' % ('<'|safe) }}") == "<<>");
  CHECK(render_jinja("{{ '<'.join(['&'|safe]) }}") == "&");
  CHECK(render_jinja("{{ ('{!r}{!s}'|safe).format('<', '&'|safe) }}") == "&#39;&lt;&#39;&amp;");
}

TEST_CASE("jinja: a missing attribute in a format field is empty") {
  CHECK(render_jinja("{{ '[{0.x}{0[y]}]'.format({}) }}") == "[]");
  CHECK_FALSE(message_of([] { render_jinja("{{ '[{0.x.y}]'.format({}) }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ '[{0.x:3}]'.format({}) }}"); }).empty());
  CHECK(render_jinja("{{ '{a[b]}'.format(a={'b': 1}) }}") == "1");
}

TEST_CASE("jinja: str.format writes characters, groups and ASCII as Python does") {
  CHECK(render_jinja("{{ '{:c}{:_}|{:_x}|{!a}'.format(65, 1234567, 65535999, 'é') }}") ==
        "A1_234_567|3e7_ffff|'\\xe9'");
  const auto error = [](std::string_view source) { return message_of([&] { render_jinja(source); }); };
  CHECK(error("{{ '{:.3}'.format(1) }}").ends_with(": Precision not allowed in integer format specifier"));
  CHECK(error("{{ '{:,x}'.format(1) }}").ends_with(": Cannot specify ',' with 'x'."));
  CHECK(error("{{ '{:,}'.format('a') }}").ends_with(": Cannot specify ',' with 's'."));
  CHECK(render_jinja("{{ '{:>{}}|{:{w}.{p}f}'.format('a', 3, 1.5, w=6, p=2) }}") == "  a|  1.50");
  CHECK(error("{{ '{:{:{}}}'.format(1, 2, 3) }}").ends_with(": Max string recursion exceeded"));
  CHECK(render_jinja("{{ 'Ⅷxⓐǅß'.swapcase() }}") == "ⅷXⒶǅSS");
}

// SPDX-License-Identifier: MIT
// Filters and tests of templates. The expected texts are from Jinja2 3.1 and transformers' tojson.
#include "support/jinja.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("jinja: map and select give nothing for a value that is false") {
  CHECK(rendered_template("{{ none|map('upper')|list }}") == "[]");
  CHECK(rendered_template("{{ false|rejectattr('role', 'equalto', 'x')|list }}") == "[]");
  CHECK(rendered_template("{{ 0|select('odd')|join }}") == "");
}

TEST_CASE("jinja: the error of a generator is thrown when the generator is read") {
  CHECK(rendered_template("{% set g = 5|map('upper') %}ok") == "ok");
  CHECK(rendered_template("{{ ([1]|map('nosuch')|list if 0) or ['a', 1]|map('replace', 'a', 'b')|first }}") ==
        "b");
  CHECK(error_of_template("{% set g = 5|map('upper') %}{{ g|list }}")
            .ends_with(": 'int' object is not iterable"));
  CHECK(error_of_template("{{ s|items|list }}").ends_with(": Can only get item pairs from a mapping."));
}

TEST_CASE("jinja: sort compares lists of keys, in which undefined keys are equal") {
  CHECK(rendered_template("{{ ['b', 'a']|sort(attribute='type') }}") == "['b', 'a']");
  CHECK(rendered_template("{{ [none, none]|sort }}") == "[None, None]");
  CHECK(error_of_template("{{ ['b', 1]|sort }}")
            .ends_with(": '<' not supported between instances of 'int' and 'str'"));
  CHECK(error_of_template("{{ ['b', 1]|max }}")
            .ends_with(": '>' not supported between instances of 'int' and 'str'"));
}

TEST_CASE("jinja: filters refuse values with Python's messages") {
  CHECK(error_of_template("{{ l|indent }}").ends_with(": 'list' object has no attribute 'splitlines'"));
  CHECK(
      error_of_template("{{ 5|indent }}").ends_with(": unsupported operand type(s) for +=: 'int' and 'str'"));
  CHECK(error_of_template("{{ 5|last }}").ends_with(": 'int' object is not reversible"));
  CHECK(error_of_template("{{ 5|reverse }}").ends_with(": argument must be iterable"));
  CHECK(error_of_template("{{ s|round(0, 'floor') }}").ends_with(": must be real number, not str"));
}

TEST_CASE("jinja: filters of texts have the results of Jinja2") {
  CHECK(rendered_template("{{ s|upper }}") == "HÉLLO WÖRLD");
  CHECK(rendered_template("{{ s|lower }}") == "héllo wörld");
  CHECK(rendered_template(R"({{ "ǆABC ßx"|capitalize }})") == "ǅabc ßx");
  CHECK(rendered_template(R"({{ "hello-world (foo) it's"|title }})") == "Hello-World (Foo) It's");
  CHECK(rendered_template(R"({{ "ΑΣ ΑΣΑ Σ"|lower }})") == "ας ασα σ");
  CHECK(rendered_template("{{ w|trim }}") == "a  b\nc");
  CHECK(rendered_template(R"({{ "xxaxx"|trim("x") }})") == "a");
  CHECK(rendered_template("{{ 5|trim }}") == "5");
  CHECK(rendered_template("{{ none|string }}") == "None");
  CHECK(rendered_template(R"({{ "aaa"|replace("a","b",2) }})") == "bba");
  CHECK(error_of_template(R"({{ "aaa"|replace("a","b","x") }})")
            .ends_with(": 'str' object cannot be interpreted as an integer"));
  CHECK(rendered_template("{{ 5|replace(5,6) }}") == "6");
  CHECK(rendered_template(R"({{ "a b  c"|wordcount }})") == "3");
  CHECK(rendered_template(R"({{ "abc"|center(9) ~ "|" }})") == "   abc   |");
  CHECK(rendered_template(R"({{ "foo bar baz qux"|truncate(9) }})") == "foo...");
  CHECK(rendered_template(R"({{ "foo bar baz qux"|truncate(9,true) }})") == "foo ba...");
  CHECK(rendered_template(R"({{ "a b/c?d=é"|urlencode }})") == "a%20b/c%3Fd%3D%C3%A9");
  CHECK(rendered_template(R"({{ s|attr("x") }})") == "");
}

TEST_CASE("jinja: indent puts spaces or a text before lines") {
  CHECK(rendered_template(R"({{ "a\nb\n\nc"|indent }})") == "a\n    b\n\n    c");
  CHECK(rendered_template(R"({{ "a\nb"|indent(2,true) }})") == "  a\n  b");
  CHECK(rendered_template(R"({{ "a\nb"|indent("> ",first=true) }})") == "> a\n> b");
  CHECK(rendered_template(R"({{ "a\n\nb"|indent(3,false,true) }})") == "a\n   \n   b");
  CHECK(rendered_template(R"({{ "a\nb"|indent(2000)|length }})") == "2003");
}

TEST_CASE("jinja: a default that is not given is the empty text") {
  CHECK(rendered_template("{{ (none|default(boolean=true)) is string }}") == "True");
}

TEST_CASE("jinja: filters of sequences have the results of Jinja2") {
  CHECK(rendered_template("{{ l|length }}") == "3");
  CHECK(rendered_template("{{ s|length }}") == "11");
  CHECK(error_of_template("{{ 5|length }}").ends_with(": object of type 'int' has no len()"));
  CHECK(rendered_template("{{ missing|length }}") == "0");
  CHECK(rendered_template("{{ l|first }}") == "3");
  CHECK(rendered_template("{{ []|first }}") == "");
  CHECK(rendered_template("{{ s|last }}") == "d");
  CHECK(rendered_template("{{ d|list }}") == "['b', 'a']");
  CHECK(rendered_template("{{ l|sort }}") == "[1, 2, 3]");
  CHECK(rendered_template(R"({{ ["b","A","c"]|sort }})") == "['A', 'b', 'c']");
  CHECK(rendered_template(R"({{ ["b","A","c"]|sort(case_sensitive=true) }})") == "['A', 'b', 'c']");
  CHECK(error_of_template(R"({{ ["b",1]|sort }})")
            .ends_with(": '<' not supported between instances of 'int' and 'str'"));
  CHECK(rendered_template("{{ l|reverse|list }}") == "[2, 1, 3]");
  CHECK(rendered_template("{{ s|reverse }}") == "dlröW olléh");
  CHECK(rendered_template(R"({{ l|join(", ") }})") == "3, 1, 2");
  CHECK(rendered_template(R"({{ msgs|join("-", attribute="role") }})") == "user-assistant");
  CHECK(rendered_template(R"({{ [1,2,1,"a","A"]|unique|list }})") == "[1, 2, 'a']");
  CHECK(rendered_template("{{ l|min }}") == "1");
  CHECK(rendered_template("{{ l|max }}") == "3");
  CHECK(rendered_template("{{ l|sum }}") == "6");
  CHECK(rendered_template("{{ [1,2,3,4,5]|batch(2,0)|list }}") == "[[1, 2], [3, 4], [5, 0]]");
  CHECK(rendered_template("{{ [1,2,3,4,5]|slice(2)|list }}") == "[[1, 2, 3], [4, 5]]");
}

TEST_CASE("jinja: filters of dicts have the results of Jinja2") {
  CHECK(rendered_template("{{ d|items|list }}") == "[('b', 1), ('a', [1, 2])]");
  CHECK(rendered_template("{{ missing|items|list }}") == "[]");
  CHECK(rendered_template("{{ d|dictsort }}") == "[('a', [1, 2]), ('b', 1)]");
  CHECK(rendered_template(R"({{ {"b":1,"A":2}|dictsort(by="value",reverse=true) }})") ==
        "[('A', 2), ('b', 1)]");
  CHECK(rendered_template(R"({{ [{"a":1,"b":1},{"a":2,"b":2},{"a":1,"b":3}]|groupby("a") }})") ==
        "[(1, [{'a': 1, 'b': 1}, {'a': 1, 'b': 3}]), (2, [{'a': 2, 'b': 2}])]");
}

TEST_CASE("jinja: map and select take attributes, filters and tests") {
  CHECK(rendered_template(R"({{ msgs|map(attribute="role")|list }})") == "['user', 'assistant']");
  CHECK(rendered_template(R"({{ msgs|map(attribute="x.y",default=0)|list }})") == "[1, 0]");
  CHECK(rendered_template(R"({{ ["a","b"]|map("upper")|list }})") == "['A', 'B']");
  CHECK(error_of_template(R"({{ l|map("nofilter")|list }})").ends_with(": No filter named 'nofilter'."));
  CHECK(rendered_template(R"({{ l|select("odd")|list }})") == "[3, 1]");
  CHECK(rendered_template(R"({{ [0,1,""]|select|list }})") == "[1]");
  CHECK(rendered_template(R"({{ l|reject("gt",1)|list }})") == "[1]");
  CHECK(rendered_template(
            R"({{ msgs|selectattr("role","equalto","user")|map(attribute="content")|first }})") == "Hi");
  CHECK(rendered_template(R"({{ msgs|rejectattr("calls","defined")|list|length }})") == "1");
  CHECK(error_of_template(R"({{ l|select("nosuch")|list }})").ends_with(": No test named 'nosuch'."));
}

TEST_CASE("jinja: default replaces undefined values, and false values if the template says so") {
  CHECK(rendered_template(R"({{ missing|default("x") }})") == "x");
  CHECK(rendered_template(R"({{ none|default("x") }})") == "None");
  CHECK(rendered_template(R"({{ none|default("x",true) }})") == "x");
  CHECK(rendered_template(R"({{ d.q|default("x") }})") == "x");
  CHECK(rendered_template("{{ missing|default }}") == "");
  CHECK(error_of_template(R"({{ missing.a|default("x") }})").ends_with(": 'missing' is undefined"));
}

TEST_CASE("jinja: tojson is Python's json.dumps") {
  CHECK(rendered_template("{{ d|tojson }}") == R"({"b": 1, "a": [1, 2]})");
  CHECK(rendered_template(R"({{ {"a":[],"b":{},"c":[1,{"d":2}]}|tojson(indent=2) }})") ==
        "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n      \"d\": 2\n    }\n  ]\n}");
  CHECK(rendered_template(R"({{ {"b":1,"a":2}|tojson(sort_keys=true) }})") == R"({"a": 2, "b": 1})");
  CHECK(rendered_template(R"({{ d|tojson(separators=(",",":")) }})") == R"({"b":1,"a":[1,2]})");
  CHECK(rendered_template("{{ [1,2]|tojson(separators=',:') }}") == "[1,2]");
  CHECK(error_of_template("{{ l|tojson(separators=5) }}").ends_with(": 'int' object is not iterable"));
  CHECK(error_of_template("{{ l|tojson(indent=2.5) }}")
            .ends_with(": can't multiply sequence by non-int of type 'float'"));
  CHECK(rendered_template("{{ [1]|tojson(indent=200)|length }}") == "205");
  CHECK(rendered_template("{{ s|tojson }}") == R"("héllo Wörld")");
  CHECK(rendered_template(R"({{ "😀é"|tojson(ensure_ascii=true) }})") == R"("\ud83d\ude00\u00e9")");
  CHECK(rendered_template("{{ [1.0,1e16,1e-7,100000.0]|tojson }}") == "[1.0, 1e+16, 1e-07, 100000.0]");
  CHECK(rendered_template("{{ big|tojson }}") == "123456789012345678901234567890");
  CHECK(rendered_template("{{ {1:2,none:3,true:4,1.5:6}|tojson }}") == R"({"1": 4, "null": 3, "1.5": 6})");
  CHECK(error_of_template("{{ missing|tojson }}")
            .ends_with(": Object of type Undefined is not JSON serializable"));
  CHECK(rendered_template("{{ [1e400]|tojson }}") == "[Infinity]");
  CHECK(error_of_template("{{ namespace()|tojson }}")
            .ends_with(": Object of type Namespace is not JSON serializable"));
  CHECK(rendered_template(R"({{ "<a>'"|tojson }})") == R"("<a>'")");
}

TEST_CASE("jinja: a Markup escapes what is added to it") {
  CHECK(rendered_template(R"({{ "<a & 'b'>"|e }})") == "&lt;a &amp; &#39;b&#39;&gt;");
  CHECK(rendered_template(R"({{ ("<a>"|safe) + "<b>" }})") == "<a>&lt;b&gt;");
  CHECK(rendered_template(R"({{ "<b>" + ("<a>"|safe) }})") == "&lt;b&gt;<a>");
  CHECK(rendered_template(R"({{ ("<a>"|safe) ~ "<b>" }})") == "<a><b>");
  CHECK(rendered_template(R"({{ ("<a>"|e)|e }})") == "&lt;a&gt;");
  CHECK(rendered_template(R"({{ [("a"|safe)] }})") == "[Markup('a')]");
}

TEST_CASE("jinja: tests of types have the results of Jinja2") {
  CHECK(rendered_template("{{ n is number }}") == "True");
  CHECK(rendered_template("{{ true is integer }}") == "False");
  CHECK(rendered_template("{{ true is boolean }}") == "True");
  CHECK(rendered_template("{{ f is float }}") == "True");
  CHECK(rendered_template("{{ s is string }}") == "True");
  CHECK(rendered_template("{{ d is mapping }}") == "True");
  CHECK(rendered_template("{{ l is sequence }}") == "True");
  CHECK(rendered_template("{{ d is sequence }}") == "True");
  CHECK(rendered_template("{{ 5 is sequence }}") == "False");
  CHECK(rendered_template("{{ missing is sequence }}") == "True");
  CHECK(rendered_template("{{ 5 is iterable }}") == "False");
  CHECK(rendered_template("{{ none is none }}") == "True");
  CHECK(rendered_template("{{ 1 is true }}") == "False");
  CHECK(rendered_template("{{ s.upper is callable }}") == "True");
  CHECK(rendered_template("{{ missing is undefined }}") == "True");
}

TEST_CASE("jinja: tests of values have the results of Jinja2") {
  CHECK(rendered_template("{{ 3 is odd }}") == "True");
  CHECK(rendered_template("{{ 4 is even }}") == "True");
  CHECK(rendered_template("{{ 9 is divisibleby 3 }}") == "True");
  CHECK(rendered_template("{{ 1 is eq 1 }}") == "True");
  CHECK(rendered_template("{{ 1 is sameas 1 }}") == "True");
  CHECK(rendered_template("{{ 3 is in l }}") == "True");
  CHECK(rendered_template("{{ 3 is not in l }}") == "False");
  CHECK(rendered_template("{{ 3 is gt 2 }}") == "True");
  CHECK(rendered_template(R"({{ "A" is upper }})") == "True");
  CHECK(rendered_template(R"({{ "upper" is filter }})") == "True");
  CHECK(error_of_template("{{ 1 is odd is true }}").ends_with(": You cannot chain multiple tests with is"));
  CHECK(rendered_template("{{ n is defined and n > 3 }}") == "True");
  CHECK(error_of_template(R"({{ "a" is odd }})")
            .ends_with(": not all arguments converted during string formatting"));
}

// ---- Compared with Jinja2 3.1.6

TEST_CASE("jinja: groups of groupby have the attributes grouper and list") {
  CHECK(render_jinja(
            "{% set l = [{'g': 'b', 'v': 1}, {'g': 'a', 'v': 2}, {'g': 'b', 'v': 3}] %}{% for x in "
            "l|groupby('g') %}{{ x.grouper }}:{{ x.list|map(attribute='v')|list }}{{ x[0] }};{% endfor %}") ==
        "a:[2]a;b:[1, 3]b;");
  CHECK(render_jinja("{{ ([{'g': 1}]|groupby('g'))[0] }}") == "(1, [{'g': 1}])");
  CHECK(render_jinja("{{ ([{'g': 1}]|groupby('g')|first)['grouper'] }}") == "1");
  CHECK(render_jinja("{{ ([{'g': 1}]|groupby('g'))[0].other is defined }}") == "False");
  CHECK(render_jinja("{{ [{'g': 1}, {'g': 2}]|groupby('g')|map(attribute='grouper')|list }}") == "[1, 2]");
  CHECK(render_jinja("{{ ([{'g': 1}]|groupby('g'))[0] + (1,) }}") == "(1, [{'g': 1}], 1)");
}

TEST_CASE("jinja: filters and tests without parameters refuse arguments") {
  CHECK_FALSE(message_of([] { render_jinja("{{ [1]|first(1) }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ [1]|length(1) }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ 'a'|upper(x=1) }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ ['a']|map('upper', 1)|list }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ 1 is odd(1) }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ x is defined(1) }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ [1]|select('odd', 2)|list }}"); }).empty());
}

TEST_CASE("jinja: urlencode writes queries of members") {
  CHECK(render_jinja("{{ {'a b': '/c&', 'd': 1}|urlencode }}") == "a+b=%2Fc%26&d=1");
  CHECK(render_jinja("{{ [('x', 'é')]|urlencode }}") == "x=%C3%A9");
  CHECK(render_jinja("{{ 'a b/c?'|urlencode }}") == "a%20b/c%3F");
  CHECK(render_jinja("{{ {}|urlencode }}") == "");
  CHECK(render_jinja("{{ 12|urlencode }}") == "12");
}

TEST_CASE("jinja: xmlattr writes attributes") {
  CHECK(render_jinja("<p{{ {'a': 1, 'b': none, 'c': '<\"'}|xmlattr }}>") == "<p a=\"1\" c=\"&lt;&#34;\">");
  CHECK(render_jinja("<p{{ {'a': x}|xmlattr }}>") == "<p>");
  CHECK(render_jinja("{{ {'a': 1}|xmlattr(false) }}") == "a=\"1\"");
  CHECK_FALSE(message_of([] { render_jinja("{{ {'a b': 1}|xmlattr }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ {'a>': 1}|xmlattr }}"); }).empty());
}

TEST_CASE("jinja: striptags removes comments, tags and white space") {
  CHECK(render_jinja("{{ '<!-- <b> --><p>a  <b>b</b>\\n&lt;c&gt; &amp;&#39;&#x41;</p>'|striptags }}") ==
        "a b <c> &'A");
  CHECK(render_jinja("{{ 'a < b'|striptags }}") == "a < b");
  CHECK(render_jinja("{{ '<!-- a'|striptags }}") == "<!-- a");
  CHECK(render_jinja("{{ '& b; &;'|striptags }}") == "& b; &;");
}

TEST_CASE("jinja: the tests filter and test refuse values that cannot be keys") {
  CHECK_FALSE(message_of([] { render_jinja("{{ [] is filter }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ {} is test }}"); }).empty());
  CHECK(render_jinja("{{ 1 is filter }}") == "False");
  CHECK(render_jinja("{{ 'upper' is filter }}") == "True");
}

TEST_CASE("jinja: wordwrap breaks lines at spaces, hyphens and dashes") {
  const std::string words = "{{ 'The quick well-known fox--or dog -- jumps,  over it'|wordwrap(";
  CHECK(rendered_template(words + "10) }}") == "The quick\nwell-known\nfox--or\ndog --\njumps,\nover it");
  CHECK(rendered_template(words + "7) }}") == "The\nquick\nwell-\nknown\nfox--or\ndog --\njumps,\nover it");
  CHECK(rendered_template(words + "7, break_on_hyphens=false) }}") ==
        "The\nquick w\nell-kno\nwn\nfox--or\ndog --\njumps,\nover it");
  CHECK(rendered_template(words + "5, false, ' | ') }}") ==
        "The | quick | well- | known | fox-- | or | dog | -- | jumps, | over | it");
  CHECK(rendered_template("{{ 'abcdefgh ij'|wordwrap(3) }}") == "abc\ndef\ngh\nij");
  CHECK(rendered_template("{{ 'a b\\n\\n  c d e'|wordwrap(3) }}") == "a b\n\n  c\nd e");
  CHECK(rendered_template("{{ ''|wordwrap }}|{{ 'é é'|wordwrap(1) }}") == "|é\né");
  CHECK(error_of_template("{{ 'a'|wordwrap(0) }}").ends_with(": invalid width 0 (must be > 0)"));
  CHECK(error_of_template("{{ 5|wordwrap }}").ends_with(": 'int' object has no attribute 'splitlines'"));
}

TEST_CASE("jinja: pprint sorts dicts, and uses several lines if one has no room") {
  CHECK(rendered_template("{{ d|pprint }}") == "{'a': [1, 2], 'b': 1}");
  CHECK(rendered_template("{{ {2: 1, 'a': 1, none: 1, 1.5: 1}|pprint }}") ==
        "{None: 1, 1.5: 1, 2: 1, 'a': 1}");
  CHECK(rendered_template("{{ [s * 4, (s * 5,)]|pprint }}") ==
        "['héllo Wörldhéllo Wörldhéllo Wörldhéllo Wörld',\n"
        " ('héllo Wörldhéllo Wörldhéllo Wörldhéllo Wörldhéllo Wörld',)]");
  CHECK(rendered_template("{{ {'key': s * 8, 'l': [1]}|pprint }}") ==
        "{'key': 'héllo Wörldhéllo Wörldhéllo Wörldhéllo Wörldhéllo Wörldhéllo '\n"
        "        'Wörldhéllo Wörldhéllo Wörld',\n 'l': [1]}");
  CHECK(rendered_template("{{ ('ab c\\n' * 3)|pprint }}") == "'ab c\\nab c\\nab c\\n'");
  CHECK(
      rendered_template("{{ ('abcdefghi ' * 9)|pprint }}") ==
      "('abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi '\n 'abcdefghi abcdefghi ')");
}

TEST_CASE("jinja: random takes an element, and the same one in each rendering") {
  CHECK(rendered_template("{{ [7]|random }}{{ 'a'|random }}{{ []|random is defined }}") == "7aFalse");
  const std::string source = "{% for i in range(20) %}{{ range(9)|random }}{% endfor %}";
  CHECK(rendered_template(source) == rendered_template(source));
  CHECK(rendered_template("{{ [1, 2, 3]|random in [1, 2, 3] }}") == "True");
  CHECK(rendered_template("{{ missing|random }}") == "");
  CHECK(error_of_template("{{ 5|random }}").ends_with(": object of type 'int' has no len()"));
}

TEST_CASE("jinja: filters refuse what Python refuses, and take undefined values as fillers") {
  CHECK(error_of_template("{{ [1,2,3,4]|truncate(3, leeway=0) }}")
            .ends_with(": 'list' object has no attribute 'rsplit'"));
  CHECK(rendered_template("{{ ('<b> cd'|safe)|truncate(5, true, '&', 0) }}") == "<b> &amp;");
  CHECK(rendered_template("{{ [1]|slice(2, none)|list }}{{ [1]|slice(2, missing)|list }}") ==
        "[[1], []][[1], [Undefined]]");
  CHECK(rendered_template("{{ [1]|batch(2, missing)|list }}") == "[[1, Undefined]]");
  CHECK(rendered_template("{{ [d]|max }}") == "{'b': 1, 'a': [1, 2]}");
  CHECK(rendered_template("{{ 'हिन्दी a_b'|wordcount }}") == "4");
  CHECK(rendered_template("{{ big|round }} {{ big|round(1, 'floor') }}") ==
        "123456789012345678901234567890 1.2345678901234568e+29");
}

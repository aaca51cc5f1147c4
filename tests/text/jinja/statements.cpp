// SPDX-License-Identifier: MIT
// Statements of templates. The expected texts are from Jinja2 3.1.
#include "support/jinja.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("jinja: for has the variable loop") {
  CHECK(rendered_template(
            "{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ "
            "loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }},{% endfor %}") ==
        "1032TrueFalse31,2121FalseFalse31,3210FalseTrue31,");
  CHECK(rendered_template("{% for x in l %}{{ loop.previtem }}-{{ loop.nextitem }};{% endfor %}") ==
        "-1;3-2;1-;");
  CHECK(rendered_template("{% for x in l %}{{ loop.cycle('a','b') }}{% endfor %}") == "aba");
  CHECK(rendered_template("{% for x in [1,1,2] %}{{ loop.changed(x) }}{% endfor %}") == "TrueFalseTrue");
}

TEST_CASE("jinja: for goes through texts, lists, dicts and undefined values") {
  CHECK(rendered_template("{% for c in 'héy' %}{{ c }}-{% endfor %}") == "h-é-y-");
  CHECK(rendered_template("{% for k in d %}{{ k }}{% endfor %}") == "ba");
  CHECK(rendered_template("{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}") == "b=1;a=[1, 2];");
  CHECK(rendered_template("{% for x in missing %}a{% else %}none{% endfor %}") == "none");
  CHECK(error_of_template("{% for x in z %}{% endfor %}").ends_with(": 'NoneType' object is not iterable"));
  CHECK(error_of_template("{% for x in 5 %}{% endfor %}").ends_with(": 'int' object is not iterable"));
  CHECK(rendered_template("{% for a,(b,c) in [[1,[2,3]]] %}{{a}}{{b}}{{c}}{% endfor %}") == "123");
  CHECK(error_of_template("{% for a, b in [1] %}{% endfor %}")
            .ends_with(": cannot unpack non-iterable int object"));
  CHECK(error_of_template("{% for a, b in [[1,2,3]] %}{% endfor %}")
            .ends_with(": too many values to unpack (expected 2)"));
}

TEST_CASE("jinja: for has conditions, else, break and continue") {
  CHECK(rendered_template("{% for x in l if x > 1 %}{{ loop.index }}:{{ x }} {% endfor %}") == "1:3 2:2 ");
  CHECK(rendered_template("{% for x in l if x > 5 %}{% else %}no{% endfor %}") == "no");
  CHECK(rendered_template("{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}") ==
        "32");
  CHECK(rendered_template("{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}") == "3");
}

TEST_CASE("jinja: break and continue leave set and filter blocks, and the text of these blocks is lost") {
  CHECK(render_jinja(
            "{% for x in [1, 2, 3] %}{% set t %}a{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endset %}"
            "{{ t }}{% endfor %}") == "a1");
  CHECK(render_jinja("{% for x in [1, 2, 3] %}{% filter upper %}a{% if x == 2 %}{% continue %}{% endif %}"
                     "{{ x }}{% endfilter %}{% endfor %}") == "A1A3");
}

TEST_CASE("jinja: break and continue leave with and autoescape") {
  CHECK(render_jinja("{% for x in [1, 2, 3] %}{% with y = x %}{% if y == 2 %}{% break %}{% endif %}{{ y }}"
                     "{% endwith %}{% endfor %}") == "1");
  CHECK(render_jinja("{% for x in [1, 2, 3] %}{% autoescape false %}{% if x == 2 %}{% continue %}{% endif %}"
                     "{{ x }}{% endautoescape %}{% endfor %}") == "13");
}

TEST_CASE("jinja: recursive loops call themselves") {
  CHECK(rendered_template("{% for x in [[1,[2]],[3]] recursive %}{{ loop.depth }}{% if x is iterable %}({{ "
                          "loop(x) }}){% else %}{{ x }}{% endif %}{% endfor %}") == "1(212(32))1(23)");
  CHECK(error_of_template("{% for x in l %}{{ loop(x) }}{% endfor %}")
            .ends_with(": The loop must have the 'recursive' marker to be called recursively."));
}

TEST_CASE("jinja: set in a loop does not change the variable outside, but a namespace does") {
  CHECK(rendered_template("{% set x = 1 %}{% for i in l %}{% set x = x + i %}{{ x }},{% endfor %}{{ x }}") ==
        "4,2,3,1");
  CHECK(rendered_template(
            "{% set ns = namespace(x=0) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}") ==
        "6");
  CHECK(
      error_of_template("{% set d.x = 1 %}").ends_with(": cannot assign attribute on non-namespace object"));
  CHECK(rendered_template("{% set a, b = 1, 2 %}{{ a }}{{ b }}") == "12");
  CHECK(rendered_template("{% if 1 %}{% set y = 5 %}{% endif %}{{ y }}") == "5");
}

TEST_CASE("jinja: set blocks capture text, with filters") {
  CHECK(rendered_template("{% set x %}hello {{ n }}{% endset %}[{{ x }}]") == "[hello 5]");
  CHECK(rendered_template("{% set x | replace('l','L') | trim %} hello {% endset %}{{ x }}") == "heLLo");
  CHECK(rendered_template("{% set x %}{% set y = 2 %}{{ y }}{% endset %}{{ x }}{{ y is defined }}") ==
        "2False");
}

TEST_CASE("jinja: macros have parameters, defaults, varargs and kwargs") {
  CHECK(rendered_template("{% macro f(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }}{{ f(1, "
                          "3) }}{{ f(b=1, a=9) }}{{ f() }}") == "1211319192");
  CHECK(error_of_template("{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1,2) }}")
            .ends_with(": macro 'f' takes not more than 1 argument(s)"));
  CHECK(error_of_template("{% macro f(a) %}{{ a }}{% endmacro %}{{ f(b=2) }}")
            .ends_with(": macro 'f' takes no keyword argument 'b'"));
  CHECK(rendered_template("{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1,2,x=3) }}") ==
        "(1, 2){'x': 3}");
  CHECK(rendered_template("{% macro f(a) %}{{ a }}{{ kwargs }}{% endmacro %}{{ f(1, a=2) }}") == "1{'a': 2}");
  CHECK(rendered_template(
            "{% macro f(x) %}{% if x > 0 %}{{ x }}{{ f(x-1) }}{% endif %}{% endmacro %}{{ f(3) }}") == "321");
  CHECK(rendered_template("{% macro f() %}{{ x }}{% endmacro %}{% set x = 5 %}{{ f() }}") == "5");
  CHECK(rendered_template(
            "{% macro f() %}{% set z9 = 1 %}{{ n }}{% endmacro %}{{ f() }}{{ z9 is defined }}") == "5False");
}

TEST_CASE("jinja: call blocks pass a caller") {
  CHECK(rendered_template("{% macro f() %}[{{ caller(1, b=2) }}]{% endmacro %}{% call(a, b) f() %}{{ a "
                          "}}{{ b }}{% endcall %}") == "[12]");
  CHECK(rendered_template("{% macro f() %}{{ caller is defined }}{% endmacro %}{{ f() }}") == "False");
  CHECK(error_of_template("{% macro f() %}{{ caller() }}{% endmacro %}{{ f() }}")
            .ends_with(": No caller defined"));
}

TEST_CASE("jinja: filter blocks, with and generation write their contents") {
  CHECK(rendered_template("{% filter replace('a','b')|upper %}abc{% endfilter %}") == "BBC");
  CHECK(rendered_template("{% with a=1, b=2 %}{{ a+b }}{% endwith %}{{ a is defined }}") == "3False");
  CHECK(rendered_template("{% generation %}gen{{ n }}{% endgeneration %}") == "gen5");
}

TEST_CASE("jinja: an unknown filter in an if is an error only if it is used") {
  CHECK(rendered_template("{% if 0 %}{{ n|nosuch }}{% endif %}ok") == "ok");
  CHECK(error_of_template("{% if 1 %}{{ n|nosuch }}{% endif %}")
            .ends_with(": No filter named 'nosuch' found."));
  CHECK(rendered_template("{{ 1 if 1 else n|nosuch }}") == "1");
  CHECK(error_of_template("{{ n|nosuch }}").ends_with(": No filter named 'nosuch'."));
  CHECK(error_of_template("{% if n is nosuch %}{% endif %}").ends_with(": No test named 'nosuch' found."));
  CHECK(error_of_template("{% if 0 %}{% for x in l %}{{ x|nosuch }}{% endfor %}{% endif %}ok")
            .ends_with(": No filter named 'nosuch'."));
}

TEST_CASE("jinja: unknown tags and wrong statements are errors") {
  CHECK(error_of_template("{% foo %}").ends_with(": Encountered unknown tag 'foo'."));
  CHECK(error_of_template("{% endif %}").ends_with(": Encountered unknown tag 'endif'."));
  CHECK(error_of_template("{% for in l %}{% endfor %}").ends_with(": expected token 'in', got 'l'"));
  CHECK(error_of_template("{% macro f(a=1,b) %}{% endmacro %}")
            .ends_with(": non-default argument follows default argument"));
  CHECK(error_of_template("{% for loop in l %}{% endfor %}")
            .ends_with(": Can't assign to special loop variable in for-loop target"));
}

TEST_CASE("jinja: the else block of a loop runs if no iteration reached the end of the body") {
  CHECK(rendered_template("{% for x in [1, 2] %}{{ x }}{% continue %}{% else %}E{% endfor %}") == "12E");
  CHECK(rendered_template("{% for x in [1, 2] %}{{ x }}{% break %}{% else %}E{% endfor %}") == "1E");
  CHECK(rendered_template("{% for x in [1, 2] %}{{ x }}{% else %}E{% endfor %}") == "12");
}

TEST_CASE("jinja: an attribute of a value that is no namespace is refused before the value is evaluated") {
  CHECK(error_of_template("{% set n.x = nothing.y %}")
            .ends_with(": cannot assign attribute on non-namespace object"));
}

// ---- Compared with Jinja2 3.1.6

TEST_CASE("jinja: a block writes its contents in place") {
  CHECK(render_jinja("a{% block b %}x{% endblock %}c") == "axc");
  CHECK(render_jinja("{% set x = 1 %}{% block b %}{{ x }}{% set x = 2 %}{{ x }}{% endblock b %}{{ x }}") ==
        "121");
  CHECK(render_jinja("{% for i in [1, 2] %}{% block b %}[{{ i }}]{% endblock %}{% endfor %}") == "[][]");
  CHECK(render_jinja("{% for i in [1, 2] %}{% block b scoped %}[{{ i }}]{% endblock b %}{% endfor %}") ==
        "[1][2]");
  CHECK_FALSE(message_of([] { render_jinja("{% block b required %} {% endblock %}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{% block b required %}x{% endblock %}"); }).empty());
  CHECK_FALSE(
      message_of([] { render_jinja("{% block b %}{% endblock %}{% block b %}{% endblock %}"); }).empty());
  CHECK_FALSE(message_of([] {
                render_jinja("{% for i in [1] %}{% block b %}{% break %}{% endblock %}{% endfor %}");
              }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{% block b %}{% endblock c %}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{% block b-c %}{% endblock %}"); }).empty());
  CHECK(render_jinja("{% if false %}{% block b required %}{% endblock %}{% endif %}y") == "y");
}

TEST_CASE("jinja: autoescape with a false value is a scope") {
  CHECK(render_jinja(
            "{% set x = 1 %}{% autoescape false %}{% set x = 2 %}{{ x }}<{% endautoescape %}{{ x }}") ==
        "2<1");
}

TEST_CASE("jinja: tags that load templates fail when they are executed") {
  CHECK(render_jinja("{% if false %}{% include 'a' %}{% include 'a' ignore missing %}{% include ['a', b] "
                     "without context %}{% import 'a' as b %}{% import 'a' as b with context %}{% from 'a' "
                     "import b, c as d %}{% from 'a' import b with context %}{% endif %}x") == "x");
  CHECK_FALSE(message_of([] { render_jinja("{% include 'a' %}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{% import 'a' as b %}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{% from 'a' import b %}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{% import 'a' %}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{% from 'a' %}"); }).empty());
}

TEST_CASE("jinja: assigning to loop in a for loop is an error") {
  CHECK_FALSE(message_of([] { render_jinja("{% for x in [1] %}{% set loop = 1 %}{% endfor %}"); }).empty());
  CHECK_FALSE(message_of([] {
                render_jinja("{% for x in [1] %}{% else %}{% set loop %}{% endset %}{% endfor %}");
              }).empty());
  CHECK_FALSE(message_of([] {
                render_jinja("{% for x in [1] %}{% for loop in [1] %}{% endfor %}{% endfor %}");
              }).empty());
  CHECK_FALSE(message_of([] {
                render_jinja(
                    "{% for x in [] %}{% macro m() %}{% set a, loop = 1, 2 %}{% endmacro %}{% endfor %}");
              }).empty());
  CHECK(render_jinja("{% set loop = 1 %}{{ loop }}") == "1");
}

TEST_CASE("jinja: targets of for and with are names") {
  CHECK_FALSE(
      message_of([] { render_jinja("{% set n = namespace() %}{% for n.x in [1] %}{% endfor %}"); }).empty());
  CHECK_FALSE(
      message_of([] { render_jinja("{% set n = namespace() %}{% with n.x = 1 %}{% endwith %}"); }).empty());
  CHECK(render_jinja("{% set n = namespace() %}{% set n.a, y = 1, 2 %}{{ n.a }}{{ y }}") == "12");
  CHECK(render_jinja("{% set n = namespace() %}{% set y, n.a = 1, 2 %}{{ n.a }}{{ y }}") == "21");
  CHECK_FALSE(message_of([] { render_jinja("{% set n = 1 %}{% set n.a, y = 1, 2 %}"); }).empty());
  CHECK(render_jinja("{% set n = namespace() %}{% set n.a, n.b = 1, 2 %}{{ n.a }}{{ n.b }}") == "12");
}

TEST_CASE("jinja: repeated names of parameters and arguments are errors") {
  CHECK_FALSE(message_of([] { render_jinja("{% macro m(a, a) %}{% endmacro %}"); }).empty());
  CHECK_FALSE(message_of([] {
                render_jinja("{% macro m(a) %}{% endmacro %}{% call(x, x) m() %}{% endcall %}");
              }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ dict(a=1, a=2) }}"); }).empty());
  CHECK_FALSE(message_of([] { render_jinja("{{ 'a'|default(x=1, x=2) }}"); }).empty());
}

TEST_CASE("jinja: break and continue do not leave a generation tag") {
  CHECK_FALSE(message_of([] {
                render_jinja("{% for x in [1] %}{% generation %}{% break %}{% endgeneration %}{% endfor %}");
              }).empty());
  CHECK(render_jinja("{% for x in [1] %}{% generation %}{% for y in [1, 2] %}{{ y }}{% break %}{% endfor "
                     "%}{% endgeneration %}{% endfor %}") == "1");
}

TEST_CASE("jinja: macros have attributes") {
  CHECK(render_jinja("{% macro m(a, b=1) %}{{ kwargs }}{% endmacro %}{{ m.name }}{{ m.arguments }}{{ "
                     "m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}") == "m('a', 'b')TrueFalseFalse");
  CHECK(render_jinja("{% macro m() %}{{ varargs }}{{ caller() }}{% endmacro %}{{ m.arguments }}{{ "
                     "m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}{{ m.other is defined }}") ==
        "()FalseTrueTrueFalse");
}

TEST_CASE("jinja: self has the blocks, which see the variables of the template") {
  CHECK(rendered_template("{% block a %}<{{ n }}>{% endblock %}{{ self.a() }}{{ self['a']()|length }}") ==
        "<5><5>3");
  CHECK(rendered_template("{{ self.a() }}{% set x = 1 %}{% block a %}{{ x }},{% endblock %}{{ self.a() }}") ==
        ",1,1,");
  CHECK(rendered_template("{{ self.nope is defined }} {{ self }} {{ self is callable }}") ==
        "False <TemplateReference None> False");
  CHECK(error_of_template("{{ self.nope() }}")
            .ends_with(": 'jinja2.runtime.TemplateReference object' has no attribute 'nope'"));
  CHECK(error_of_template("{% block a %}{{ self.a() }}{% endblock %}").find("nested too deeply") !=
        std::string::npos);
  CHECK(rendered_template("{% if 0 %}{% block a required %} {% endblock %}{% endif %}<{{ self.a() }}>") ==
        "< >");
}

TEST_CASE("jinja: a loop or a macro before an assignment does not see the given variable of that name") {
  CHECK(rendered_template("{% for x in [1] %}[{{ n }}]{% endfor %}{% set n = 7 %}{{ n }}") == "[]7");
  CHECK(rendered_template("{{ n }}{% for x in [1] %}[{{ n }}]{% endfor %}{% set n = 7 %}{{ n }}") == "5[5]7");
  CHECK(rendered_template("{% macro m() %}[{{ n }}]{% endmacro %}{{ m() }}{% set n = 7 %}{{ m() }}") ==
        "[][7]");
  CHECK(rendered_template("{% set n %}<{{ n }}>{% endset %}{{ n }}") == "<>");
  CHECK(error_of_template("{% for x in [1] %}{{ n + 1 }}{% endfor %}{% set n = 7 %}")
            .ends_with(": 'n' is undefined"));
}

TEST_CASE("jinja: an assignment in a condition does not hide the given variable before it") {
  const std::string loop = "{% for x in [1] %}[{{ n }}]{% endfor %}";
  CHECK(rendered_template(loop + "{% if z %}{% set n = 7 %}{% endif %}{{ n }}") == "[5]5");
  CHECK(rendered_template(loop + "{% if z %}{% set n = 7 %}{% else %}{% set n = 8 %}{% endif %}{{ n }}") ==
        "[5]8");
  CHECK(rendered_template(loop + "{% if z %}{% set n = 7 %}{% elif z %}{% set n = 9 %}{% else %}"
                                 "{% set n = 8 %}{% endif %}{{ n }}") == "[5]8");
  CHECK(rendered_template("{% for y in [1] %}" + loop + "{% set n = 7 %}{{ n }}{% endfor %}") == "[]7");
  CHECK(rendered_template("{% for y in [1] %}" + loop + "{% set n = 7 %}{% endfor %}{{ n }}") == "[5]5");
}

TEST_CASE("jinja: call and filter tags write texts only, and their filters see what the block sets") {
  CHECK(error_of_template("{% filter length %}abc{% endfilter %}")
            .ends_with("expected str instance, int found"));
  CHECK(rendered_template("{% filter replace('a', x) %}a{% set x = 'b' %}{% endfilter %}") == "b");
  CHECK(rendered_template("{% set y | replace('a', x) %}a{% set x = 'b' %}{% endset %}{{ y }}") == "b");
}

TEST_CASE("jinja: the macro of a call tag has no name") {
  CHECK(rendered_template(
            "{% macro m() %}{{ caller }}{{ caller.name }}{% endmacro %}{% call m() %}{% endcall %}") ==
        "<Macro anonymous>None");
  CHECK(error_of_template("{% macro m() %}{{ caller(1) }}{% endmacro %}{% call m() %}{% endcall %}")
            .ends_with(": macro None takes not more than 0 argument(s)"));
}

TEST_CASE("jinja: the target of a loop cannot end with a comma") {
  CHECK(error_of_template("{% for x, in [[1]] %}{% endfor %}").find("expected token 'in'") !=
        std::string::npos);
}

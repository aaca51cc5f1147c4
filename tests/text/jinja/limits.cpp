// SPDX-License-Identifier: MIT
// Templates are programs from strangers: each template in this file ends soon, with an error or with a text.
#include "detail/io/json.hpp"
#include "detail/text/chat_template.hpp"
#include "support/jinja.hpp"
#include "support/check_message.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace {

std::string copies(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

void refuses_template(const std::string& source, std::initializer_list<std::string_view> parts) {
  const Watchdog watchdog(std::chrono::seconds(60));
  check_message([&] { render_jinja(source); }, parts);
}

std::string user_message(int i) {
  return R"({"role": "user", "content": "question )" + std::to_string(i) + "\"},";
}

}  // namespace

TEST_CASE("jinja: endless work is an error") {
  const std::string three =
      "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}";
  refuses_template(three + "{% endfor %}{% endfor %}{% endfor %}", {"line 1", "needs more than the allowed"});
  refuses_template("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", {"line 1", "nested too deeply"});
  refuses_template("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", {"nested too deeply"});
  refuses_template("{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}",
                   {"needs more than the allowed"});
}

TEST_CASE(
    "jinja: keys that are tuples of tuples, and calls with thousands of parameters, count their steps") {
  refuses_template(
      "{% set n = namespace(x=(1,)) %}{% for i in range(60) %}{% set n.x = (n.x, n.x) %}{% endfor %}"
      "{{ {n.x: 1}|length }}",
      {"needs more than the allowed"});
  std::string parameters;
  for (int i = 0; i < 30'000; ++i) parameters += "a" + std::to_string(i) + ",";
  refuses_template("{% macro m(" + parameters + "z) %}{% endmacro %}" + copies("{{ m() }}", 1000),
                   {"needs more than the allowed"});
}

TEST_CASE("jinja: endless memory is an error") {
  const std::string grow = "{% set ns = namespace(x=";
  const std::string twice = ") %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}";
  refuses_template(grow + "'a'" + twice, {"memory"});
  refuses_template(grow + "[1]" + twice, {"memory"});
  refuses_template("{{ 'ab' * 99999999999 }}", {"memory"});
  refuses_template("{{ [1] * 99999999999 }}", {"memory"});
  refuses_template("{{ 'a'.center(99999999999) }}", {"memory"});
  refuses_template("{{ ('a' * 99999).replace('a', 'b' * 99999) }}", {"memory"});
  refuses_template("{% set x = 'a' * 999999 %}{% for i in range(99999) %}{{ x }}{% endfor %}", {"memory"});
  refuses_template(
      "{% set x = 'a' * 99999 %}{% for i in range(99999) %}{% set y = x.split('a') %}{% endfor %}",
      {"memory"});
  refuses_template("{% for i in range(99999) %}{{ '%999999d' % 1 }}{% endfor %}", {"memory"});
  refuses_template("{% for i in range(99999) %}{{ '{:999999}'.format(1) }}{% endfor %}", {"memory"});
}

TEST_CASE("jinja: texts that formats and tojson write count as memory while they grow") {
  const std::string text = "{% set x = 'a' * 1000000 %}";
  refuses_template(text + "{{ '%s' * 3000 % ((x,) * 3000) }}", {"memory"});
  refuses_template(text + "{{ ('{0}' * 3000).format(x) }}", {"memory"});
  refuses_template(text + "{{ ([1] * 3000)|tojson(separators=(x, ':')) }}", {"memory"});
  refuses_template("{{ ('\\x01' * 50000000)|tojson }}", {"memory"});
}

TEST_CASE("jinja: the arguments that cyclers and loops keep count as memory") {
  const std::string loop = "{% set r = range(100000) %}{% for i in range(999) %}";
  refuses_template(loop + "{% set c = cycler(*r) %}{% endfor %}", {"memory"});
  refuses_template(loop + "{% for x in [1] %}{% set c = loop.changed(*r) %}{% endfor %}{% endfor %}",
                   {"memory"});
}

TEST_CASE("jinja: calculating with long whole numbers counts steps") {
  const std::string number = "{% set b = " + std::string(4300, '9') + " %}";
  const std::string loops = "{% for i in range(999) %}{% for j in range(999) %}";
  for (const char* const use : {"b == b", "b < 1e300", "-b", "b|round"})
    refuses_template(number + loops + "{% if " + use + " %}{% endif %}{% endfor %}{% endfor %}",
                     {"needs more than the allowed"});
}

TEST_CASE("jinja: an error about nesting that is never thrown does not count as nesting") {
  CHECK(render_jinja(
            "{% set ns = namespace(x=[], y=[]) %}{% for i in range(999) %}{% set ns.x = [ns.x] %}{% endfor %}"
            "{% for i in range(880) %}{% set ns.y = [ns.y] %}{% endfor %}"
            "{% for i in range(150) %}{% set g = [ns.x]|map('string') %}{% endfor %}"
            "{{ ns.y|string|length }}") == "1762");
}

TEST_CASE("jinja: deep templates are errors") {
  const std::pair<const char*, const char*> brackets[] = {{"(", ")"},   {"[", "]"},    {"{1:", "}"},
                                                          {"not ", ""}, {"-", ""},     {"x[", "]"},
                                                          {"f(", ")"},  {"1 if ", ""}, {"x is eq (", ")"}};
  for (const auto& [open, close] : brackets)
    refuses_template("{{ " + copies(open, 50'000) + "1" + copies(close, 50'000) + " }}",
                     {"nested too deeply"});
  refuses_template(copies("{% if 1 %}", 50'000), {"nested too deeply"});
  refuses_template(copies("{% for x in y %}", 30'000), {"nested too deeply"});
  for (const char* const link : {"+1", ".a", "[1]", "|e", " and 1", "**1", "()"})
    refuses_template("{{ 1" + copies(link, 100'000) + " }}", {"nested too deeply"});
}

TEST_CASE("jinja: deep values and cycles are printed, or are errors") {
  refuses_template(
      "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
      {"nested too deeply"});
  refuses_template(
      "{% set ns = namespace(x=[], y=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}"
      "{% set ns.y = [ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
      {"nested too deeply"});
  refuses_template("{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}", {"nested too deeply"});
  refuses_template("{% set ns = namespace() %}{% set ns.x = [ns] %}{{ ns.x | tojson }}", {"not JSON"});
}

TEST_CASE("jinja: a large template of many parts is parsed and run in linear time") {
  const Watchdog watchdog(std::chrono::seconds(60));
  CHECK(render_jinja(copies("{{ 1 }}", 140'000)).size() == 140'000);
  CHECK(render_jinja("{{ " + copies("1 ~ ", 200'000) + "1 }}").size() == 200'001);
  CHECK(render_jinja("{{ [" + copies("1,", 400'000) + "] | length }}") == "400000");
  CHECK(render_jinja("{% if 0 %}" + copies("{% elif 0 %}", 80'000) + "{% else %}x{% endif %}") == "x");
  CHECK(render_jinja("{#" + copies("{#", 400'000) + "#}x") == "x");
  check_message([] { render_jinja(copies("{", 900'000)); }, {"expected '}}'"});
}

TEST_CASE("jinja: many variables are refused before they take quadratic time") {
  std::string source;
  for (int i = 0; i < 30'000; ++i) source += "{% set v" + std::to_string(i) + " = 1 %}";
  refuses_template(source, {"needs more than the allowed number of steps"});
}

TEST_CASE("jinja: searches for long texts are linear") {
  const Watchdog watchdog(std::chrono::seconds(60));
  const std::string text = "{% set t = 'a' * 2000000 %}{% set n = 'a' * 100000 ~ 'b' %}";
  CHECK(render_jinja(text + "{{ t.find(n) }},{{ t.rfind(n) }},{{ n in t }},{{ t.count(n) }}") ==
        "-1,-1,False,0");
  CHECK(render_jinja(
            text + "{{ t.replace(n, '') | length }},{{ t.split(n) | length }},{{ t.rsplit(n) | length }}") ==
        "2000000,1,1");
}

TEST_CASE("jinja: stripping many characters takes linear time") {
  const Watchdog watchdog(std::chrono::seconds(60));
  CHECK(render_jinja("{{ ('a' * 2000000)|trim('b' * 2000000 ~ 'a')|length }}") == "0");
  CHECK(render_jinja("{{ ('é' * 1000000).strip('b' * 2000000 ~ 'é')|length }}") == "0");
}

TEST_CASE("jinja: stripping counts the steps of reading the characters") {
  refuses_template(
      "{% set c = 'b' * 4000000 %}{% for i in range(99999) %}{% set x = 'a'|trim(c) %}{% endfor %}",
      {"number of steps"});
}

TEST_CASE("jinja: reading long texts counts steps") {
  const std::string loop = "{% set s = 'a.' * 100000 %}{% for i in range(99999) %}{% set x = ";
  for (const char* const use : {"'%.1s' % s", "'{:.1}'.format(s)", "[]|sort(attribute=s)", "{}|attr(s)",
                                "[1][s]", "s is upper", "[s]|string"})
    refuses_template(loop + use + " %}{% endfor %}", {"needs more than the allowed"});
}

TEST_CASE("jinja: striptags and wordwrap take linear time") {
  const Watchdog watchdog(std::chrono::seconds(60));
  CHECK(render_jinja("{{ ('&' * 1000000)|striptags|length }}") == "1000000");
  CHECK(render_jinja("{{ ('-' * 1000000)|wordwrap(3)|length }}") == "1333333");
}

TEST_CASE("jinja: comparing long keys counts steps") {
  const std::string key = "{% set k = 'a' * 10000000 %}{% set d = {k: 1, (k, 1): 2} %}";
  for (const char* const found : {"d[k]", "d[(k, 1)]", "d.get(k)", "k in d", "dict(d)"})
    refuses_template(key + "{% for i in range(99999) %}{% set x = " + found + " %}{% endfor %}",
                     {"number of steps"});
  refuses_template("{{ (['a' * 1000000] * 2000) | unique(true) | list | length }}", {"number of steps"});
}

TEST_CASE("jinja: temporary tables of long texts count as memory") {
  refuses_template("{{ ('a' * 30000000)[0] }}", {"memory"});
  refuses_template("{{ '%.1s' % ('a' * 30000000) }}", {"memory"});
  refuses_template("{{ 'a' * 10000000 in 'a' * 60000000 }}", {"memory"});
}

TEST_CASE("jinja: temporary tables give their memory back") {
  CHECK(render_jinja("{% set t = 'a' * 1000000 %}{% for i in range(50) %}{{ t[0] }}{% endfor %}") ==
        std::string(50, 'a'));
}

TEST_CASE("jinja: a template above a mebibyte is an error") {
  refuses_template(std::string((1 << 20) + 1, 'x'), {"template", "at most 1048576 bytes", "1048577"});
}

TEST_CASE("jinja: the limits grow with the input") {
  const std::string text(3'000'000, 'a');
  const Watchdog watchdog(std::chrono::seconds(60));
  CHECK(render_jinja("{% for i in range(20) %}{% set y = x ~ i %}{% endfor %}ok",
                     R"({"x": ")" + text + "\"}") == "ok");
}

// ---- Compared with Jinja2 3.1.6, in which a macro of an iteration loses the variables of the iteration when the iteration ends

TEST_CASE("jinja: macros and recursive loops keep the variables of an iteration") {
  CHECK(render_jinja("{% set n = namespace(l=[]) %}{% for x in [1, 2, 3] %}{% macro m() %}{{ x }}{% endmacro "
                     "%}{% set n.l = n.l + [m] %}{% endfor %}{% for m in n.l %}{{ m() }}{% endfor %}") ==
        "123");
  CHECK(render_jinja(
            "{% set n = namespace(l=[]) %}{% for x in [1, 2] %}{% with y = x %}{% if true %}{% for z "
            "in [1] %}{% macro m() %}{{ x }}{{ y }}{% endmacro %}{% set n.l = n.l + [m] %}{% endfor "
            "%}{% endif %}{% endwith %}{% endfor %}{% for m in n.l %}{{ m() }}{% endfor %}") == "1122");
  CHECK(render_jinja("{% for x in [1, 2] %}{% for y in [[1, [2]]] recursive %}{{ x }}{% if y is sequence "
                     "%}{{ loop(y) }}{% endif %}{% endfor %}{% endfor %}") == "11112222");
  CHECK(render_jinja("{% set n = namespace() %}{% for x in [5, 6, 7] %}{% set n.l = loop %}{% endfor %}{{ "
                     "n.l.index }}{{ n.l.previtem }}{{ n.l.length }}") == "363");
  CHECK(render_jinja("{% for x in [1, 2] %}{% if loop.first %}{% set y = 1 %}{% endif %}{{ y is defined }}{% "
                     "endfor %}") == "TrueFalse");
}

TEST_CASE("jinja: ranges compute their elements") {
  CHECK(render_jinja("{% set r = range(10, 0, -3) %}{{ r|list }}{{ r|length }}{{ r[1] }}{{ r[-1] }}{{ r[1:] "
                     "}}{{ r[::-1]|list }}{{ r|first }}{{ r|last }}{{ 7 in r }}{{ 8 in r }}{{ r|sum }}{{ "
                     "r|reverse|list }}{{ r|join(',') }}") ==
        "[10, 7, 4, 1]471range(7, -2, -3)[1, 4, 7, 10]101TrueFalse22[1, 4, 7, 10]10,7,4,1");
  CHECK(render_jinja("{{ range(3) == range(0, 3) }}{{ range(0) == range(5, 5) }}{{ range(0, 4, 2) == "
                     "range(0, 3, 2) }}{{ range(2) == [0, 1] }}{{ (range(0) and 1)|string }}") ==
        "TrueTrueTrueFalserange(0, 0)");
  CHECK(render_jinja("{% for x in range(3) %}{{ x }}{{ loop.nextitem }}{{ loop.revindex }}{% endfor %}") ==
        "01312221");
  CHECK(render_jinja("{% for x in range(4) if x % 2 %}{{ x }}{{ loop.length }}{% endfor %}") == "1232");
  CHECK(render_jinja("{% set a, b = range(2) %}{{ a }}{{ b }}") == "01");
  CHECK(render_jinja("{{ [range(2)[5] is defined, range(3).index(2), range(3).count(1)] }}") ==
        "[False, 2, 1]");
}

TEST_CASE("jinja: templates may go through thousands of messages for each message") {
  const Watchdog watchdog(std::chrono::seconds(120));
  std::string messages = "[";
  for (int i = 0; i < 1500; ++i) messages += user_message(i);
  messages += R"({"role": "user", "content": "end"}])";
  const moe::JsonDocument document(messages, "messages");
  const auto rendered = [&](std::string_view source) {
    return moe::ChatTemplate(source, "template").render(document.root());
  };
  // As the templates of gemma-4 and DeepSeek-V3.2 do.
  CHECK(rendered("{% set ns = namespace(n=0, found=false) %}{% for m in messages %}"
                 "{% for j in range(loop.index0 - 1, -1, -1) %}{% if not ns.found %}"
                 "{% if messages[j]['role'] == 'tool' %}{% set ns.n = ns.n + 1 %}{% endif %}{% endif %}"
                 "{% endfor %}{% endfor %}{{ ns.n }}") == "0");
  CHECK(rendered("{% set ns = namespace(n=0) %}{% for m in messages %}{% for k in messages %}"
                 "{% if k.role == 'system' %}{% set ns.n = ns.n + 1 %}{% endif %}{% endfor %}{% endfor %}"
                 "{{ ns.n }}") == "0");
  CHECK(rendered("{% set ns = namespace(n=0) %}{% for m in messages %}"
                 "{% for k in messages[loop.index:] %}{% break %}{% endfor %}"
                 "{% if (messages|last).role == 'user' %}{% set ns.n = ns.n + 1 %}{% endif %}"
                 "{% endfor %}{{ ns.n }}") == "1501");
}

TEST_CASE("jinja: loops over messages without end are refused") {
  std::string messages = "[";
  for (int i = 0; i < 1500; ++i) messages += user_message(i);
  messages += R"({"role": "user", "content": "end"}])";
  const Watchdog watchdog(std::chrono::seconds(120));
  const moe::JsonDocument document(messages, "messages");
  const moe::ChatTemplate chat(
      "{% for a in messages %}{% for b in messages %}{% for c in messages %}{% endfor %}{% endfor %}"
      "{% endfor %}",
      "template");
  check_message([&] { chat.render(document.root()); }, {"needs more than the allowed"});
}

TEST_CASE("jinja: texts that share a buffer do not change each other") {
  CHECK(render_jinja("{% set a = 'x' ~ 'y' %}{% set b = a ~ '1' %}{% set c = b ~ '2' %}{% set d = b ~ '3' %}"
                     "{% set e = c ~ c ~ e %}{% set f = c + '4' + c %}{{ [a, b, c, d, e, f] }}") ==
        "['xy', 'xy1', 'xy12', 'xy13', 'xy12xy12', 'xy124xy12']");
}

TEST_CASE("jinja: a text that grows in a loop takes linear memory") {
  const Watchdog watchdog(std::chrono::seconds(60));
  CHECK(render_jinja("{% set ns = namespace(out='', n='') %}{% for i in range(50000) %}"
                     "{% set ns.out = ns.out ~ 'twenty characters..' ~ i %}{% set ns.n = ns.n + 'ab' %}"
                     "{% endfor %}{{ ns.out|length }},{{ ns.n|length }}") == "1188890,100000");
}

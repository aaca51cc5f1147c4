# Prepares a header for Doxygen, so that headers need no commands of Doxygen:  awk -f filter.awk HEADER
# - Comments before declarations begin with /// or //, comments of members may stand behind them: all become /// before them.
# - An overload that follows a function without a blank line shares its comment.
# - Members that are declared together share their comment.
# - Members that a concept describes, comparisons and moves get the comment that says so, unless they have one.
# - In moe.hpp, the comment at the top becomes the main page, and its list of names becomes tables.
# Source of the notation: the manual of Doxygen, "Documenting the code" and "Markdown support".

function name_of(line) {  # of the function that a line declares; "" if it declares none
  if (line !~ /^ ? ?[A-Za-z_].*\(/ || line ~ /^ *(friend|requires|template|static_assert)/) return ""
  sub(/\(.*/, "", line)
  sub(/.*[ *&]/, "", line)
  return line
}

function known_meaning(line, name) {
  if (line ~ /operator(==|<=>)\(const .*= default;/) return "Compares all members."
  if (line ~ /operator=\([A-Za-z]*&&/ || (name != "" && index(line, " " name "(" name "&&"))) return "Moves."
  if (FILENAME ~ /_provider\.hpp$/ && name ~ /^(acquire|try_acquire|hint|load|bytes|largest_bytes|catalog|inner)$/)
    return "As the concept ExpertProvider describes it."
  if (FILENAME ~ /(lru|decayed_frequency)\.hpp$/ && name ~ /^(resize|use|insert|erase|lowest|score)$/)
    return "As the concept EvictionPolicy describes it."
  return ""
}

function print_declarators(line, text,   count, i, names, type) {  # of `type a, b;`: each gets the comment `text`
  match(line, /^ *(static constexpr )?[A-Za-z_:0-9]+ /)
  type = substr(line, 1, RLENGTH)
  line = substr(line, RLENGTH + 1)
  sub(/;.*/, "", line)
  count = split(line, names, /, /)
  for (i = 1; i <= count; ++i) print (i > 1 || !in_comment ? text "\n" : "") type names[i] ";"
}

FNR == 1 { is_face = FILENAME ~ /moe\.hpp$/ }

/^\/\/ SPDX/ { print ""; next }

# Doxygen 1.9 does not parse `namespace moe::inline v0_2`.
/^namespace / { sub(/::inline MOE_ABI/, "") }

is_face && /^#pragma once/ { print "#pragma once\n/// @file\n/// @mainpage"; next }
is_face && /^\/\/   [A-Za-z_0-9]+  +[A-Za-z]/ {  # a name and its meaning
  if (!in_table) print "/// | name | meaning |\n/// |---|---|"
  in_table = 1
  name = "moe::" $2
  sub(/^\/\/   [A-Za-z_0-9]+ +/, "")
  print "/// | " name " | " $0 " |"
  next
}
is_face && /^\/\// {
  in_table = 0
  is_title = /^\/\/ [a-z]+\/, /
  sub(/^\/\/ ?/, "")
  print "/// " (is_title ? "### " : /^ / ? "  " : "") $0
  next
}
is_face { print; next }

/^ ? ?\/\// {  # a comment before a declaration
  sub(/\/\/\/?/, "///")
  sub(/\/\/\/   /, "///     ")  # code, which Markdown wants to be indented by four
  comment = in_comment ? comment "\n" $0 : $0
  in_comment = 1
  print
  next
}

/^ +(static constexpr )?[A-Za-z_:0-9]+ [a-z_]+( = [^,()]+)?(, [a-z_]+( = [^,()]+)?)+;/ && (in_comment || / +\/\/ /) {
  if (!in_comment) { comment = $0; sub(/.*  \/\/ /, "  /// ", comment) }
  print_declarators($0, comment)
  in_comment = 0
  next
}

{
  name = name_of($0)
  if (!in_comment && name != "" && name == last_name) print comment
  else if (!in_comment && known_meaning($0, name) != "") print (comment = "  /// " known_meaning($0, name))
  if (name != "" || $0 !~ /^    /) last_name = name
  in_comment = 0
}

/^  [^ \/#].*[;,}]  +\/\/ / || /^    [a-z_0-9 =]+,?  +\/\/ / || /^    [^ ].*;  +\/\/ / {  # a comment behind a member
  match($0, /  +\/\/ /)
  print "  /// " substr($0, RSTART + RLENGTH)
  print substr($0, 1, RSTART - 1)
  next
}
{ print }

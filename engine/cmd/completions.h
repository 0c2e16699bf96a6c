// Shell completions, derived from the flags themselves. Called by main() only.
#pragma once
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

namespace culprit {

// "--flag --other" of one command, and its own commands.
inline std::string Words(const CLI::App* app) {
  std::string out;
  for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; }))
    out += " " + sub->get_name();
  for (const CLI::Option* option : app->get_options())
    for (const std::string& name : option->get_lnames()) out += " --" + name;
  return out;
}

inline int PrintFish(const CLI::App& app) {
  const auto flags = [](const CLI::App* sub, const std::string& seen) {
    for (const CLI::Option* option : sub->get_options())
      for (const std::string& name : option->get_lnames())
        printf("complete -c culprit -n '%s' -l %s\n", seen.c_str(), name.c_str());
  };
  const auto all = [](const CLI::App*) { return true; };
  for (const CLI::App* sub : app.get_subcommands(all)) {
    const std::string seen = "__fish_seen_subcommand_from " + sub->get_name();
    printf("complete -c culprit -n __fish_use_subcommand -f -a %s\n", sub->get_name().c_str());
    flags(sub, seen);
    for (const CLI::App* inner : sub->get_subcommands(all)) {
      printf("complete -c culprit -n '%s' -f -a %s\n", seen.c_str(), inner->get_name().c_str());
      flags(inner, seen + "; and __fish_seen_subcommand_from " + inner->get_name());
    }
  }
  return 0;
}

inline int PrintCompletions(const CLI::App& app, const std::string& shell) {
  if (shell == "fish") return PrintFish(app);
  const auto all = [](const CLI::App*) { return true; };
  std::string cases;
  for (const CLI::App* sub : app.get_subcommands(all)) {
    for (const CLI::App* inner : sub->get_subcommands(all))
      cases += "    '" + sub->get_name() + " " + inner->get_name() + "') words='" + Words(inner) +
               "' files=1 ;;\n";
    const bool group = !sub->get_subcommands(all).empty();
    cases += "    '" + sub->get_name() + " '*) words='" + Words(sub) +
             "' files=" + (group ? "" : "1") + " ;;\n";
  }
  if (shell == "zsh") printf("autoload -U +X bashcompinit && bashcompinit\n");
  printf(
      "_culprit() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} words='%s' files=\n"
      "  local second=${COMP_WORDS[2]}\n"
      "  [ \"$COMP_CWORD\" -gt 2 ] || second=\n"
      "  [ \"$COMP_CWORD\" -gt 1 ] && case \"${COMP_WORDS[1]} $second\" in\n%s  esac\n"
      "  if [ -n \"$files\" ] && [[ $current != -* ]]; then\n"
      "    COMPREPLY=( $(compgen -f -- \"$current\") )\n"
      "  else\n"
      "    COMPREPLY=( $(compgen -W \"$words\" -- \"$current\") )\n"
      "  fi\n"
      "}\n"
      "complete -o filenames -F _culprit culprit\n",
      Words(&app).c_str(), cases.c_str());
  return 0;
}

}  // namespace culprit

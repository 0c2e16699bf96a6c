// Shell completions, derived from the flags themselves. Called by main() only.
#pragma once
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

namespace culprit {

inline int PrintCompletions(const CLI::App& app, const std::string& shell) {
  std::string commands;
  std::string cases;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands += (commands.empty() ? "" : " ") + sub->get_name();
    std::string flags;
    for (const CLI::Option* option : sub->get_options())
      for (const std::string& name : option->get_lnames()) {
        flags += " --" + name;
        if (shell == "fish")
          cases += "complete -c culprit -n '__fish_seen_subcommand_from " + sub->get_name() +
                   "' -l " + name + "\n";
      }
    if (shell == "fish")
      cases += "complete -c culprit -n __fish_use_subcommand -f -a " + sub->get_name() + "\n";
    else
      cases += "    " + sub->get_name() + ") words='" + flags + "' ;;\n";
  }
  if (shell == "fish") {
    printf("%s", cases.c_str());
    return 0;
  }
  if (shell == "zsh") printf("autoload -U +X bashcompinit && bashcompinit\n");
  printf(
      "_culprit() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} words='%s'\n"
      "  [ \"$COMP_CWORD\" -gt 1 ] && case ${COMP_WORDS[1]} in\n%s  esac\n"
      "  if [ \"$COMP_CWORD\" -gt 1 ] && [[ $current != -* ]]; then\n"
      "    COMPREPLY=( $(compgen -f -- \"$current\") )\n"
      "  else\n"
      "    COMPREPLY=( $(compgen -W \"$words\" -- \"$current\") )\n"
      "  fi\n"
      "}\n"
      "complete -o filenames -F _culprit culprit\n",
      commands.c_str(), cases.c_str());
  return 0;
}

}  // namespace culprit

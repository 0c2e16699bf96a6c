#include "engine/cmd/people_flags.h"

#include "engine/cmd/sample_messages.h"

namespace culprit {
namespace {

const CLI::IsMember kShortFormats({"text", "json"});

void AddFormat(CLI::App* app, std::string* format) {
  app->add_option("--format", *format, "text or json")->check(kShortFormats)->capture_default_str();
}

void AddAuthor(CLI::App* app, std::string* author) {
  app->add_option("--author", *author, "Who does it (default: who uses this shell)")
      ->envname("CULPRIT_AUTHOR");
}

}  // namespace

void AddRemote(CLI::App* app, RemoteFlags* flags) {
  app->add_option("--url", flags->url, "Where culprit run serves (serve.listen)")
      ->envname("CULPRIT_URL")
      ->capture_default_str();
  app->add_option("--token", flags->token, "Its token; others on this machine can see it")
      ->envname("CULPRIT_TOKEN");
  app->add_option("--token-file", flags->token_file, "A file that holds its token")
      ->type_name("FILE");
}

void AddIncidents(CLI::App* app, IncidentsFlags* flags) {
  app->require_subcommand(1);
  app->footer(
      "An incident is named by its id, or by a part that names one alone: its beginning, with or "
      "without INC-, or the beginning of its last part.\n"
      "Examples:\n"
      "  culprit incidents list --only open\n"
      "  culprit incidents ack 0badc            I have it: reminders and escalation end\n"
      "  culprit incidents note 0badc 'failing over to the replica'\n"
      "  culprit incidents merge 0badc --into 7f3a\n"
      "  culprit incidents resolve 0badc");
  const auto add = [&](const char* name, const char* what) {
    CLI::App* sub = app->add_subcommand(name, what);
    AddRemote(sub, &flags->remote);
    sub->callback([flags, name] { flags->action = name; });
    return sub;
  };
  const auto state = [&](CLI::App* sub) {
    sub->add_option("--state", flags->state, "Read a state directory instead of asking")
        ->type_name("DIR");
  };
  CLI::App* list = add("list", "Incidents, newest first");
  state(list);
  list->add_option("--only", flags->only, "Only those in this state")
      ->check(CLI::IsMember({"suspected", "open", "resolved", "merged", "related"}));
  list->add_option("--limit", flags->limit, "At most so many")
      ->check(CLI::Range(1, 500))
      ->capture_default_str();
  AddFormat(list, &flags->format);
  CLI::App* show = add("show", "One incident in full");
  state(show);
  show->add_option("id", flags->id, "As in the list, or a part of it")->required();
  show->add_option("--format", flags->format, "text, json, markdown or html")
      ->check(CLI::IsMember({"text", "json", "markdown", "html"}))
      ->capture_default_str();
  CLI::App* journal = add("journal", "What happened in its life, and who did it");
  journal->add_option("id", flags->id, "As in the list, or a part of it")->required();
  AddFormat(journal, &flags->format);
  const auto act = [&](const char* name, const char* what) {
    CLI::App* sub = add(name, what);
    sub->add_option("id", flags->id, "As in the list, or a part of it")->required();
    AddAuthor(sub, &flags->author);
    AddFormat(sub, &flags->format);
    return sub;
  };
  for (const auto& [name, what] :
       {std::pair{"ack", "I have it: reminders and escalation end, updates go on"},
        std::pair{"resolve", "It is over, whatever the logs say; it comes back if it gets worse"}})
    act(name, what)->add_option("text", flags->text, "A note about it");
  act("note", "Something that others should know")
      ->add_option("text", flags->text, "The note")
      ->required();
  act("assign", "Who has it")->add_option("owner", flags->text, "The new owner")->required();
  act("merge", "It is part of another incident")
      ->add_option("--into", flags->into, "The other one")
      ->required()
      ->type_name("ID");
}

int RunAnyIncidents(const IncidentsFlags& flags) {
  if (flags.action == "list" || flags.action == "show") return RunIncidents(flags);
  return flags.action == "journal" ? RunJournal(flags) : RunIncidentAction(flags);
}

void AddSilence(CLI::App* app, SilenceFlags* flags) {
  app->require_subcommand(1);
  app->footer(
      "A silence mutes what all its matchers fit: label=value, label!=value, label=~regex, "
      "label!~regex.\n"
      "Labels: incident, severity, component, mode, pack, kind, confidence, team, affected, and "
      "those of the configuration.\n"
      "Examples:\n"
      "  culprit silence preview component=etcd 'severity=~warn.*'\n"
      "  culprit silence add component=etcd --for 2h --comment 'upgrade'\n"
      "  culprit silence add team=db --start 2026-11-22T02:00:00Z --end 2026-11-22T04:00:00Z\n"
      "  culprit silence list\n"
      "  culprit silence expire sil-1f0c2a9b");
  const auto add = [&](const char* name, const char* what) {
    CLI::App* sub = app->add_subcommand(name, what);
    AddFormat(sub, &flags->format);
    AddRemote(sub, &flags->remote);
    sub->callback([flags, name] { flags->action = name; });
    return sub;
  };
  const auto matchers = [&](CLI::App* sub) {
    sub->add_option("matchers", flags->matchers, "component=etcd 'severity=~warn.*' ...")
        ->required()
        ->type_name("MATCHER");
  };
  CLI::App* made = add("add", "Mute what fits; prints the silence's id and what it mutes now");
  matchers(made);
  CLI::Option* length =
      made->add_option("--for", flags->length, "How long: 30m, 2h, 7d")->type_name("DURATION");
  made->add_option("--start", flags->start, "Else at once: 2026-11-22T02:00:00Z")
      ->type_name("TIME");
  made->add_option("--end", flags->end, "Instead of --for")->type_name("TIME")->excludes(length);
  made->add_option("--comment", flags->comment, "Why: shown wherever it mutes");
  AddAuthor(made, &flags->author);
  add("list", "Silences that are not over");
  CLI::App* expire = add("expire", "End silences now");
  expire->add_option("ids", flags->ids, "As in the list")->required()->type_name("ID");
  AddAuthor(expire, &flags->author);
  matchers(add("preview", "What these matchers would mute now"));
}

void AddDrill(CLI::App* app, DrillFlags* flags) {
  app->add_option("sinks", flags->sinks, "Names of sinks (default: all)");
  AddFormat(app, &flags->format);
  AddRemote(app, &flags->remote);
  app->footer(
      "Opens and resolves a made-up incident marked [DRILL] and shows what each receiver answered; "
      "exit 1 if one did not take it.\n"
      "Examples:\n"
      "  culprit drill\n"
      "  culprit drill slack pagerduty\n"
      "Without a running culprit: culprit sink test NAME");
}

void AddSink(CLI::App* app, SinkFlags* flags) {
  app->require_subcommand(1);
  app->footer(
      "Examples:\n"
      "  culprit sink list -c culprit.yaml\n"
      "  culprit sink test slack                is the token good, the channel there?\n"
      "  culprit sink render slack              a built-in incident as Slack would get it\n"
      "  culprit sink render email 0badc --event resolved\n"
      "  culprit sink status                    how the sinks of a running culprit are");
  const auto add = [&](const char* name, const char* what, bool config) {
    CLI::App* sub = app->add_subcommand(name, what);
    if (config)
      sub->add_option("-c,--config", flags->config, "The configuration")
          ->type_name("FILE")
          ->capture_default_str();
    sub->callback([flags, name] { flags->action = name; });
    return sub;
  };
  AddFormat(add("list", "Sinks of a configuration", true), &flags->format);
  CLI::App* status = add("status", "How the sinks of a running culprit are", false);
  AddFormat(status, &flags->format);
  AddRemote(status, &flags->remote);
  CLI::App* test = add("test",
                       "One incident marked [DRILL], opened and resolved, through each of these "
                       "sinks; nothing has to run",
                       true);
  test->add_option("names", flags->names, "Names of sinks")->required();
  AddFormat(test, &flags->format);
  CLI::App* render = add("render", "A message as it would be sent; nothing is sent", true);
  render->add_option("sink", flags->name, "Name of the sink")->required();
  render->add_option(
      "incident", flags->incident,
      "Id, or a part of it, of one in the state directory (default: a built-in one)");
  render->add_option("--event", flags->event, "opened, updated, acknowledged, note or resolved")
      ->check(CLI::IsMember(RenderedEvents()))
      ->capture_default_str();
  render->add_option("--state", flags->state, "State directory instead of the configuration's")
      ->type_name("DIR");
}

void DropInheritedFooters(CLI::App* app) {
  for (CLI::App* sub : app->get_subcommands([](CLI::App*) { return true; })) {
    DropInheritedFooters(sub);
    if (sub->get_footer() == app->get_footer()) sub->footer("");
  }
}

}  // namespace culprit

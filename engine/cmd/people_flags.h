// Flags of the commands that talk to a running culprit and to people. Called by main() only.
#pragma once
#include <CLI/CLI.hpp>

#include "engine/cmd/commands.h"

namespace culprit {

void AddRemote(CLI::App* app, RemoteFlags* flags);
void AddIncidents(CLI::App* app, IncidentsFlags* flags);
void AddSilence(CLI::App* app, SilenceFlags* flags);
void AddDrill(CLI::App* app, DrillFlags* flags);
void AddSink(CLI::App* app, SinkFlags* flags);

// Whichever of them `flags.action` says.
int RunAnyIncidents(const IncidentsFlags& flags);

// CLI11 hands a command's footer on to its own commands; only those with one of their own keep it.
void DropInheritedFooters(CLI::App* app);

}  // namespace culprit
